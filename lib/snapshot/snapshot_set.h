/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SNAPSHOT_SET_H
#define LUNMASK_SNAPSHOT_SET_H

#include "snapshot/array_snapshot.h"

/*
 * The snapshots of a VM: of all that an array has, those that were made together with one of the
 * VM's LUNs. Also a LUN that is the VM's no longer may be in such a set.
 *
 *	rc = snapshot_sets_of(&snapshots, luns, n_luns, &sets, err);
 *	set = snapshot_set_find(&sets, "before-upgrade");
 *	snapshot_sets_release(&sets);
 */

/* X-macro rows: enum name, the note on the array, what it means. */
#define SNAPSHOT_KINDS(X)                                                                          \
	X(SNAPSHOT_BROKEN, "incomplete", "not whole, or the guest wrote meanwhile")                \
	X(SNAPSHOT_STOPPED, "stopped", "the VM was stopped")                                       \
	X(SNAPSHOT_FROZEN, "frozen", "the guest's file systems were frozen")                       \
	X(SNAPSHOT_PAUSED, "paused", "the guest was paused, as by a power cut")

enum snapshot_kind {
#define X(name, note, text) name,
	SNAPSHOT_KINDS(X)
#undef X
		SNAPSHOT_KIND_MAX
};

const char *snapshot_kind_note(enum snapshot_kind kind);
const char *snapshot_kind_text(enum snapshot_kind kind);

struct snapshot_set {
	char name[LUN_NAME_MAX + 1];
	char set[ARRAY_SNAPSHOT_SET_MAX + 1];
	enum snapshot_kind kind;
	int64_t taken_s;
	const char **luns; /* borrowed from the snapshots */
	size_t n_luns;
	uint64_t size_bytes; /* of all its LUNs then */
};

struct snapshot_sets {
	struct snapshot_set *sets; /* the oldest first */
	size_t count;
};

/* snapshots must outlive *ret. */
void snapshot_sets_of(const struct array_snapshots *snapshots, const char *const *luns,
		      size_t n_luns, struct snapshot_sets *ret);
void snapshot_sets_release(struct snapshot_sets *sets);

/*
 * The set with that name, or NULL. If a drive came or went since, there may be several: the first
 * one.
 */
const struct snapshot_set *snapshot_set_find(const struct snapshot_sets *sets, const char *name);

/* It is whole, and of exactly these LUNs. -EPERM: the text says what is different. */
int snapshot_set_fits(const struct snapshot_set *set, const char *const *luns, size_t n_luns,
		      struct err *err);

#endif
