/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_SNAPSHOT_H
#define LUNMASK_VM_SNAPSHOT_H

#include "snapshot/snapshot_set.h"
#include "still/still_keeper.h"
#include "vm/vm_context.h"

/*
 * For the administrator: snapshots of all LUNs of a VM, with its state LUN, at one instant.
 *
 * A guest that runs stands still meanwhile (still_keeper.h). Only when it is known that it did, the
 * snapshots get their note on the array: what a killed command has left has none, and counts for
 * nothing. A VM that is stopped has one host meanwhile: this one. It is a visit (vm_visit.h), with
 * its errors.
 */

/* The guest stands still no longer than that, and the agent gets so long to freeze it. */
#define VM_SNAPSHOT_STILL_MS 10000
#define VM_SNAPSHOT_FREEZE_MS 20000

/*
 * keeper: begun before this process had threads; of a guest that runs here. -EEXIST: the VM has a
 * snapshot of that name. -EPERM: memory is saved, or the VM has a part of a LUN. -ETIME: the array
 * took too long, and there is no snapshot. -EOPNOTSUPP: the array makes none of one of the LUNs.
 */
int vm_snapshot_take(struct vm_context *vm, struct still_keeper *keeper, const char *name,
		     struct deadline deadline, enum snapshot_kind *ret, struct err *err);

/* The caller releases both: the sets point into the snapshots. */
int vm_snapshot_list(const struct vm_context *vm, struct deadline deadline,
		     struct array_snapshots *ret_snapshots, struct snapshot_sets *ret,
		     struct err *err);

/* All snapshots of that name in which a LUN of the VM is. -ENOENT: there is none. */
int vm_snapshot_remove(const struct vm_context *vm, const char *name, struct deadline deadline,
		       struct err *err);

/*
 * All LUNs become what they were then. The VM must be stopped. -EPERM: the snapshot is incomplete,
 * or of other LUNs; or memory is saved, and discard_image is false. -ENOENT: no such snapshot.
 */
int vm_snapshot_restore(struct vm_context *vm, const char *name, bool discard_image,
			struct deadline deadline, struct err *err);

#endif
