/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/protocol/verb_runs.h"

#include <poll.h>
#include <stdlib.h>

#include "driver/protocol/reply.h"
#include "driver/protocol/request.h"
#include "names/lun.h"

/* A login that was in progress when its grant was removed may still become a session. */
#define FENCE_SETTLE_MS 500

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
		rc = names != NULL ? 0 : reply_no_memory(fault);
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
			     : reply_no_memory(fault);
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
int verb_fence(const struct driver *driver, void *backend, const json_t *request,
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
	rc = reply_put(reply, "revoked", revoked, fault);
	return rc != 0 ? rc
		       : reply_put(reply, "fenced", reply_names(names.names, names.count), fault);
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

int verb_unfence(const struct driver *driver, void *backend, const json_t *request,
		 struct deadline deadline, json_t *reply, struct fault *fault)
{
	struct request_names names;
	int rc = fence_names(request, &names, fault);

	(void)deadline;
	rc = rc != 0 ? rc : since_check(driver, backend, request, &names, fault);
	rc = rc != 0 ? rc : driver->set_fenced(backend, names.names, names.count, false, fault);
	return rc != 0 ? rc
		       : reply_put(reply, "unfenced", reply_names(names.names, names.count), fault);
}

int verb_fenced(const struct driver *driver, void *backend, const json_t *request,
		struct deadline deadline, json_t *reply, struct fault *fault)
{
	json_t *names = json_array();

	(void)request;
	(void)deadline;
	if (!driver->fenced(backend, names)) {
		json_decref(names);
		return reply_no_memory(fault);
	}
	if (reply_put(reply, "fenced", names, fault) != 0) {
		return -ENOMEM;
	}
	if (driver->hosts != NULL) {
		json_t *hosts = json_array();

		if (!driver->hosts(backend, hosts)) {
			json_decref(hosts);
			return reply_no_memory(fault);
		}
		if (reply_put(reply, "hosts", hosts, fault) != 0) {
			return -ENOMEM;
		}
	}
	return reply_put(reply, "fencings", json_integer(driver->fencings(backend)), fault);
}
