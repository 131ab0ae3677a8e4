/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_TGT_VOLUME_H
#define LUNMASK_ARRAY_TGT_VOLUME_H

#include "base/deadline.h"
#include "driver/core/driver.h"
#include "driver/tgt/tgt.h"

/*
 * Makes and deletes LUNs. That it begins is recorded in the table before anything is made or
 * removed, so that a process that dies leaves nothing of which nobody knows: the same request goes
 * on, or a delete removes it.
 *
 * "unfinished": more time is needed. The array's lock is not held for as long as a volume takes to
 * be filled with zeros; the same request goes on with it.
 */

/* The functions of struct driver; backend is a struct tgt. */
int tgt_volume_create(void *backend, const struct driver_volume *volume, struct deadline deadline,
		      bool *ret_created, struct fault *fault);
int tgt_volume_delete(void *backend, const char *lun, struct deadline deadline, bool *ret_deleted,
		      struct fault *fault);
int tgt_volume_clone(void *backend, const char *lun, const char *snapshot, const char *name,
		     struct deadline deadline, bool *ret_created, struct fault *fault);

/* Random hexadecimal digits, which nothing else has. */
int tgt_volume_id(char ret[TGT_TABLE_ID_DIGITS + 1], struct fault *fault);

#endif
