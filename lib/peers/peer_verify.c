/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peers/peer_verify.h"

#include "config/config.h"
#include "credential/libvirt_secret.h"

static int secret_give(const struct peer_probe_request *request, const struct chap *chap,
		       const char *uri, struct deadline deadline, struct err *err)
{
	struct hypervisor *hypervisor = NULL;
	int rc = hypervisor_open(uri, deadline, &hypervisor, err);

	rc = rc < 0 ? rc
		    : libvirt_secret_give(hypervisor, request->secret_for, chap, deadline, err);
	hypervisor_close(hypervisor);
	return rc;
}

int peer_verify(const struct peer_probe_request *request, const char *uri, struct deadline deadline,
		struct iscsi_portals *ret, struct err *err)
{
	struct config *config = NULL;
	const struct chap *chap;
	int rc = request->array == NULL ? 0 : config_load(NULL, &config, err);

	if (rc < 0) {
		return rc;
	}
	chap = request->array == NULL ? NULL : config_chap(config, request->array);
	rc = iscsi_luns_verify(request->luns, request->n_luns, request->portals, request->n_portals,
			       request->initiator, chap, request->paths_required, deadline, ret,
			       err);
	if (rc == 0 && chap != NULL && request->secret_for != NULL) {
		rc = secret_give(request, chap, uri, deadline, err);
	}
	config_free(config);
	return rc;
}
