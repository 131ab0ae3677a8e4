/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/vm_image.h"

#include "action/vm_record.h"
#include "action/vm_visit.h"
#include "step/vm_state.h"

#define TASK_NAME "image"

static int discard_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = vm->state_known ? 0 : vm_state_load(vm, deadline, err);

	return rc != 0 ? rc : vm->image == IMAGE_NONE ? TASK_DONE : TASK_NOT_DONE;
}

static int discard_run(void *context, struct deadline deadline, struct err *err)
{
	return vm_state_store(context, IMAGE_NONE, deadline, err);
}

static const struct task_step look_steps[] = {
	STEP_UNUSED, STEP_WITHDRAW, STEP_GRANT, STEP_VERIFY, STEP_READ, STEP_REVOKE,
};

static const struct task_step discard_steps[] = {
	STEP_UNUSED,
	STEP_WITHDRAW,
	STEP_GRANT,
	STEP_VERIFY,
	STEP_UNCHANGED,
	{
		.name = "discard",
		.probe = discard_probe,
		.run = discard_run,
		.timeout_ms = 5000,
		.tries = 2,
		.retry_ms = 200,
		.flags = TASK_WIDENS,
	},
	STEP_REVOKE,
};

int vm_image_look(struct vm_context *vm, struct deadline deadline, struct vm_image_seen *ret,
		  struct err *err)
{
	int rc = vm_visit_stopped(vm, TASK_NAME, VM_STEPS(look_steps), deadline, err);

	if (rc == 0) {
		*ret = (struct vm_image_seen){
			.image = vm->image,
			.generation = vm->generation,
			.complete = vm->mapping->complete,
		};
	}
	return rc;
}

int vm_image_discard(struct vm_context *vm, const struct vm_image_seen *seen,
		     struct deadline deadline, struct err *err)
{
	vm->generation = seen->generation;
	return vm_visit_stopped(vm, TASK_NAME, VM_STEPS(discard_steps), deadline, err);
}
