/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_RECONCILE_H
#define LUNMASK_VM_RECONCILE_H

#include "survey/vm_strays.h"

/*
 * Takes away the strays that nobody needs (docs/decisions/0006-reconcile.md):
 *
 *	look, and judge. If something is to be removed: claim the VM's task, so that no start or
 *	migration begins meanwhile; look again, and judge again. What is to be removed both times
 *	is revoked, one apply a host; look whether it is gone. End the task, and the release of a
 *	host that had given its LUNs up.
 *
 * The task is held for VM_RECONCILE_HOLD_MS at most: starts and migrations wait for it.
 */
#define VM_RECONCILE_HOLD_MS 14000

/*
 * With dry_run only looks. On 0 the rows of *ret tell what was found, and what became of it: what
 * could not be removed is no failure of the whole. Otherwise as vm_strays_look(): nothing is known,
 * and nothing was changed.
 */
int vm_reconcile(struct vm_context *vm, const struct vm_strays_way *way, bool dry_run,
		 struct deadline deadline, struct vm_strays *ret, struct err *err);

#endif
