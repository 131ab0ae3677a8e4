/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/vm_secret.h"

#include "credential/libvirt_secret.h"

#define TAKE_MS 5000

int vm_secret_give(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct hypervisor *hypervisor;
	int rc;

	if (vm->chap == NULL) {
		return 0;
	}
	rc = vm_hypervisor(vm, deadline, &hypervisor, err);
	rc = rc != 0 ? rc
		     : libvirt_secret_give(hypervisor, vm->settings->vm, vm->chap, deadline, err);
	return rc != 0 ? err_prefix(err, -EKEYREJECTED, "libvirt has no CHAP secret for the drives")
		       : 0;
}

void vm_secret_take(struct vm_context *vm, struct hypervisor *hypervisor, struct deadline deadline)
{
	struct err why = ERR_INIT;
	struct task_event event = {
		.kind = TASK_STEP_PROGRESS,
		.task = "secret",
		.step = "take",
	};

	if (vm->chap == NULL || hypervisor == NULL ||
	    libvirt_secret_take(hypervisor, vm->settings->vm, deadline_within(deadline, TAKE_MS),
				&why) == 0) {
		return;
	}
	(void)err_prefix(&why, 0, "libvirt keeps the CHAP secret of '%s' until the VM's next stop",
			 vm->settings->vm);
	event.text = err_text(&why);
	vm_report_event(vm, &event);
}

int vm_secret_end(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct hypervisor *hypervisor = NULL;

	(void)err;
	if (vm->chap != NULL && vm_hypervisor(vm, deadline, &hypervisor, NULL) == 0) {
		vm_secret_take(vm, hypervisor, deadline);
	}
	return 0;
}
