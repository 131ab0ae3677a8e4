/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DEFINITION_DIFF_H
#define LUNMASK_DEFINITION_DIFF_H

#include <stdbool.h>

#include <glib.h>

#include "base/err.h"

/*
 * What differs between two domain definitions, element by element. The order of elements of one
 * name counts only where nothing else tells them apart: disks are matched by their target, NICs by
 * their MAC, controllers by type and index. Amounts of memory are compared as bytes.
 *
 *	rc = definition_diff(stored, other, &changes, err);
 *	changes: of struct definition_change; free it with g_ptr_array_unref().
 *
 * In the mapping of lunmask, only the drives and the state LUN are compared, not who wrote the
 * definition and when.
 */
struct definition_change {
	char *path; /* "devices/disk[vda]/driver/@cache"; "memory" */
	char *was;  /* a value, or an element as XML; NULL: only the other has it */
	char *is;
	/* Only the first has it, and it is of the kind that libvirt adds: libvirt chooses it again.
	 */
	bool filled;
};

int definition_diff(const char *was, const char *is, GPtrArray **ret, struct err *err);

/* The number of changes that are not filled. */
size_t definition_diff_count(const GPtrArray *changes);

#endif
