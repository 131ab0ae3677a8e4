/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_END_H
#define LUNMASK_VM_END_H

#include "vm/vm_context.h"

/*
 * The part of stop that asks the guest: it is saved or shut down, by the deadline. What is still
 * here afterwards is killed. What fails is reported, and the next thing is tried.
 */
void vm_end_kindly(struct vm_context *vm, struct deadline deadline);

/* An event of stop outside of its tables of steps. */
void vm_end_tell(struct vm_context *vm, enum task_event_kind kind, const char *step,
		 int64_t since_ms, const struct err *err);

#endif
