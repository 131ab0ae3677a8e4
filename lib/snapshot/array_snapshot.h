/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_SNAPSHOT_H
#define LUNMASK_ARRAY_SNAPSHOT_H

#include "array/array.h"

/*
 * The client of a driver's verbs for snapshots (lunmask-array(7)). Its errors are those of array.h.
 * -EOPNOTSUPP: the driver has no snapshots, or there can be none of one of the LUNs.
 *
 *	rc = array_snapshots_get(&array, deadline, &snapshots, err);
 *	array_snapshots_release(&snapshots);
 */
#define ARRAY_SNAPSHOTS_MAX 16384
#define ARRAY_SNAPSHOT_SET_MAX 63
#define ARRAY_SNAPSHOT_NOTE_MAX 63

struct array_snapshot {
	char lun[LUN_NAME_MAX + 1];
	char name[LUN_NAME_MAX + 1];
	char set[ARRAY_SNAPSHOT_SET_MAX + 1]; /* the same for all that were made together */
	char note[ARRAY_SNAPSHOT_NOTE_MAX + 1];
	uint64_t size_bytes;
	int64_t taken_s;
	bool unfinished;
};

struct array_snapshots {
	struct array_snapshot *snapshots;
	size_t count;
};

/* All snapshots of the array, in its order. After 0, the caller releases *ret. */
int array_snapshots_get(const struct array *array, struct deadline deadline,
			struct array_snapshots *ret, struct err *err);
void array_snapshots_release(struct array_snapshots *snapshots);

/* Which LUNs, and under which name. */
struct array_snapshot_wish {
	const char *name;
	const char *const *luns;
	size_t n_luns;
	const char *note; /* to be recorded, also of what is there; NULL: none */
	bool dry_run;     /* only checked */
};

/* *ret_created is false if it is there. -EEXIST: some LUNs have one, or with others than these. */
int array_snapshot_make(const struct array *array, const struct array_snapshot_wish *wish,
			struct deadline deadline, bool *ret_created, struct err *err);
/* *ret_deleted is false if there was none. */
int array_snapshot_remove(const struct array *array, const struct array_snapshot_wish *wish,
			  struct deadline deadline, bool *ret_deleted, struct err *err);
/* -ENOTEMPTY: a host has a path to one of the LUNs. -EIDRM. */
int array_snapshot_restore(const struct array *array, const struct array_snapshot_wish *wish,
			   struct deadline deadline, struct err *err);

/* The reply of the verb snapshots. -EPROTO. After 0, the caller releases *ret. */
int array_snapshot_decode(const char *reply, size_t bytes, struct array_snapshots *ret,
			  struct err *err);

#endif
