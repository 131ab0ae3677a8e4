/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_RECORD_H
#define LUNMASK_VM_RECORD_H

#include "rules/task.h"
#include "vm/vm_context.h"

/*
 * The action's task in the journal, kept in step with the tables that it walks:
 *
 *	rc = vm_record_open(vm, VM_ACTION_START, "", vm->node, deadline, err);
 *	rc = vm_task_run(vm, ...);       one table or several: vm_record_ops is told
 *	return vm_record_close(vm, rc, deadline, err);
 *
 * One commit before each effect. stop claims with its first effect, and goes on whatever the
 * journal says.
 */
int vm_record_open(struct vm_context *vm, enum vm_action action, const char *source,
		   const char *target, struct deadline deadline, struct err *err);

/* migrate_to, when vm->peer is open: what an earlier process of this task did to it. */
int vm_record_resume(struct vm_context *vm, struct err *err);

/* "live" or "saved", told with the next commit. */
void vm_record_mode(struct vm_context *vm, const char *mode);

/* rc is what the action came to, with err's text. Returns what it is to end with. */
int vm_record_close(struct vm_context *vm, int rc, struct deadline deadline, struct err *err);

extern const struct task_journal_ops vm_record_ops;

#endif
