/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "survey/vm_lun_users.h"

#include "hypervisor/hypervisor_luns.h"
#include "names/unit_name.h"
#include "process/lun_process.h"

static int domains_none(struct vm_context *vm, const char *const *luns, size_t n_luns,
			struct deadline deadline, struct err *err)
{
	struct hypervisor_lun_use use;
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	if (rc == 0) {
		rc = hypervisor_lun_use(hypervisor, vm->array.name, luns, n_luns, vm->settings->vm,
					deadline, &use, err);
	}
	return rc != 0 || use.vm[0] == '\0'
		       ? rc
		       : err_set(err, -EPERM, "VM %s has LUN %s", use.vm, luns[use.lun]);
}

/*
 * A LogicalUnit that migrated with a guest stays on the command line of its QEMU after it was
 * unplugged. Whether that has it still, libvirt has said, if it knows the guest.
 */
static bool was_unplugged(struct vm_context *vm, const struct lun_process *process,
			  struct deadline deadline)
{
	struct hypervisor *hypervisor;
	enum domain_state state;

	return unit_key_is(vm->settings->vm) &&
	       vm_hypervisor(vm, deadline, &hypervisor, NULL) == 0 &&
	       hypervisor_domain_state(hypervisor, process->name, deadline, &state, NULL) == 0 &&
	       domain_state_active(state) && state != DOMAIN_LOST;
}

static int processes_none(struct vm_context *vm, const char *const *luns, size_t n_luns,
			  struct deadline deadline, struct err *err)
{
	struct lun_process process = {.pid = 0};
	struct lun found[VM_LUNS_MAX];
	int rc = array_luns(&vm->array, luns, n_luns, vm->self->initiator, deadline, found, err);

	/* Here -EPERM is the answer. */
	rc = rc == -EPERM ? -EACCES : rc;
	for (size_t i = 0; rc == 0 && i < n_luns; i++) {
		rc = lun_process_find(found[i].target, found[i].number, vm->settings->vm, &process,
				      err);
		if (rc == 0 && process.pid != 0 && !was_unplugged(vm, &process, deadline)) {
			rc = err_set(err, -EPERM, "process %ld (%s) has LUN %s", (long)process.pid,
				     process.name, luns[i]);
		}
	}
	return rc;
}

int vm_lun_users_none(struct vm_context *vm, const char *const *luns, size_t n_luns,
		      struct deadline deadline, struct err *err)
{
	int rc = n_luns == 0 ? 0 : domains_none(vm, luns, n_luns, deadline, err);

	return rc != 0 || n_luns == 0 ? rc : processes_none(vm, luns, n_luns, deadline, err);
}
