/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/protocol/verb_runs.h"

#include <string.h>

#include "driver/core/hosts.h"
#include "driver/protocol/reply.h"
#include "driver/protocol/request.h"
#include "names/lun.h"

static int apply_check(const struct apply *apply, struct fault *fault)
{
	if (apply->n_luns == 0) {
		return request_missing("luns", fault);
	}
	if (apply->grant == NULL && apply->revoke == NULL) {
		return fault_set(fault, ARRAY_ERROR_BAD_REQUEST,
				 "neither 'grant' nor 'revoke' names an initiator");
	}
	if (apply->grant != NULL && apply->revoke != NULL &&
	    strcmp(apply->grant, apply->revoke) == 0) {
		return fault_set(fault, ARRAY_ERROR_BAD_REQUEST,
				 "'%s' cannot be granted and revoked at once", apply->grant);
	}
	return 0;
}

static int apply_checked(const struct driver *driver, void *backend, const struct apply *apply,
			 const char *host, struct deadline deadline, json_t *reply,
			 struct fault *fault)
{
	struct apply_result result;
	int rc = apply_check(apply, fault);

	if (rc == 0 && host != NULL) {
		rc = apply->grant == NULL
			     ? request_missing("grant", fault)
			     : hosts_record(driver, backend, apply->grant, host, deadline, fault);
	}
	rc = rc != 0 ? rc : apply_run(&driver->masks, backend, apply, deadline, &result, fault);
	if (rc != 0) {
		return rc;
	}
	rc = reply_put(reply, "granted", reply_names(result.granted, result.n_granted), fault);
	rc = rc != 0 ? rc
		     : reply_put(reply, "revoked", reply_names(result.revoked, result.n_revoked),
				 fault);
	rc = rc != 0 ? rc : reply_masks(reply, &result.after, fault);
	masks_release(&result.after);
	return rc;
}

int verb_apply(const struct driver *driver, void *backend, const json_t *request,
	       struct deadline deadline, json_t *reply, struct fault *fault)
{
	struct request_names luns;
	struct request_names allowed;
	struct apply apply = {0};
	const char *host;
	bool present;
	int rc = request_names(request, "luns", lun_name_valid, &luns, &present, fault);

	rc = rc != 0 ? rc
		     : request_names(request, "allowed", iscsi_name_valid, &allowed, &present,
				     fault);
	rc = rc != 0 ? rc : request_name(request, "grant", iscsi_name_valid, &apply.grant, fault);
	rc = rc != 0 ? rc : request_name(request, "revoke", iscsi_name_valid, &apply.revoke, fault);
	rc = rc != 0 ? rc : request_name(request, "host", host_id_valid, &host, fault);
	rc = rc != 0 ? rc : request_boolean(request, READ_ONLY_MEMBER, &apply.read_only, fault);
	if (rc != 0) {
		return rc;
	}
	apply.luns = luns.names;
	apply.n_luns = luns.count;
	apply.allowed = allowed.names;
	apply.n_allowed = allowed.count;
	return apply_checked(driver, backend, &apply, host, deadline, reply, fault);
}
