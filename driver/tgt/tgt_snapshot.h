/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_TGT_SNAPSHOT_H
#define LUNMASK_ARRAY_TGT_SNAPSHOT_H

#include <jansson.h>

#include "base/deadline.h"
#include "driver/core/driver.h"
#include "driver/tgt/tgt.h"

/*
 * Snapshots of LUNs, where what a LUN is in can share its blocks: files on a file system with
 * reflinks (snap_file.h).
 *
 * tgtd may have in the page cache what it has acknowledged; that is in the snapshot, too. A command
 * that tgtd is working on is in it or is not.
 */

/* The functions of struct driver; backend is a struct tgt. */
int tgt_snapshot_make(void *backend, const struct driver_snapshot *wish, bool dry_run,
		      struct deadline deadline, bool *ret_created, struct fault *fault);
int tgt_snapshot_list(void *backend, const char *const *luns, size_t n_luns, json_t *list,
		      struct fault *fault);
int tgt_snapshot_remove(void *backend, const struct driver_snapshot *wish, struct deadline deadline,
			bool *ret_deleted, struct fault *fault);
int tgt_snapshot_restore(void *backend, const struct driver_snapshot *wish,
			 struct deadline deadline, struct fault *fault);

/*
 * Ends what a restore that has died was about to do: until then, its LUNs must not be given to
 * anybody. Under the lock, before a LUN gets a target, or is changed.
 */
int tgt_snapshot_settle(struct tgt *tgt, struct deadline deadline, struct fault *fault);

/* "in-use": the LUN has snapshots, which are lost without it. */
int tgt_snapshot_none(const struct tgt *tgt, const char *lun, struct fault *fault);

/* "no-such-snapshot": there is none that is whole. Valid until the table changes. */
int tgt_snapshot_find(const struct tgt *tgt, const char *lun, const char *name,
		      const struct snap **ret, struct fault *fault);

/* Makes the file of a new LUN, in the pool of the old one. */
int tgt_snapshot_clone(const struct tgt *tgt, const struct snap *snap, const char *to,
		       struct fault *fault);

#endif
