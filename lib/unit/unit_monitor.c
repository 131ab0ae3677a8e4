/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <string.h>

#include "journal/journal.h"
#include "process/qemu_process.h"
#include "step/vm_masks.h"
#include "unit/unit_plug.h"
#include "vm/vm_keep.h"

#define LIBVIRT_ANSWER_MS 3000
#define FENCED_ANSWER_MS 3000
#define JOURNAL_ANSWER_MS 3000

/* A guest that is not there has nothing, and neither has one that was granted nothing here. */
static int health_without_libvirt(const struct vm_context *vm, const struct err *cause,
				  enum unit_health *ret, struct err *err)
{
	struct vm_keep *keep __attribute__((cleanup(vm_keep_drop))) = NULL;
	const struct unit *unit = vm->unit;
	pid_t pid = 0;
	int rc = vm_keep_load(unit->key, &keep, NULL);

	if (rc != -ENOENT && unit->vm[0] != '\0') {
		int found = qemu_process_find(unit->vm, &pid, err);

		if (found != 0) {
			return found;
		}
	}
	*ret = rc == -ENOENT || (unit->vm[0] != '\0' && pid == 0) ? UNIT_STOPPED : UNIT_DEGRADED;
	if (*ret == UNIT_DEGRADED) {
		(void)err_set(err, 0, "libvirt does not say whether a guest has LUN %s (%s)",
			      unit->settings->lun, err_text(cause));
	}
	return 0;
}

static void health_set(enum unit_health health, enum unit_health *ret, struct err *err,
		       const struct err *why)
{
	*ret = health;
	(void)err_set(err, 0, "%s", err_text(why));
}

/* Called for another VM than the one that it is meant for, too: stop and start put that right. */
static void plug_judge(const struct vm_context *vm, enum unit_health *ret, struct err *err)
{
	const struct unit *unit = vm->unit;
	const struct hypervisor_plug *plug = &unit->plug;

	*ret = UNIT_PLUGGED;
	if (plug->vm[0] == '\0') {
		*ret = UNIT_STOPPED;
	} else if (strcmp(plug->vm, unit->vm) != 0 ||
		   strcmp(plug->target, unit->settings->drive) != 0) {
		*ret = UNIT_FAILED;
		(void)err_set(err, 0, "VM '%s' has LUN %s as drive %s, and not VM '%s' as drive %s",
			      plug->vm, unit->settings->lun, plug->target, unit->vm,
			      unit->settings->drive);
	}
}

/*
 * What is left on a fenced host is without a path, and the cluster has given it up. If a probe
 * called it running, the cluster would stop the healthy one.
 */
static bool given_up(struct vm_context *vm, struct deadline deadline)
{
	struct array_fenced fenced;
	bool found;

	if (vm_config_apply(vm, NULL, deadline, NULL) != 0 ||
	    array_fenced(&vm->array, deadline_within(deadline, FENCED_ANSWER_MS), &fenced, NULL) !=
		    0) {
		return false;
	}
	found = array_fenced_has(&fenced, vm->self->initiator);
	array_fenced_release(&fenced);
	return found;
}

/* Its VM has just left, and Pacemaker has not told the LogicalUnit yet. */
static bool is_on_its_way(const struct vm_context *vm, struct deadline deadline)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	struct journal_task task;
	pid_t pid = 0;

	if (vm->unit->vm[0] == '\0' || qemu_process_find(vm->unit->vm, &pid, NULL) != 0 ||
	    pid != 0) {
		return false;
	}
	deadline = deadline_within(deadline, JOURNAL_ANSWER_MS);
	return journal_open(deadline, &journal, NULL) == 0 &&
	       journal_task_get(journal, vm->unit->key, JOURNAL_STALE, deadline, &task, NULL) ==
		       0 &&
	       task.kind == JOURNAL_MIGRATE && strcmp(task.source, vm->node) == 0 &&
	       (task.state == JOURNAL_RUNNING ||
		(task.state == JOURNAL_WAITING && strcmp(task.step, VM_STEP_SENT) == 0));
}

static void masks_judge(struct vm_context *vm, struct deadline deadline, enum unit_health *ret,
			struct err *err)
{
	struct vm_holding holding = {.any = false};
	struct err why = ERR_INIT;
	int rc = vm_masks_holding(vm, vm->self->initiator, deadline, &holding, &why);

	if (rc != 0) {
		health_set(UNIT_DEGRADED, ret, err, &why);
		return;
	}
	if (!holding.any) {
		(void)err_set(&why, 0,
			      "look at array %s: it does not grant this host LUN %s, which VM '%s' "
			      "has plugged in",
			      vm->array.name, vm->unit->settings->lun, vm->unit->plug.vm);
		health_set(UNIT_FAILED, ret, err, &why);
		return;
	}
	if (vm_masks_other_holder(vm, deadline, &why) != TASK_DONE) {
		health_set(UNIT_DEGRADED, ret, err, &why);
	}
}

static void array_judge(struct vm_context *vm, struct deadline deadline, enum unit_health *ret,
			struct err *err)
{
	struct err why = ERR_INIT;

	if (vm_config_apply(vm, NULL, deadline, &why) != 0) {
		health_set(UNIT_DEGRADED, ret, err, &why);
		return;
	}
	masks_judge(vm, deadline, ret, err);
	/* Every portal, and each one that fails is told. */
	vm->unit->as_vm.paths_required = 0;
	if (*ret == UNIT_PLUGGED && vm_paths_verify(vm, deadline, &why) != 0) {
		health_set(UNIT_DEGRADED, ret, err, &why);
	}
}

int unit_monitor(const struct unit_settings *settings, int check_level, bool probe,
		 struct deadline deadline, enum unit_health *ret, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	struct err libvirt_err = ERR_INIT;
	struct unit unit;
	int rc = 0;

	unit_init(&unit, settings);
	vm = unit_context_new(&unit, NULL, deadline);
	if (vm == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	if (unit_plug_look(vm, deadline_within(deadline, LIBVIRT_ANSWER_MS), &libvirt_err) != 0) {
		rc = health_without_libvirt(vm, &libvirt_err, ret, err);
	} else {
		plug_judge(vm, ret, err);
	}
	if (rc == 0 && probe && *ret != UNIT_STOPPED && given_up(vm, deadline)) {
		*ret = UNIT_STOPPED;
	}
	if (rc == 0 && !probe && *ret == UNIT_STOPPED && is_on_its_way(vm, deadline)) {
		*ret = UNIT_PLUGGED;
		return 0;
	}
	if (rc == 0 && check_level >= 10 && *ret == UNIT_PLUGGED) {
		array_judge(vm, deadline, ret, err);
	}
	return rc;
}
