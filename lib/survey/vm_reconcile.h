/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_RECONCILE_H
#define LUNMASK_VM_RECONCILE_H

#include "survey/vm_strays.h"

/*
 * Removes the paths that rules/stray.h judges STRAY_REMOVE, and ends the releases that
 * rules/released.h judges RELEASED_END (docs/decisions/0006-reconcile.md):
 *
 * 1. Look and judge.
 * 2. If something is to be removed, claim the VM's task, so that no start or migration begins
 *    meanwhile.
 * 3. Look and judge again.
 * 4. Revoke what both judgements remove, with one apply for each host.
 * 5. Read the masks to see whether it is gone.
 * 6. End the releases that rules/released.h ends now, and the task.
 *
 * Starts and migrations wait for the task. It is held for at most VM_RECONCILE_HOLD_MS, plus 4 s to
 * end it.
 */
#define VM_RECONCILE_HOLD_MS 14000

/*
 * With dry_run it only looks. On 0 the rows of *ret say what was found and what became of it; a
 * stray that could not be removed does not make the call fail. Otherwise the errors of
 * vm_strays_look(): nothing is known and nothing was changed.
 */
int vm_reconcile(struct vm_context *vm, const struct vm_strays_sources *way, bool dry_run,
		 struct deadline deadline, struct vm_strays *ret, struct err *err);

#endif
