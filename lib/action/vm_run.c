/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "action/vm_run.h"

#include "action/vm_record.h"

static void observe(void *observer, const struct task_event *event)
{
	vm_report_event(observer, event);
}

int vm_task_run(struct vm_context *vm, const char *name, const struct task_step *steps,
		size_t n_steps, int undo_reserve_ms, struct deadline deadline, struct err *err)
{
	struct task task = {
		.name = name,
		.steps = steps,
		.n_steps = n_steps,
		.context = vm,
		.gate = vm_gate_quorum,
		.observe = observe,
		.observer = vm,
		.journal = vm->recorded ? &vm_record_ops : NULL,
		.journal_data = vm,
		.undo_reserve_ms = undo_reserve_ms,
	};

	return task_run(&task, deadline, err);
}
