/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "persistent/persistent_domain.h"

#include <glib.h>
#include <string.h>

#include <libvirt/virterror.h>

#include "domain/domain_xml.h"
#include "hypervisor/hypervisor_conn.h"

#if LIBVIR_VERSION_NUMBER >= 8009000
#define KEEP_TPM VIR_DOMAIN_UNDEFINE_KEEP_TPM
#else
#define KEEP_TPM 0
#endif

/* What a libvirt without snapshots or checkpoints says: it has none. */
static int none_if_unsupported(struct hypervisor_call *call, int n)
{
	virErrorPtr error = n < 0 ? virGetLastError() : NULL;

	if (n < 0 && error != NULL && error->code == VIR_ERR_NO_SUPPORT) {
		return 0;
	}
	return n < 0 ? hypervisor_call_failed(call) : n;
}

/* Each has its own call; the result is below 0 or above, if it is so. */
static int autostart(struct hypervisor_call *call, virDomainPtr domain)
{
	int on = 0;

	return virDomainGetAutostart(domain, &on) < 0 ? none_if_unsupported(call, -1) : on;
}

static int saved(struct hypervisor_call *call, virDomainPtr domain)
{
	return none_if_unsupported(call, virDomainHasManagedSaveImage(domain, 0));
}

static int snapshots(struct hypervisor_call *call, virDomainPtr domain)
{
	return none_if_unsupported(call, virDomainSnapshotNum(domain, 0));
}

static int checkpoints(struct hypervisor_call *call, virDomainPtr domain)
{
	return none_if_unsupported(call, virDomainListAllCheckpoints(domain, NULL, 0));
}

static int active(struct hypervisor_call *call, virDomainPtr domain)
{
	int on = virDomainIsActive(domain);

	return on < 0 ? hypervisor_call_failed(call) : on;
}

static const struct {
	unsigned int flag;
	int (*look)(struct hypervisor_call *call, virDomainPtr domain);
} looks[] = {
	{PERSISTENT_ACTIVE, active},
	{PERSISTENT_AUTOSTART, autostart},
	{PERSISTENT_SAVED, saved},
	{PERSISTENT_SNAPSHOTS, snapshots},
	{PERSISTENT_CHECKPOINTS, checkpoints},
};

/* With passwords: a definition without them could not be given back. */
static int definition_get(struct hypervisor_call *call, virDomainPtr domain)
{
	int persistent = virDomainIsPersistent(domain);

	if (persistent == 1) {
		call->result = virDomainGetXMLDesc(domain,
						   VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
		call->number |= PERSISTENT_DEFINED;
	}
	return persistent < 0 || (persistent == 1 && call->result == NULL)
		       ? hypervisor_call_failed(call)
		       : 0;
}

static int get_run(struct hypervisor_call *call)
{
	virDomainPtr domain = virDomainLookupByName(call->conn, call->vm);
	int rc = domain == NULL ? hypervisor_call_failed(call) : definition_get(call, domain);

	for (size_t i = 0; rc == 0 && i < G_N_ELEMENTS(looks); i++) {
		int found = looks[i].look(call, domain);

		call->number |= found > 0 ? looks[i].flag : 0;
		rc = found < 0 ? found : 0;
	}
	if (domain != NULL) {
		(void)virDomainFree(domain);
	}
	return domain == NULL && rc == -ENOENT ? 0 : rc;
}

/* What cannot be read may have both. */
static unsigned int files_of(const char *xml)
{
	AUTO_XML doc = NULL;
	xmlNodePtr domain;

	if (domain_xml_parse(xml, strlen(xml), &doc, NULL) != 0) {
		return PERSISTENT_NVRAM | PERSISTENT_TPM;
	}
	domain = xmlDocGetRootElement(doc);
	return (xml_tree_child(xml_tree_child(domain, "os"), "nvram") != NULL ? PERSISTENT_NVRAM
									      : 0) |
	       (xml_tree_child(xml_tree_child(domain, "devices"), "tpm") != NULL ? PERSISTENT_TPM
										 : 0);
}

int persistent_domain_get(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			  unsigned int *ret_flags, char **ret_xml, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, get_run, vm, &rc, err);

	*ret_flags = 0;
	*ret_xml = NULL;
	rc = call == NULL ? rc
			  : hypervisor_run(hypervisor, call, "definition that libvirt keeps",
					   deadline, err);
	if (rc == 0) {
		*ret_flags = (unsigned int)call->number;
		*ret_xml = call->result;
		call->result = NULL;
	}
	if (rc == 0 && *ret_xml != NULL) {
		*ret_flags |= files_of(*ret_xml);
	}
	return rc;
}

static int take_run(struct hypervisor_call *call)
{
	virDomainPtr domain = virDomainLookupByName(call->conn, call->vm);
	int rc;

	if (domain == NULL) {
		return hypervisor_call_failed(call);
	}
	rc = virDomainUndefineFlags(domain, (unsigned int)call->number) < 0
		     ? hypervisor_call_failed(call)
		     : 0;
	(void)virDomainFree(domain);
	return rc;
}

int persistent_domain_take(struct hypervisor *hypervisor, const char *vm, unsigned int flags,
			   struct deadline deadline, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, take_run, vm, &rc, err);

	if (call == NULL) {
		return rc;
	}
	if ((flags & PERSISTENT_TPM) != 0 && KEEP_TPM == 0) {
		return err_set(err, -EOPNOTSUPP,
			       "this libvirt would delete the TPM with the definition");
	}
	/* Where there is nothing to keep, not every libvirt knows the flag. */
	call->number = ((flags & PERSISTENT_NVRAM) != 0 ? VIR_DOMAIN_UNDEFINE_KEEP_NVRAM : 0) |
		       ((flags & PERSISTENT_TPM) != 0 ? KEEP_TPM : 0);
	return hypervisor_run(hypervisor, call, "removal of the definition", deadline, err);
}

static int give_run(struct hypervisor_call *call)
{
	virDomainPtr domain = virDomainDefineXML(call->conn, call->args[0]);

	if (domain == NULL) {
		return hypervisor_call_failed(call);
	}
	(void)virDomainFree(domain);
	return 0;
}

int persistent_domain_give(struct hypervisor *hypervisor, const char *xml, struct deadline deadline,
			   struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, give_run, NULL, &rc, err);

	if (call == NULL) {
		return rc;
	}
	if (!hypervisor_call_set_arg(call, 0, xml)) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	return hypervisor_run(hypervisor, call, "definition of the domain", deadline, err);
}
