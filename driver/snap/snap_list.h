/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SNAP_LIST_H
#define LUNMASK_SNAP_LIST_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "driver/core/driver.h"
#include "names/name_limits.h"

/*
 * The snapshots of LUNs that a driver keeps a record of: each has the name of its LUN and a name of
 * its own, and belongs to the set with which it was made.
 *
 *	snap_list_decode(json, &list, &fault);        from what was stored
 *	snap_list_add(), snap_list_find(), snap_list_remove()
 *	json = snap_list_encode(&list);
 *	snap_list_release(&list);
 *
 * A snapshot is in the list from before anything of it is on the disks until nothing is left.
 */
#define SNAP_LIST_MAX 16384
#define SNAP_SET_DIGITS 24

/* X-macro rows: enum name, what is stored. */
#define SNAP_STATES(X)                                                                             \
	X(SNAP_MAKING, "making") /* it is not whole, and never will be: it is removed */           \
	X(SNAP_WHOLE, "whole")                                                                     \
	X(SNAP_RESTORING, "restoring") /* its LUN is about to become what it is */                 \
	X(SNAP_REMOVING, "removing")

enum snap_state {
#define X(name, text) name,
	SNAP_STATES(X)
#undef X
		SNAP_STATE_MAX
};

struct snap {
	char lun[LUN_NAME_MAX + 1];
	char name[LUN_NAME_MAX + 1];
	char set[SNAP_SET_DIGITS + 1]; /* the same for all that were made together */
	uint64_t size_bytes;
	int64_t taken_s; /* since 1970 */
	char note[DRIVER_NOTE_MAX + 1];
	enum snap_state state;
};

struct snap_list {
	struct snap *snaps;
	size_t count;
};

/* NULL: not found. Valid until the list changes. */
struct snap *snap_list_find(const struct snap_list *list, const char *lun, const char *name);
/* Any snapshot of the LUN, or NULL. */
const struct snap *snap_list_of(const struct snap_list *list, const char *lun);

/* "no-space": the list is full. */
int snap_list_add(struct snap_list *list, const struct snap *snap, struct fault *fault);
void snap_list_remove(struct snap_list *list, const char *lun, const char *name);

/* NULL: out of memory. */
json_t *snap_list_encode(const struct snap_list *list);
/* json NULL: an empty list. "internal": it is not legal. After 0, the caller releases *ret. */
int snap_list_decode(const json_t *json, struct snap_list *ret, struct fault *fault);
void snap_list_release(struct snap_list *list);

#endif
