/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "step/vm_gone.h"

#include "process/qemu_process.h"

#define LIBVIRT_ANSWER_MS 5000

int vm_gone_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	enum domain_state state;
	pid_t pid;
	int rc = qemu_process_find(vm->settings->vm, &pid, err);

	if (rc != 0 || pid != 0) {
		return rc != 0 ? rc : TASK_NOT_DONE;
	}
	rc = vm_domain_state(vm, deadline_within(deadline, LIBVIRT_ANSWER_MS), &state, NULL);
	return rc == 0 && state != DOMAIN_ABSENT ? TASK_NOT_DONE : TASK_DONE;
}

int vm_gone_confirm(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	enum domain_state state;
	pid_t pid;
	int rc = qemu_process_find(vm->settings->vm, &pid, err);

	if (rc == 0 && pid != 0) {
		rc = err_set(err, -EBUSY, "QEMU is still there as process %ld", (long)pid);
	}
	if (rc == 0) {
		rc = vm_domain_state(vm, deadline_within(deadline, LIBVIRT_ANSWER_MS), &state, err);
	}
	if (rc == 0 && state != DOMAIN_ABSENT) {
		rc = err_set(err, -EBUSY, "the domain is still %s here",
			     domain_state_to_str(state));
	}
	return rc;
}
