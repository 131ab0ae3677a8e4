/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/vm_lun_owner.h"

#include <string.h>

#include "cluster/cluster_vms.h"
#include "hypervisor/hypervisor_luns.h"
#include "process/lun_process.h"

#define LIBVIRT_ANSWER_MS 5000

static const char *name_find(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(names[i], name) == 0) {
			return names[i];
		}
	}
	return NULL;
}

/* What both only read they may both have. */
static const char *lun_common(const struct vm_context *vm, const char *lun, bool read_only)
{
	const char *own = name_find(vm->lun_names, vm->n_luns, lun);

	return own != NULL || read_only ? own : name_find(vm->media, vm->n_media, lun);
}

/* A LUN that both name, or NULL. What does not parse could not have been started. */
static const char *lun_shared(const struct vm_context *vm, const struct cluster_vm *other)
{
	struct drive drives[VM_LUNS_MAX];
	struct extent state;
	const char *lun = NULL;
	size_t n = 0;

	if (other->unclear != NULL || other->vm == NULL || other->array == NULL ||
	    strcmp(other->vm, vm->settings->vm) == 0 ||
	    strcmp(other->array, vm->settings->array) != 0) {
		return NULL;
	}
	if (other->luns == NULL ||
	    drives_from_str(other->luns, drives, VM_LUNS_MAX - 1, &n, NULL) != 0) {
		n = 0;
	}
	for (size_t i = 0; i < n && lun == NULL; i++) {
		lun = lun_common(vm, drives[i].extent.lun, drives[i].read_only);
	}
	if (lun == NULL && other->state_lun != NULL &&
	    extent_from_str(other->state_lun, &state, NULL) == 0) {
		lun = lun_common(vm, state.lun, false);
	}
	return lun;
}

int vm_lun_owner_check_new(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct cluster_vms vms;
	int rc = cluster_vms_get(deadline, &vms, err);

	if (rc != 0) {
		return err_prefix(err, rc, "cannot see whether another VM has the LUNs");
	}
	for (size_t i = 0; i < vms.count && rc == 0; i++) {
		const struct cluster_vm *other = &vms.vms[i];
		const char *lun = lun_shared(vm, other);

		if (lun != NULL) {
			rc = err_set(err, -EPERM,
				     "name another LUN than %s in luns and state_lun: VM %s "
				     "(resource %s) has it, and a LUN, or any part of it, belongs "
				     "to one VM",
				     lun, other->vm, other->resource);
		}
	}
	cluster_vms_release(&vms);
	return rc;
}

static int domains_check(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct hypervisor_lun_use use;
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	if (rc == 0) {
		rc = hypervisor_lun_use(hypervisor, vm->array.name, vm->lun_names, vm->n_luns,
					vm->settings->vm, deadline, &use, err);
	}
	if (rc == 0 && use.vm[0] != '\0') {
		rc = err_set(err, -EPERM,
			     "name another LUN than %s in luns and state_lun: VM %s, which runs "
			     "here, has it",
			     vm->lun_names[use.lun], use.vm);
	}
	return rc;
}

static int processes_check(const struct vm_context *vm, struct err *err)
{
	struct lun_process process;

	for (size_t i = 0; i < vm->n_luns; i++) {
		const struct lun *lun = &vm->luns[i];
		int rc =
			lun_process_find(lun->target, lun->number, vm->settings->vm, &process, err);

		if (rc != 0) {
			return rc;
		}
		if (process.pid != 0) {
			return err_set(err, -EPERM,
				       "end process %ld (%s) first: it has LUN %s open here",
				       (long)process.pid, process.name, lun->name);
		}
	}
	return 0;
}

int vm_lun_owner_check(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = domains_check(vm, deadline, err);

	return rc != 0 ? rc : processes_check(vm, err);
}

static void lun_drop(struct vm_context *vm, size_t i)
{
	vm->n_luns--;
	memmove(&vm->lun_names[i], &vm->lun_names[i + 1],
		(vm->n_luns - i) * sizeof(vm->lun_names[0]));
}

static void tell_kept(const struct vm_context *vm, const char *lun, const char *user)
{
	struct err text = ERR_INIT;
	struct task_event event = {.kind = TASK_STEP_PROGRESS, .task = "stop", .step = "revoke"};

	(void)err_set(&text, 0, "LUN %s is kept: VM %s, which runs here, uses it", lun, user);
	event.text = err_text(&text);
	vm_report_event(vm, &event);
}

void vm_lun_owner_leave_out(struct vm_context *vm, struct deadline deadline)
{
	struct deadline answer = deadline_within(deadline, LIBVIRT_ANSWER_MS);
	struct hypervisor_lun_use use;

	/* A libvirtd that did not answer before is not waited for again. */
	while (vm->n_luns > 0 && vm->hypervisor != NULL &&
	       hypervisor_lun_use(vm->hypervisor, vm->array.name, vm->lun_names, vm->n_luns,
				  vm->settings->vm, answer, &use, NULL) == 0 &&
	       use.vm[0] != '\0') {
		tell_kept(vm, vm->lun_names[use.lun], use.vm);
		lun_drop(vm, use.lun);
	}
}
