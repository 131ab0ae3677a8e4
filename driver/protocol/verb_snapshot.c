/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/protocol/verb_runs.h"

#include "driver/protocol/reply.h"
#include "driver/protocol/request.h"
#include "driver/protocol/unused.h"
#include "names/lun.h"
#include "names/name.h"

static bool note_valid(const char *text)
{
	return name_valid(text, DRIVER_NOTE_MAX, "._-");
}

static int supported(const struct driver *driver, struct fault *fault)
{
	return driver->snapshot != NULL
		       ? 0
		       : fault_set(fault, ARRAY_ERROR_UNSUPPORTED,
				   "the driver makes no snapshots of LUNs of this array");
}

/* The members name and luns. The names in *ret are borrowed from names. */
static int snapshot_read(const struct driver *driver, const json_t *request,
			 struct request_names *names, struct driver_snapshot *ret,
			 struct fault *fault)
{
	bool listed = false;
	int rc = request_name(request, "name", lun_name_valid, &ret->name, fault);

	rc = rc != 0 ? rc : request_names(request, "luns", lun_name_valid, names, &listed, fault);
	rc = rc != 0 ? rc : request_name(request, "note", note_valid, &ret->note, fault);
	if (rc == 0 && (ret->name == NULL || names->count == 0)) {
		rc = request_missing(ret->name == NULL ? "name" : "luns", fault);
	}
	ret->luns = names->names;
	ret->n_luns = names->count;
	return rc != 0 ? rc : supported(driver, fault);
}

int verb_snapshot(const struct driver *driver, void *backend, const json_t *request,
		  struct deadline deadline, json_t *reply, struct fault *fault)
{
	struct driver_snapshot wish = {.name = NULL};
	struct request_names names;
	bool created = false;
	bool dry_run = false;
	int rc = request_boolean(request, DRY_RUN_MEMBER, &dry_run, fault);

	rc = rc != 0 ? rc : snapshot_read(driver, request, &names, &wish, fault);
	rc = rc != 0 ? rc : driver->snapshot(backend, &wish, dry_run, deadline, &created, fault);
	return rc != 0 ? rc : reply_put(reply, "created", json_boolean(created), fault);
}

int verb_snapshots(const struct driver *driver, void *backend, const json_t *request,
		   struct deadline deadline, json_t *reply, struct fault *fault)
{
	struct request_names names;
	json_t *list;
	bool listed;
	int rc = request_names(request, "luns", lun_name_valid, &names, &listed, fault);

	(void)deadline;
	rc = rc != 0 ? rc : supported(driver, fault);
	if (rc != 0) {
		return rc;
	}
	list = json_array();
	rc = listed && names.count == 0
		     ? 0
		     : driver->snapshots(backend, names.names, names.count, list, fault);
	if (rc != 0) {
		json_decref(list);
		return rc;
	}
	return reply_put(reply, "snapshots", list, fault);
}

int verb_unsnapshot(const struct driver *driver, void *backend, const json_t *request,
		    struct deadline deadline, json_t *reply, struct fault *fault)
{
	struct driver_snapshot wish = {.name = NULL};
	struct request_names names;
	bool deleted = false;
	int rc = snapshot_read(driver, request, &names, &wish, fault);

	rc = rc != 0 ? rc : driver->unsnapshot(backend, &wish, deadline, &deleted, fault);
	return rc != 0 ? rc : reply_put(reply, "deleted", json_boolean(deleted), fault);
}

/* What a host has open does not become something else under it. */
int verb_restore(const struct driver *driver, void *backend, const json_t *request,
		 struct deadline deadline, json_t *reply, struct fault *fault)
{
	struct driver_snapshot wish = {.name = NULL};
	struct request_names names;
	int rc = snapshot_read(driver, request, &names, &wish, fault);

	rc = rc != 0 ? rc : unused_check(driver, backend, wish.luns, wish.n_luns, deadline, fault);
	rc = rc != 0 ? rc : driver->restore_to(backend, &wish, deadline, fault);
	return rc != 0 ? rc : reply_put(reply, "restored", json_true(), fault);
}

int verb_clone(const struct driver *driver, void *backend, const json_t *request,
	       struct deadline deadline, json_t *reply, struct fault *fault)
{
	const char *lun, *snapshot, *name;
	bool created = false;
	int rc = request_name(request, "lun", lun_name_valid, &lun, fault);

	rc = rc != 0 ? rc : request_name(request, "snapshot", lun_name_valid, &snapshot, fault);
	rc = rc != 0 ? rc : request_name(request, "name", lun_name_valid, &name, fault);
	if (rc == 0 && (lun == NULL || snapshot == NULL || name == NULL)) {
		rc = request_missing(lun == NULL        ? "lun"
				     : snapshot == NULL ? "snapshot"
							: "name",
				     fault);
	}
	rc = rc != 0 ? rc : supported(driver, fault);
	rc = rc != 0 ? rc : driver->clone(backend, lun, snapshot, name, deadline, &created, fault);
	return rc != 0 ? rc : reply_put(reply, "created", json_boolean(created), fault);
}
