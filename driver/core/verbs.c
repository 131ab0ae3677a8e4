/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/core/verbs.h"

#include <glib.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/core/request.h"
#include "names/lun.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0"
#endif

#define SIZE_GRAIN_BYTES 512
#define SIZE_MAX_BYTES (INT64_C(1) << 60)

/* A login that was in progress when its grant was removed may still become a session. */
#define FENCE_SETTLE_MS 500

static int no_memory(struct fault *fault)
{
	return fault_set(fault, ARRAY_ERROR_INTERNAL, "out of memory");
}

/* Adds value, which it takes over, under key. Fails if jansson is out of memory. */
static int put(json_t *object, const char *key, json_t *value, struct fault *fault)
{
	return json_object_set_new(object, key, value) == 0 ? 0 : no_memory(fault);
}

static json_t *names_encode(const char *const *names, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		if (json_array_append_new(list, json_string(names[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *mask_encode(const struct mask *mask)
{
	json_t *initiators = json_array();
	json_t *nexuses = json_array();

	for (size_t i = 0; i < mask->n_initiators; i++) {
		(void)json_array_append_new(initiators, json_string(mask->initiators[i]));
	}
	for (size_t i = 0; i < mask->n_nexuses; i++) {
		const struct nexus *nexus = &mask->nexuses[i];

		(void)json_array_append_new(nexuses,
					    json_pack("{s:s, s:s}", "initiator", nexus->initiator,
						      "address", nexus->address));
	}
	if (json_array_size(initiators) != mask->n_initiators ||
	    json_array_size(nexuses) != mask->n_nexuses) {
		json_decref(initiators);
		json_decref(nexuses);
		return NULL; /* an incomplete list of holders would be wrong */
	}
	return json_pack("{s:s, s:o, s:o}", "lun", mask->lun, "initiators", initiators, "nexuses",
			 nexuses);
}

static int masks_put(json_t *reply, const struct masks *masks, struct fault *fault)
{
	json_t *list = json_array();

	for (size_t i = 0; i < masks->count; i++) {
		if (json_array_append_new(list, mask_encode(&masks->masks[i])) != 0) {
			json_decref(list);
			return no_memory(fault);
		}
	}
	return put(reply, "masks", list, fault);
}

static int info_run(const struct driver *driver, void *backend, const json_t *request,
		    struct deadline deadline, json_t *reply, struct fault *fault)
{
	json_t *info = json_pack(
		"{s:i, s:s, s:s, s:[s, s, s, s, s, s], s:{s:i, s:i, s:i, s:i}}", "protocol",
		DRIVER_PROTOCOL, "driver", driver->name, "version", PACKAGE_VERSION, "capabilities",
		"revoke-cuts-nexus", "nexus-list", "fence", "requester", "create", "delete",
		"limits", "luns", REQUEST_NAMES_MAX, "request_bytes", (int)REQUEST_MAX_BYTES,
		"reply_bytes", (int)DRIVER_REPLY_MAX_BYTES, "timeout_ms", DRIVER_TIMEOUT_MAX_MS);
	int rc = info != NULL && json_object_update(reply, info) == 0 ? 0 : no_memory(fault);

	(void)backend;
	(void)request;
	(void)deadline;
	json_decref(info);
	return rc;
}

static int ports_run(const struct driver *driver, void *backend, const json_t *request,
		     struct deadline deadline, json_t *reply, struct fault *fault)
{
	json_t *portals = json_array();
	int rc = driver->ports(backend, deadline, portals, fault);

	(void)request;
	if (rc != 0) {
		json_decref(portals);
		return rc;
	}
	return put(reply, "portals", portals, fault);
}

static int luns_run(const struct driver *driver, void *backend, const json_t *request,
		    struct deadline deadline, json_t *reply, struct fault *fault)
{
	struct request_names names;
	const char *initiator;
	json_t *luns;
	bool listed;
	int rc = request_names(request, "luns", lun_name_valid, &names, &listed, fault);

	rc = rc != 0 ? rc : request_name(request, "initiator", iscsi_name_valid, &initiator, fault);
	if (rc != 0) {
		return rc;
	}
	luns = json_array();
	if (!listed || names.count > 0) {
		rc = driver->luns(backend, names.names, names.count, initiator, deadline, luns,
				  fault);
	}
	if (rc != 0) {
		json_decref(luns);
		return rc;
	}
	return put(reply, "luns", luns, fault);
}

static int masks_run(const struct driver *driver, void *backend, const json_t *request,
		     struct deadline deadline, json_t *reply, struct fault *fault)
{
	struct request_names names;
	struct masks masks = {0};
	bool listed;
	int rc = request_names(request, "luns", lun_name_valid, &names, &listed, fault);

	if (rc == 0 && (!listed || names.count > 0)) {
		rc = driver->masks.read(backend, names.names, names.count, deadline, &masks, fault);
	}
	rc = rc != 0 ? rc : masks_put(reply, &masks, fault);
	masks_release(&masks);
	return rc;
}

static int apply_check(const struct driver *driver, const void *backend, const struct apply *apply,
		       struct fault *fault)
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
	if (apply->grant != NULL && driver->is_fenced(backend, apply->grant)) {
		fault_about(fault, apply->luns[0], apply->grant);
		return fault_set(fault, ARRAY_ERROR_FENCED,
				 "initiator '%s' is fenced and is granted nothing until it is "
				 "unfenced; nothing was changed",
				 apply->grant);
	}
	return 0;
}

static int apply_verb(const struct driver *driver, void *backend, const struct apply *apply,
		      struct deadline deadline, json_t *reply, struct fault *fault)
{
	struct apply_result result;
	int rc = apply_check(driver, backend, apply, fault);

	rc = rc != 0 ? rc : apply_run(&driver->masks, backend, apply, deadline, &result, fault);
	if (rc != 0) {
		return rc;
	}
	rc = put(reply, "granted", names_encode(result.granted, result.n_granted), fault);
	rc = rc != 0 ? rc
		     : put(reply, "revoked", names_encode(result.revoked, result.n_revoked), fault);
	rc = rc != 0 ? rc : masks_put(reply, &result.after, fault);
	masks_release(&result.after);
	return rc;
}

static int apply_run_request(const struct driver *driver, void *backend, const json_t *request,
			     struct deadline deadline, json_t *reply, struct fault *fault)
{
	struct request_names luns;
	struct request_names allowed;
	struct apply apply = {0};
	bool present;
	int rc = request_names(request, "luns", lun_name_valid, &luns, &present, fault);

	rc = rc != 0 ? rc
		     : request_names(request, "allowed", iscsi_name_valid, &allowed, &present,
				     fault);
	rc = rc != 0 ? rc : request_name(request, "grant", iscsi_name_valid, &apply.grant, fault);
	rc = rc != 0 ? rc : request_name(request, "revoke", iscsi_name_valid, &apply.revoke, fault);
	if (rc != 0) {
		return rc;
	}
	apply.luns = luns.names;
	apply.n_luns = luns.count;
	apply.allowed = allowed.names;
	apply.n_allowed = allowed.count;
	return apply_verb(driver, backend, &apply, deadline, reply, fault);
}

/* Lists the LUNs to which initiator has a path. The names are borrowed from masks. */
static size_t paths_of(const struct masks *masks, const char *initiator, const char **names)
{
	size_t count = 0;

	for (size_t i = 0; i < masks->count; i++) {
		if (mask_holds(&masks->masks[i], initiator) ||
		    mask_has_nexus(&masks->masks[i], initiator)) {
			names[count++] = masks->masks[i].lun;
		}
	}
	return count;
}

/* A rule that admits many initiators cannot be revoked by an initiator's name. */
static int rules_check(const struct masks *masks, struct fault *fault)
{
	for (size_t i = 0; i < masks->count; i++) {
		const struct mask *mask = &masks->masks[i];

		for (size_t k = 0; k < mask->n_initiators; k++) {
			if (!iscsi_name_valid(mask->initiators[k])) {
				fault_about(fault, mask->lun, mask->initiators[k]);
				return fault_set(fault, ARRAY_ERROR_HELD,
						 "LUN '%s' admits '%s', a rule that fencing cannot "
						 "remove: delete it on the array",
						 mask->lun, mask->initiators[k]);
			}
		}
	}
	return 0;
}

/* Reads all masks once and revokes every path found. ret_count: number of LUNs that had a path. */
static int fence_sweep(const struct driver *driver, void *backend, const char *initiator,
		       struct deadline deadline, json_t *revoked, size_t *ret_count,
		       struct fault *fault)
{
	struct masks masks = {0};
	const char **names = NULL;
	int rc = driver->masks.read(backend, NULL, 0, deadline, &masks, fault);

	*ret_count = 0;
	if (rc == 0 && masks.count > 0) {
		names = calloc(masks.count, sizeof(*names));
		rc = names != NULL ? 0 : no_memory(fault);
	}
	if (rc == 0 && names != NULL) {
		*ret_count = paths_of(&masks, initiator, names);
	}
	if (rc == 0 && *ret_count > 0) {
		rc = driver->masks.revoke(backend, names, *ret_count, initiator, deadline, fault);
	}
	rc = rc != 0 ? rc : rules_check(&masks, fault);
	for (size_t i = 0; i < *ret_count && rc == 0; i++) {
		rc = json_array_append_new(revoked, json_pack("{s:s, s:s}", "initiator", initiator,
							      "lun", names[i])) == 0
			     ? 0
			     : no_memory(fault);
	}
	free(names);
	masks_release(&masks);
	return rc;
}

/* Repeats the sweep until one, after the settling time, finds no path. */
static int fence_all(const struct driver *driver, void *backend, const struct request_names *names,
		     struct deadline deadline, json_t *revoked, struct fault *fault)
{
	for (size_t found = 1, round = 0; found > 0; round++) {
		found = 0;
		if (round > 0) {
			(void)poll(NULL, 0, FENCE_SETTLE_MS);
		}
		for (size_t i = 0; i < names->count; i++) {
			size_t count;
			int rc = fence_sweep(driver, backend, names->names[i], deadline, revoked,
					     &count, fault);

			if (rc != 0) {
				return rc;
			}
			found += count;
		}
		found += round == 0 ? 1 : 0; /* always sweep a second time */
		if (found > 0 && deadline_passed(deadline)) {
			return fault_set(fault, ARRAY_ERROR_INTERNAL,
					 "the initiators are recorded as fenced, but their "
					 "sessions were still open at the deadline; try again");
		}
	}
	return 0;
}

static int fence_names(const json_t *request, struct request_names *ret, struct fault *fault)
{
	bool present;
	int rc = request_names(request, "initiators", iscsi_name_valid, ret, &present, fault);

	return rc == 0 && ret->count == 0 ? request_missing("initiators", fault) : rc;
}

/*
 * The fencing is recorded first, so that nothing is granted from then on, whatever happens later.
 */
static int fence_run(const struct driver *driver, void *backend, const json_t *request,
		     struct deadline deadline, json_t *reply, struct fault *fault)
{
	struct request_names names;
	json_t *revoked;
	int rc = fence_names(request, &names, fault);

	rc = rc != 0 ? rc : driver->set_fenced(backend, names.names, names.count, true, fault);
	if (rc != 0) {
		return rc;
	}
	revoked = json_array();
	rc = fence_all(driver, backend, &names, deadline, revoked, fault);
	if (rc != 0) {
		json_decref(revoked);
		return rc;
	}
	rc = put(reply, "revoked", revoked, fault);
	return rc != 0 ? rc : put(reply, "fenced", names_encode(names.names, names.count), fault);
}

/*
 * A request made when the count was `fencings` does not know about a later fencing, so it must not
 * undo it.
 */
static int since_check(const struct driver *driver, const void *backend, const json_t *request,
		       const struct request_names *names, struct fault *fault)
{
	int64_t fencings;
	int rc = request_number(request, "fencings", 0, INT64_MAX, INT64_MAX, &fencings, fault);

	for (size_t i = 0; i < names->count && rc == 0; i++) {
		if (driver->is_fenced_since(backend, names->names[i], fencings)) {
			fault_about(fault, NULL, names->names[i]);
			rc = fault_set(fault, ARRAY_ERROR_FENCED,
				       "initiator '%s' was fenced again meanwhile; nothing was "
				       "changed",
				       names->names[i]);
		}
	}
	return rc;
}

static int unfence_run(const struct driver *driver, void *backend, const json_t *request,
		       struct deadline deadline, json_t *reply, struct fault *fault)
{
	struct request_names names;
	int rc = fence_names(request, &names, fault);

	(void)deadline;
	rc = rc != 0 ? rc : since_check(driver, backend, request, &names, fault);
	rc = rc != 0 ? rc : driver->set_fenced(backend, names.names, names.count, false, fault);
	return rc != 0 ? rc : put(reply, "unfenced", names_encode(names.names, names.count), fault);
}

static int fenced_run(const struct driver *driver, void *backend, const json_t *request,
		      struct deadline deadline, json_t *reply, struct fault *fault)
{
	json_t *names = json_array();

	(void)request;
	(void)deadline;
	if (!driver->fenced(backend, names)) {
		json_decref(names);
		return no_memory(fault);
	}
	if (put(reply, "fenced", names, fault) != 0) {
		return -ENOMEM;
	}
	return put(reply, "fencings", json_integer(driver->fencings(backend)), fault);
}

static bool reliability_valid(const char *text)
{
	return lun_name_valid(text);
}

static int create_run(const struct driver *driver, void *backend, const json_t *request,
		      struct deadline deadline, json_t *reply, struct fault *fault)
{
	struct driver_volume volume = {0};
	int64_t size;
	bool created;
	int rc = request_name(request, "name", lun_name_valid, &volume.name, fault);

	rc = rc != 0 ? rc
		     : request_name(request, "reliability", reliability_valid, &volume.reliability,
				    fault);
	rc = rc != 0 ? rc
		     : request_number(request, "size_bytes", SIZE_GRAIN_BYTES, SIZE_MAX_BYTES, 0,
				      &size, fault);
	if (rc != 0) {
		return rc;
	}
	if (volume.name == NULL) {
		return request_missing("name", fault);
	}
	if (size == 0 || size % SIZE_GRAIN_BYTES != 0) {
		return fault_set(fault, ARRAY_ERROR_BAD_REQUEST,
				 "member 'size_bytes' is required, and must be a multiple of %d",
				 SIZE_GRAIN_BYTES);
	}
	volume.size_bytes = (uint64_t)size;
	rc = driver->create(backend, &volume, deadline, &created, fault);
	return rc != 0 ? rc : put(reply, "created", json_boolean(created), fault);
}

static int delete_run(const struct driver *driver, void *backend, const json_t *request,
		      struct deadline deadline, json_t *reply, struct fault *fault)
{
	const char *name;
	bool deleted;
	int rc = request_name(request, "name", lun_name_valid, &name, fault);

	if (rc == 0 && name == NULL) {
		rc = request_missing("name", fault);
	}
	rc = rc != 0 ? rc : driver->delete (backend, name, deadline, &deleted, fault);
	return rc != 0 ? rc : put(reply, "deleted", json_boolean(deleted), fault);
}

#define MEMBERS(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) "timeout_ms", NULL})

static const struct verb VERBS[] = {
	{"info", "describe the driver and its capabilities", false, MEMBERS(), info_run, NULL},
	{"ports", "list the array's portals and their state", false, MEMBERS(), ports_run, NULL},
	{"luns", "list LUNs with size, designators and address", false,
	 MEMBERS("luns", "initiator"), luns_run, NULL},
	/*
	 * Under the lock: a reader that starts after a change was requested must not read before it
	 * is done.
	 */
	{"masks", "list the grants and open sessions of LUNs", true, MEMBERS("luns"), masks_run,
	 NULL},
	{"apply", "grant and revoke a batch of LUNs, all or nothing", true,
	 MEMBERS("luns", "grant", "revoke", "allowed", REQUESTER_MEMBER), apply_run_request,
	 requester_own_apply},
	{"fence", "cut initiators off from every LUN, and refuse new grants", true,
	 MEMBERS("initiators", REQUESTER_MEMBER), fence_run, requester_own_initiators},
	{"unfence", "allow initiators to be granted LUNs again", true,
	 MEMBERS("initiators", "fencings", REQUESTER_MEMBER), unfence_run,
	 requester_own_initiators},
	{"fenced", "list the fenced initiators", true, MEMBERS(), fenced_run, NULL},
	{"create", "make a LUN", true,
	 MEMBERS("name", "size_bytes", "reliability", REQUESTER_MEMBER), create_run, NULL},
	{"delete", "remove a LUN and its data", true, MEMBERS("name", REQUESTER_MEMBER), delete_run,
	 NULL},
};

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; verb_at(i) != NULL; i++) {
		if (strcmp(VERBS[i].name, name) == 0) {
			return &VERBS[i];
		}
	}
	return NULL;
}

const struct verb *verb_at(size_t index)
{
	return index < G_N_ELEMENTS(VERBS) ? &VERBS[index] : NULL;
}
