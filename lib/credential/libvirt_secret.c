/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "credential/libvirt_secret.h"

#include <glib.h>
#include <string.h>

#include <libvirt/virterror.h>

#include "domain/mapping.h"
#include "hypervisor/hypervisor_conn.h"

enum { ARG_SECRET };

/* 0 and NULL: there is none. */
static int find(struct hypervisor_call *call, virSecretPtr *ret)
{
	g_autofree char *usage = g_strconcat(MAPPING_SECRET_PREFIX, call->vm, NULL);
	virErrorPtr error;

	*ret = virSecretLookupByUsage(call->conn, VIR_SECRET_USAGE_TYPE_ISCSI, usage);
	if (*ret != NULL) {
		return 0;
	}
	error = virGetLastError();
	return error != NULL && error->code == VIR_ERR_NO_SECRET ? 0 : hypervisor_call_failed(call);
}

static int take_run(struct hypervisor_call *call)
{
	virSecretPtr secret = NULL;
	int rc = find(call, &secret);

	if (secret == NULL) {
		return rc;
	}
	rc = virSecretUndefine(secret) < 0 ? hypervisor_call_failed(call) : 0;
	(void)virSecretFree(secret);
	return rc;
}

/* One that is left may have been made by somebody who let it be stored, or be shown. */
static int give_run(struct hypervisor_call *call)
{
	g_autofree char *xml = g_markup_printf_escaped(
		"<secret ephemeral='yes' private='yes'><description>lunmask: the drives of %s"
		"</description><usage type='iscsi'><target>" MAPPING_SECRET_PREFIX
		"%s</target></usage></secret>",
		call->vm, call->vm);
	char *value = call->args[ARG_SECRET];
	int rc = take_run(call);
	virSecretPtr secret = rc == 0 ? virSecretDefineXML(call->conn, xml, 0) : NULL;

	if (rc == 0 && (secret == NULL || virSecretSetValue(secret, (const unsigned char *)value,
							    strlen(value), 0) < 0)) {
		rc = hypervisor_call_failed(call);
	}
	explicit_bzero(value, strlen(value));
	if (secret != NULL) {
		(void)virSecretFree(secret);
	}
	return rc;
}

static int give(struct hypervisor *hypervisor, const char *vm, const char *secret,
		struct deadline deadline, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, give_run, vm, &rc, err);

	if (call == NULL) {
		return rc;
	}
	if (!hypervisor_call_set_arg(call, ARG_SECRET, secret)) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	return hypervisor_run(hypervisor, call, "secret for the drives", deadline, err);
}

int libvirt_secret_give(struct hypervisor *hypervisor, const char *vm, const struct chap *chap,
			struct deadline deadline, struct err *err)
{
	struct chap_secrets secrets;
	int rc = chap_read(chap, &secrets, err);

	if (rc == 0) {
		rc = give(hypervisor, vm, secrets.own, deadline, err);
		chap_wipe(&secrets);
	}
	return rc;
}

int libvirt_secret_take(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, take_run, vm, &rc, err);

	return call == NULL ? rc
			    : hypervisor_run(hypervisor, call, "end of the secret for the drives",
					     deadline, err);
}
