/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/protocol/verbs.h"

#include <glib.h>
#include <string.h>

#include "driver/protocol/verb_runs.h"

#define MEMBERS(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) "timeout_ms", NULL})

static const struct verb VERBS[] = {
	{"info", "describe the driver and its capabilities", LOCK_KIND_NONE, MEMBERS(), verb_info,
	 NULL},
	{"ports", "list the array's portals and their state", LOCK_KIND_NONE,
	 MEMBERS(ACCOUNTS_MEMBER), verb_ports, NULL},
	{"luns", "list LUNs with size, designators and address", LOCK_KIND_NONE,
	 MEMBERS("luns", "initiator", HEALTH_MEMBER), verb_luns, NULL},
	/*
	 * Under the lock: a reader that starts after a change was requested must not read before it
	 * is done.
	 */
	{"masks", "list the grants and open sessions of LUNs", LOCK_KIND_READ,
	 MEMBERS("luns", "initiators", "rules", "after", "limit", URGENT_MEMBER), verb_masks, NULL},
	{"apply", "grant and revoke a batch of LUNs", LOCK_KIND_CHANGE,
	 MEMBERS("luns", "grant", "revoke", "allowed", "host", READ_ONLY_MEMBER, REQUESTER_MEMBER),
	 verb_apply, requester_own_apply},
	{"fence", "cut initiators off from every LUN, and refuse new grants",
	 LOCK_KIND_CHANGE_FIRST, MEMBERS("initiators", REQUESTER_MEMBER), verb_fence,
	 requester_own_initiators},
	{"unfence", "allow initiators to be granted LUNs again", LOCK_KIND_CHANGE,
	 MEMBERS("initiators", "fencings", REQUESTER_MEMBER), verb_unfence,
	 requester_own_initiators},
	{"fenced", "list the fenced initiators", LOCK_KIND_READ_FIRST, MEMBERS(), verb_fenced,
	 NULL},
	{"create", "make a LUN", LOCK_KIND_CHANGE,
	 MEMBERS("name", "size_bytes", "reliability", REQUESTER_MEMBER), verb_create, NULL},
	{"delete", "remove a LUN and its data", LOCK_KIND_CHANGE, MEMBERS("name", REQUESTER_MEMBER),
	 verb_delete, NULL},
	{"protect", "make a LUN read-only, for many hosts, or no longer", LOCK_KIND_CHANGE,
	 MEMBERS("name", READ_ONLY_MEMBER, REQUESTER_MEMBER), verb_protect, NULL},
	{"resize", "make a LUN larger", LOCK_KIND_CHANGE,
	 MEMBERS("name", "size_bytes", REQUESTER_MEMBER), verb_resize, NULL},
	{"snapshot", "make a snapshot of LUNs at one time", LOCK_KIND_CHANGE,
	 MEMBERS("name", "luns", "note", DRY_RUN_MEMBER, REQUESTER_MEMBER), verb_snapshot, NULL},
	/* Under the lock: what a request is just making would look like what one has left. */
	{"snapshots", "list the snapshots of LUNs", LOCK_KIND_READ, MEMBERS("luns"), verb_snapshots,
	 NULL},
	{"unsnapshot", "remove a snapshot of LUNs", LOCK_KIND_CHANGE,
	 MEMBERS("name", "luns", REQUESTER_MEMBER), verb_unsnapshot, NULL},
	{"restore", "make LUNs what they were in a snapshot", LOCK_KIND_CHANGE,
	 MEMBERS("name", "luns", REQUESTER_MEMBER), verb_restore, NULL},
	{"clone", "make a LUN from a snapshot", LOCK_KIND_CHANGE,
	 MEMBERS("lun", "snapshot", "name", REQUESTER_MEMBER), verb_clone, NULL},
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
