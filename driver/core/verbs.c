/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/core/verbs.h"

#include <glib.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/core/hosts.h"
#include "driver/core/request.h"
#include "names/lun.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0"
#endif

#define SIZE_GRAIN_BYTES 512
#define SIZE_MAX_BYTES (INT64_C(1) << 60)

#define READ_ONLY_MEMBER "read_only"

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

static int capability_put(json_t *info, const char *name, struct fault *fault)
{
	json_t *list = json_object_get(info, "capabilities");

	return json_array_append_new(list, json_string(name)) == 0 ? 0 : no_memory(fault);
}

static int info_run(const struct driver *driver, void *backend, const json_t *request,
		    struct deadline deadline, json_t *reply, struct fault *fault)
{
	json_t *info = json_pack(
		"{s:i, s:s, s:s, s:[s, s, s, s, s, s, s, s], s:{s:i, s:i, s:i, s:i}}", "protocol",
		DRIVER_PROTOCOL, "driver", driver->name, "version", PACKAGE_VERSION, "capabilities",
		"revoke-cuts-nexus", "nexus-list", "fence", "requester", "create", "delete",
		"masks-select", "urgent", "limits", "luns", REQUEST_NAMES_MAX, "request_bytes",
		(int)REQUEST_MAX_BYTES, "reply_bytes", (int)DRIVER_REPLY_MAX_BYTES, "timeout_ms",
		DRIVER_TIMEOUT_MAX_MS);
	int rc = info != NULL && json_object_update(reply, info) == 0 ? 0 : no_memory(fault);

