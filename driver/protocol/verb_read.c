/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/protocol/verb_runs.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "driver/protocol/reply.h"
#include "driver/protocol/request.h"
#include "names/lun.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0"
#endif

#define PROBLEM_MAX 255 /* lunmask-array(7) */

static int capability_put(json_t *info, const char *name, struct fault *fault)
{
	json_t *list = json_object_get(info, "capabilities");

	return json_array_append_new(list, json_string(name)) == 0 ? 0 : reply_no_memory(fault);
}

static int classes_put(const struct driver *driver, const void *backend, json_t *info,
		       struct fault *fault)
{
	json_t *list = json_array();

	if (!driver->classes(backend, list)) {
		json_decref(list);
		return reply_no_memory(fault);
	}
	return capability_put(info, "classes", fault) != 0
		       ? reply_no_memory(fault)
		       : reply_put(info, "classes", list, fault);
}

int verb_info(const struct driver *driver, void *backend, const json_t *request,
	      struct deadline deadline, json_t *reply, struct fault *fault)
{
	json_t *info = json_pack(
		"{s:i, s:s, s:s, s:[s, s, s, s, s, s, s, s], s:{s:i, s:i, s:i, s:i}}", "protocol",
		DRIVER_PROTOCOL, "driver", driver->name, "version", PACKAGE_VERSION, "capabilities",
		"revoke-cuts-nexus", "nexus-list", "fence", "requester", "create", "delete",
		"masks-select", "urgent", "limits", "luns", REQUEST_NAMES_MAX, "request_bytes",
		(int)REQUEST_MAX_BYTES, "reply_bytes", (int)DRIVER_REPLY_MAX_BYTES, "timeout_ms",
		DRIVER_TIMEOUT_MAX_MS);
	int rc = info != NULL && json_object_update(reply, info) == 0 ? 0 : reply_no_memory(fault);

	rc = rc == 0 && driver->hosts != NULL ? capability_put(reply, "hosts", fault) : rc;
	rc = rc == 0 && driver->protect != NULL ? capability_put(reply, "read-only", fault) : rc;
	rc = rc == 0 && driver->health ? capability_put(reply, "health", fault) : rc;
	rc = rc == 0 && driver->classes != NULL ? classes_put(driver, backend, reply, fault) : rc;
	rc = rc == 0 && driver->resize != NULL ? capability_put(reply, "resize", fault) : rc;
	rc = rc == 0 && driver->accounts != NULL ? capability_put(reply, ACCOUNTS_MEMBER, fault)
						 : rc;
	rc = rc == 0 && driver->snapshot != NULL ? capability_put(reply, "snapshot", fault) : rc;
	(void)request;
	(void)deadline;
	json_decref(info);
	return rc;
}

/* As long as lunmask takes it; the end of a character may be cut off with it. */
static json_t *problem_text(const struct fault *fault)
{
	char text[PROBLEM_MAX + 1];

	(void)snprintf(text, sizeof(text), "%s", err_text(&fault->err));
	for (size_t length = strlen(text); !g_utf8_validate(text, -1, NULL) && length > 0;) {
		text[--length] = '\0';
	}
	return json_string(text);
}

/* What keeps the driver from finding out is a problem, too. */
static int accounts_put(const struct driver *driver, void *backend, struct deadline deadline,
			json_t *reply, struct fault *fault)
{
	struct fault problem = FAULT_INIT;

	if (driver->accounts == NULL) {
		return fault_set(fault, ARRAY_ERROR_UNSUPPORTED, "this driver sets no accounts");
	}
	return driver->accounts(backend, deadline, &problem) == 0
		       ? 0
		       : reply_put(reply, "accounts_problem", problem_text(&problem), fault);
}

int verb_ports(const struct driver *driver, void *backend, const json_t *request,
	       struct deadline deadline, json_t *reply, struct fault *fault)
{
	json_t *portals = json_array();
	bool accounts;
	int rc = request_boolean(request, ACCOUNTS_MEMBER, &accounts, fault);

