/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_RECORD_H
#define LUNMASK_VM_RECORD_H

#include <glib.h>

#include "rules/task.h"
#include "vm/vm_context.h"

/*
 * The action's task in the journal, kept in step with the tables of steps that the action runs:
 *
 *	rc = vm_record_open(vm, VM_ACTION_START, "", vm->node, deadline, err);
 *	rc = vm_task_run(vm, ...);       once or more often
 *	return vm_record_close(vm, rc, deadline, err);
 *
 * There is one commit before each effect. stop claims the task before its first effect, and
 * continues whatever the journal answers. Errors: those of vm_journal.h.
 */
int vm_record_open(struct vm_context *vm, enum vm_action action, const char *source,
		   const char *target, struct deadline deadline, struct err *err);

/*
 * As vm_record_open(), but only an open task is continued: to undo it. The end of such a task is
 * JOURNAL_FAILED. -ENOENT: there is none.
 */
int vm_record_open_left(struct vm_context *vm, enum vm_action action, struct deadline deadline,
			struct err *err);

/*
 * migrate_to, once vm->peer is open: takes over what an earlier process of this task did to the
 * peer.
 */
int vm_record_resume(struct vm_context *vm, struct err *err);

/* mode: "live" or "saved"; the next commit records it. */
void vm_record_mode(struct vm_context *vm, const char *mode);

/*
 * Ends the task according to rc, the result of the action, and err, its text. Returns the result
 * that the action must return: rc, or an error if a record that the next action needs was not
 * committed.
 */
int vm_record_close(struct vm_context *vm, int rc, struct deadline deadline, struct err *err);

/* A table as two arguments of vm_task_run(). */
#define VM_STEPS(table) (table), G_N_ELEMENTS(table)

/*
 * Runs a table of steps on the VM. Steps that widen access need quorum. The steps are reported to
 * vm->report, and recorded in the journal if vm_record_open() has succeeded.
 *
 * undo_reserve_ms: time kept back for undo. Errors: those of task_run().
 */
int vm_task_run(struct vm_context *vm, const char *name, const struct task_step *steps,
		size_t n_steps, int undo_reserve_ms, struct deadline deadline, struct err *err);

#endif
