/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_RUN_H
#define LUNMASK_VM_RUN_H

#include "rules/task.h"
#include "vm/vm_context.h"

/*
 * Runs a table of steps over the VM: behind the gate of quorum, reported, and recorded in the
 * journal where vm_record_open() has opened the action's task.
 *
 * undo_reserve_ms of the time are kept for undoing. As task_run().
 */
int vm_task_run(struct vm_context *vm, const char *name, const struct task_step *steps,
		size_t n_steps, int undo_reserve_ms, struct deadline deadline, struct err *err);

#endif