	rc = rc != 0 ? rc : driver->ports(backend, deadline, portals, fault);
	if (rc != 0) {
		json_decref(portals);
		return rc;
	}
	rc = reply_put(reply, "portals", portals, fault);
	return rc == 0 && accounts ? accounts_put(driver, backend, deadline, reply, fault) : rc;
}

static int luns_wanted(const struct driver *driver, const json_t *request,
		       struct request_names *names, bool *ret_none, struct driver_luns *ret,
		       struct fault *fault)
{
	bool listed;
	int rc = request_names(request, "luns", lun_name_valid, names, &listed, fault);

	*ret = (struct driver_luns){.names = names->names, .n_names = names->count};
	*ret_none = listed && names->count == 0;
	rc = rc != 0 ? rc
		     : request_name(request, "initiator", iscsi_name_valid, &ret->initiator, fault);
	rc = rc != 0 ? rc : request_boolean(request, HEALTH_MEMBER, &ret->health, fault);
	return rc != 0 || driver->health || !ret->health
		       ? rc
		       : fault_set(fault, ARRAY_ERROR_UNSUPPORTED,
				   "this driver does not know the health of LUNs");
}

int verb_luns(const struct driver *driver, void *backend, const json_t *request,
	      struct deadline deadline, json_t *reply, struct fault *fault)
{
	struct request_names names;
	struct driver_luns wanted;
	json_t *luns;
	bool none;
	int rc = luns_wanted(driver, request, &names, &none, &wanted, fault);

	if (rc != 0) {
		return rc;
	}
	luns = json_array();
	rc = none ? 0 : driver->luns(backend, &wanted, deadline, luns, fault);
	if (rc != 0) {
		json_decref(luns);
		return rc;
	}
	return reply_put(reply, "luns", luns, fault);
}

static int selection_read(const struct driver *driver, const void *backend, const json_t *request,
			  struct request_names *initiators, struct selection *ret,
			  struct fault *fault)
{
	int64_t limit = 0;
	bool listed;
	int rc = request_names(request, "initiators", iscsi_name_valid, initiators, &listed, fault);

	*ret = (struct selection){.initiators = initiators->names,
				  .n_initiators = initiators->count,
				  .admits = driver->admits,
				  .backend = backend};
	rc = rc != 0 ? rc : request_boolean(request, "rules", &ret->rules, fault);
	rc = rc != 0 ? rc : request_name(request, "after", lun_name_valid, &ret->after, fault);
	rc = rc != 0 ? rc : request_number(request, "limit", 1, SELECT_LIMIT_MAX, 0, &limit, fault);
	ret->limit = (size_t)limit;
	if (rc == 0 && ret->n_initiators == 0 && (listed || ret->rules)) {
		rc = request_missing("initiators", fault);
	}
	if (rc == 0 && json_object_get(request, "luns") != NULL &&
	    (listed || ret->after != NULL || ret->limit > 0)) {
		rc = fault_set(fault, ARRAY_ERROR_BAD_REQUEST,
			       "with 'luns', none of 'initiators', 'after' and 'limit' is legal");
	}
	return rc;
}

int verb_masks(const struct driver *driver, void *backend, const json_t *request,
	       struct deadline deadline, json_t *reply, struct fault *fault)
{
	struct request_names names;
	struct request_names initiators;
	struct selection selection;
	struct masks masks = {0};
	const char *next = NULL;
	bool listed;
	int rc = request_names(request, "luns", lun_name_valid, &names, &listed, fault);

	rc = rc != 0 ? rc
		     : selection_read(driver, backend, request, &initiators, &selection, fault);
	if (rc == 0 && (!listed || names.count > 0)) {
		rc = driver->masks.read(backend, names.names, names.count, deadline, &masks, fault);
	}
	if (rc == 0 && !listed) {
		next = masks_select(&masks, &selection);
	}
	rc = rc != 0 ? rc : reply_masks(reply, &masks, fault);
	if (rc == 0 && next != NULL) {
		rc = reply_put(reply, "next", json_string(next), fault);
	}
	masks_release(&masks);
	return rc;
}