	rc = rc == 0 && driver->hosts != NULL ? capability_put(reply, "hosts", fault) : rc;
	rc = rc == 0 && driver->protect != NULL ? capability_put(reply, "read-only", fault) : rc;
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

static int masks_run(const struct driver *driver, void *backend, const json_t *request,
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
	rc = rc != 0 ? rc : masks_put(reply, &masks, fault);
	if (rc == 0 && next != NULL) {
		rc = put(reply, "next", json_string(next), fault);
	}
	masks_release(&masks);
	return rc;
}

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

static int apply_verb(const struct driver *driver, void *backend, const struct apply *apply,
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
	return apply_verb(driver, backend, &apply, host, deadline, reply, fault);
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
static int rules_check(const struct driver *driver, const void *backend, const struct masks *masks,
		       const char *initiator, struct fault *fault)
{
	for (size_t i = 0; i < masks->count; i++) {
		const struct mask *mask = &masks->masks[i];
		const char *rule = mask_find_rule(mask, initiator, driver->admits, backend);

		if (rule != NULL) {
			fault_about(fault, mask->lun, rule);
			return fault_set(fault, ARRAY_ERROR_HELD,
					 "LUN '%s' admits '%s', a rule that fencing cannot remove: "
					 "delete it on the array",
					 mask->lun, rule);
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

/* Reads all masks again: what can be removed is removed by now. */
static int fence_rules(const struct driver *driver, void *backend,
		       const struct request_names *names, struct deadline deadline,
		       struct fault *fault)
{
	struct masks masks = {0};
	int rc = driver->masks.read(backend, NULL, 0, deadline, &masks, fault);

	for (size_t i = 0; i < names->count && rc == 0; i++) {
		rc = rules_check(driver, backend, &masks, names->names[i], fault);
	}
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
	rc = rc != 0 ? rc : fence_rules(driver, backend, &names, deadline, fault);
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
	if (driver->hosts != NULL) {
		json_t *hosts = json_array();

		if (!driver->hosts(backend, hosts)) {
			json_decref(hosts);
			return no_memory(fault);
		}
		if (put(reply, "hosts", hosts, fault) != 0) {
			return -ENOMEM;
		}
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

/* Read-only, or writable again: neither happens under somebody who uses the LUN. */
static int unused_check(const struct driver *driver, void *backend, const char *lun,
			struct deadline deadline, struct fault *fault)
{
	struct masks masks = {0};
	int rc = driver->masks.read(backend, &lun, 1, deadline, &masks, fault);
	const struct mask *mask = rc == 0 ? &masks.masks[0] : NULL;
	const char *holder = mask == NULL             ? NULL
			     : mask->n_initiators > 0 ? mask->initiators[0]
			     : mask->n_nexuses > 0    ? mask->nexuses[0].initiator
						      : NULL;

	if (holder != NULL) {
		fault_about(fault, lun, holder);
		rc = fault_set(fault, ARRAY_ERROR_IN_USE,
			       "LUN '%s' is held by '%s': revoke it first; nothing was changed",
			       lun, holder);
	}
	masks_release(&masks);
	return rc;
}

static int protect_run(const struct driver *driver, void *backend, const json_t *request,
		       struct deadline deadline, json_t *reply, struct fault *fault)
{
	const char *lun;
	bool read_only = false;
	int rc = request_name(request, "name", lun_name_valid, &lun, fault);

	rc = rc != 0 ? rc : request_boolean(request, READ_ONLY_MEMBER, &read_only, fault);
	if (rc == 0 && (lun == NULL || json_object_get(request, READ_ONLY_MEMBER) == NULL)) {
		rc = request_missing(lun == NULL ? "name" : READ_ONLY_MEMBER, fault);
	}
	if (rc == 0 && driver->protect == NULL) {
		rc = fault_set(fault, ARRAY_ERROR_UNSUPPORTED,
			       "this array has no read-only LUNs that many hosts may have");
	}
	rc = rc != 0 ? rc : unused_check(driver, backend, lun, deadline, fault);
	rc = rc != 0 ? rc : driver->protect(backend, lun, read_only, deadline, fault);
	return rc != 0 ? rc : put(reply, READ_ONLY_MEMBER, json_boolean(read_only), fault);
}

#define MEMBERS(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) "timeout_ms", NULL})

static const struct verb VERBS[] = {
	{"info", "describe the driver and its capabilities", LOCK_KIND_NONE, MEMBERS(), info_run,
	 NULL},
	{"ports", "list the array's portals and their state", LOCK_KIND_NONE, MEMBERS(), ports_run,
	 NULL},
	{"luns", "list LUNs with size, designators and address", LOCK_KIND_NONE,
	 MEMBERS("luns", "initiator"), luns_run, NULL},
	/*
	 * Under the lock: a reader that starts after a change was requested must not read before it
	 * is done.
	 */
	{"masks", "list the grants and open sessions of LUNs", LOCK_KIND_READ,
	 MEMBERS("luns", "initiators", "rules", "after", "limit", URGENT_MEMBER), masks_run, NULL},
	{"apply", "grant and revoke a batch of LUNs", LOCK_KIND_CHANGE,
	 MEMBERS("luns", "grant", "revoke", "allowed", "host", READ_ONLY_MEMBER, REQUESTER_MEMBER),
	 apply_run_request, requester_own_apply},
	{"fence", "cut initiators off from every LUN, and refuse new grants",
	 LOCK_KIND_CHANGE_FIRST, MEMBERS("initiators", REQUESTER_MEMBER), fence_run,
	 requester_own_initiators},
	{"unfence", "allow initiators to be granted LUNs again", LOCK_KIND_CHANGE,
	 MEMBERS("initiators", "fencings", REQUESTER_MEMBER), unfence_run,
	 requester_own_initiators},
	{"fenced", "list the fenced initiators", LOCK_KIND_READ_FIRST, MEMBERS(), fenced_run, NULL},
	{"create", "make a LUN", LOCK_KIND_CHANGE,
	 MEMBERS("name", "size_bytes", "reliability", REQUESTER_MEMBER), create_run, NULL},
	{"delete", "remove a LUN and its data", LOCK_KIND_CHANGE, MEMBERS("name", REQUESTER_MEMBER),
	 delete_run, NULL},
	{"protect", "make a LUN read-only, for many hosts, or no longer", LOCK_KIND_CHANGE,
	 MEMBERS("name", READ_ONLY_MEMBER, REQUESTER_MEMBER), protect_run, NULL},
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
