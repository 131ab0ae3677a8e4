/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/vm_lun_owner.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "cluster/cluster_vms.h"
#include "hypervisor/hypervisor_luns.h"
#include "names/unit_name.h"
#include "process/lun_process.h"
#include "process/qemu_process.h"
#include "vm/vm_keep.h"

#define LIBVIRT_ANSWER_MS 5000
#define ARRAY_ANSWER_MS 5000

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

/* A LogicalUnit that has one of the VM's LUNs. A LogicalUnit's own is the only one of its LUN. */
static int units_check(const struct vm_context *vm, const struct cluster_vms *vms, struct err *err)
{
	const char *own = NULL;
	char key[VM_NAME_MAX + 1];

	for (size_t i = 0; i < vms->n_units; i++) {
		const struct cluster_vm *unit = &vms->units[i];

		if (unit->unclear != NULL || strcmp(unit->array, vm->settings->array) != 0 ||
		    lun_common(vm, unit->lun, false) == NULL) {
			continue;
		}
		unit_key(unit->array, unit->lun, key);
		if (strcmp(key, vm->settings->vm) != 0) {
			return err_set(err, -EPERM,
				       "name another LUN than %s in luns and state_lun: it belongs "
				       "to the LogicalUnit %s",
				       unit->lun, unit->resource);
		}
		if (own != NULL) {
			return err_set(err, -EPERM,
				       "remove one of the resources %s and %s: both are the "
				       "LogicalUnit of LUN %s",
				       own, unit->resource, unit->lun);
		}
		own = unit->resource;
	}
	return 0;
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
	rc = rc != 0 ? rc : units_check(vm, &vms, err);
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

/* False: libvirt does not answer. */
static bool domains_leave_out(struct vm_context *vm, struct deadline deadline)
{
	struct deadline answer = deadline_within(deadline, LIBVIRT_ANSWER_MS);
	struct hypervisor_lun_use use = {.lun = 0};

	while (vm->n_luns > 0) {
		/* A libvirtd that did not answer before is not waited for again. */
		if (vm->hypervisor == NULL ||
		    hypervisor_lun_use(vm->hypervisor, vm->array.name, vm->lun_names, vm->n_luns,
				       vm->settings->vm, answer, &use, NULL) != 0) {
			return false;
		}
		if (use.vm[0] == '\0') {
			return true;
		}
		tell_kept(vm, vm->lun_names[use.lun], use.vm);
		lun_drop(vm, use.lun);
	}
	return true;
}

/* A VM that was granted the LUN here, and has a QEMU; or a LogicalUnit. */
static bool granted_user(const struct vm_context *vm, const char *lun, char user[VM_NAME_MAX + 1])
{
	g_auto(GStrv) others = vm_keep_others(vm, lun);
	pid_t pid = 0;

	for (size_t i = 0; others[i] != NULL && pid == 0; i++) {
		/* Which guest a LogicalUnit has lent it to, no command line shows. */
		if (unit_key_is(others[i])) {
			(void)snprintf(user, VM_NAME_MAX + 1, "%s", others[i]);
			return true;
		}
		if (qemu_process_find(others[i], &pid, NULL) == 0 && pid != 0) {
			(void)snprintf(user, VM_NAME_MAX + 1, "%s", others[i]);
		}
	}
	return pid != 0;
}

/* Any QEMU that has the LUN on its command line. An array that is silent is asked once. */
static bool process_user(const struct vm_context *vm, const char *lun, struct deadline deadline,
			 bool *array_silent, char user[VM_NAME_MAX + 1])
{
	struct lun_process process = {.pid = 0};
	struct lun found;
	int rc = *array_silent
			 ? -EAGAIN
			 : array_luns(&vm->array, &lun, 1, vm->self->initiator,
				      deadline_within(deadline, ARRAY_ANSWER_MS), &found, NULL);

	/* These two are answers: the host has no path to it, or there is no such LUN. */
	*array_silent = rc != 0 && rc != -EPERM && rc != -ENXIO;
	if (rc == 0) {
		(void)lun_process_find(found.target, found.number, vm->settings->vm, &process,
				       NULL);
		(void)snprintf(user, VM_NAME_MAX + 1, "%s", process.name);
	}
	return process.pid != 0;
}

static void processes_leave_out(struct vm_context *vm, struct deadline deadline)
{
	bool array_silent = false;
	size_t i = 0;

	while (i < vm->n_luns) {
		const char *lun = vm->lun_names[i];
		char user[VM_NAME_MAX + 1];

		if (granted_user(vm, lun, user) ||
		    process_user(vm, lun, deadline, &array_silent, user)) {
			tell_kept(vm, lun, user);
			lun_drop(vm, i);
		} else {
			i++;
		}
	}
}

void vm_lun_owner_leave_out(struct vm_context *vm, struct deadline deadline)
{
	if (!domains_leave_out(vm, deadline)) {
		processes_leave_out(vm, deadline);
	}
}
