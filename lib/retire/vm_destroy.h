/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_DESTROY_H
#define LUNMASK_VM_DESTROY_H

#include <stdbool.h>

#include "retire/vm_doomed.h"

/*
 * Ends a VM: its LUNs are deleted, as one task of the journal (JOURNAL_DESTROY).
 *
 *	rc = vm_doomed_find(&wish, report, deadline, &doomed, err);     changes nothing
 *	... the administrator sees doomed, and confirms it
 *	rc = vm_destroy(&wish, &doomed, report, deadline, err);
 *	vm_doomed_release(&doomed);
 *
 * If it is killed, also by a power cut, the same two calls go on with it; then what is left comes
 * from the journal. Until the first LUN is overwritten or deleted, vm_destroy_abort() gives it up,
 * and a run that fails has changed nothing.
 */
/* -ESTALE: it is not as doomed says any more: look again. Errors of vm_doomed_find(). */
int vm_destroy(const struct vm_destroy_wish *wish, const struct vm_doomed *doomed,
	       const struct vm_report *report, struct deadline deadline, struct err *err);

/* -ENOENT: none is open. -EPERM: something was overwritten or deleted: only destroy goes on. */
int vm_destroy_abort(const char *vm, const char *node, const char *hypervisor,
		     const struct vm_report *report, struct deadline deadline, struct err *err);

/* Has this open task overwritten or deleted anything, or may it have? */
bool vm_destroy_is_begun(const struct journal_task *task);

/* What the steps share (vm_context.destroy). Internal to this room. */
struct vm_destroy {
	const struct vm_destroy_wish *wish; /* NULL: it is given up */
	const struct vm_doomed *doomed;
	bool wiped;
	bool settled; /* the journal has no release of the VM any more */
};

/* Once one of these is recorded, the task goes on with the second part of its table. */
#define DESTROY_STEP_WIPE "wipe"
#define DESTROY_STEP_REVOKE "revoke"
#define DESTROY_STEP_RELEASES "releases"
#define DESTROY_STEP_DELETE "delete"

#endif
