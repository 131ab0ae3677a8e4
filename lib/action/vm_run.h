/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_RUN_H
#define LUNMASK_VM_RUN_H

#include <glib.h>

#include "rules/task.h"
#include "vm/vm_context.h"

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
