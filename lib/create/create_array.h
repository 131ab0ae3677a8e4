/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CREATE_ARRAY_H
#define LUNMASK_CREATE_ARRAY_H

#include "base/err.h"
#include "journal/journal_record.h"

/* The array of a task that makes or deletes LUNs: chosen, recorded, found again. */

/* In the task's member mode: the name, or a digest of one that is too long. */
struct create_mark {
	char text[sizeof(((struct journal_task *)NULL)->mode)];
};

struct create_mark create_array_mark(const char *array);

/* *ret: wanted, or the only array of lunmask.conf if that is NULL. The caller frees it. */
int create_array_choose(const char *wanted, char **ret, struct err *err);

/* *ret: the array of lunmask.conf that has this mark. The caller frees it. -EINVAL: none has. */
int create_array_find(const char *mark, char **ret, struct err *err);

#endif
