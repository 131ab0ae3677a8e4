/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <string.h>

#include "action/vm_record.h"
#include "journal/journal.h"
#include "journal/journal_actor.h"
#include "rules/op_times.h"
#include "step/vm_release.h"
#include "unit/unit_masks.h"
#include "unit/unit_plug.h"
#include "vm/vm_config_copy.h"
#include "vm/vm_keep.h"

/*
 * stop is the recovery routine, as that of a VM: what was granted to this host, and how to reach
 * the array, it knows from vm_keep.h, and what a guest here has, from libvirt. Neither quorum nor
 * the journal, nor the parameters for the VM, are needed.
 */
#define RELEASE_RESERVE_MS 10000
#define UNPLUG_MS (24 * 3600 * 1000)
#define JOB_END_MS 11000

static const struct task_step unplug_steps[] = {
	{
		.name = "unplug",
		.probe = unit_unplug_probe,
		.run = unit_unplug_run,
		.timeout_ms = UNPLUG_MS,
		.tries = 20,
		.retry_ms = 1000,
	},
};

static const struct task_step revoke_steps[] = {
	{
		.name = "revoke",
		.probe = unit_revoke_probe,
		.run = unit_revoke_run,
		.timeout_ms = 30000,
		.tries = 5,
		.retry_ms = 500,
		.flags = TASK_BUSY_ENDS,
	},
};

/*
 * libvirtd may carry out late what a killed start has asked for. Without a path that is in vain, so
 * a libvirt that does not answer now is no failure.
 */
static int late_probe(void *context, struct deadline deadline, struct err *err)
{
	int rc = unit_gone_probe(context, deadline, err);

	return rc < 0 ? TASK_DONE : rc;
}

static const struct task_step late_steps[] = {
	{
		.name = "late",
		.probe = late_probe,
		.run = unit_unplug_run,
		.timeout_ms = 30000,
		.tries = 3,
		.retry_ms = 500,
	},
};

/* If libvirt says nothing for all that time, who wants the LUN cut off wants that all the same. */
static int unplug(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct err why = ERR_INIT;
	int rc = vm_task_run(vm, "stop", VM_STEPS(unplug_steps), 0,
			     deadline_keep(deadline, OP_REVOKE_MS + RELEASE_RESERVE_MS, 2), &why);

	if (rc != 0 && rc != -EPERM && vm->unit->settings->force_detach) {
		vm->unit->forced = true;
		(void)err_prefix(&why, 0, "the LUN is cut off, whoever has it");
		unit_tell(vm, "stop", "unplug", &why);
		rc = 0;
	}
	return rc == 0 ? 0 : err_set(err, rc, "%s", err_text(&why));
}

/* Only what libvirt says no guest here has is given up to be revoked later. */
static int release(struct vm_context *vm, const struct err *cause, struct deadline deadline,
		   struct err *err)
{
	struct err why = ERR_INIT;
	struct err text = ERR_INIT;
	int rc = unit_gone_confirm(vm, deadline, &why);

	rc = rc != 0 ? rc : vm_release_commit(vm, deadline, &why);
	if (rc != 0) {
		return err_set(err, rc, "%s; and it cannot be released: %s", err_text(cause),
			       err_text(&why));
	}
	(void)err_set(&text, 0, "released, to be revoked later: %s", err_text(cause));
	unit_tell(vm, "stop", "release", &text);
	return 0;
}

static int lun_take(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct err why = ERR_INIT;
	int rc = vm_task_run(vm, "stop", VM_STEPS(revoke_steps), 0,
			     deadline_keep(deadline, RELEASE_RESERVE_MS, 3), &why);

	if (rc == 0) {
		vm_release_settle(vm, deadline);
	} else {
		(void)err_prefix(&why, rc, "LUN %s may still be granted to %s",
				 vm->unit->settings->lun, vm->node);
		rc = release(vm, &why, deadline, err);
	}
	return rc != 0 || vm->unit->forced
		       ? rc
		       : vm_task_run(vm, "stop", VM_STEPS(late_steps), 0, deadline, err);
}

/* What is known of the array: from the configuration, its copy, or what was kept. */
static int way_find(struct vm_context *vm, struct vm_keep **ret_keep, struct deadline deadline,
		    bool *ret_known, struct err *err)
{
	struct err why = ERR_INIT;
	int rc = vm_config_apply(vm, NULL, deadline, &why);
	int keep_rc;

	if (rc != 0 && vm_config_apply(vm, VM_CONFIG_COPY_FILE, deadline, NULL) == 0) {
		rc = 0;
	}
	keep_rc = vm_keep_load(vm->unit->key, ret_keep, err);
	*ret_known = rc == 0 || keep_rc == 0;
	if (keep_rc == 0) {
		vm_keep_apply(*ret_keep, vm);
	}
	/* Without either, nothing was granted here since this host has booted. */
	if (!*ret_known && keep_rc == -ENOENT) {
		unit_tell(vm, "stop", "revoke", &why);
		return 0;
	}
	return *ret_known ? 0 : keep_rc;
}

/*
 * A migration of the VM that nobody follows any more still runs in libvirt, and a guest on its way
 * cannot let go of a drive. The VM's own stop, which would end it, comes after this one.
 */
static void job_end(struct vm_context *vm, struct deadline deadline)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	struct hypervisor *hypervisor;
	struct journal_actor self;
	struct journal_task task;
	struct err why = ERR_INIT;

	deadline = deadline_within(deadline, JOB_END_MS);
	if (vm->unit->vm[0] == '\0' || journal_actor_self(vm->node, &self, NULL) != 0 ||
	    journal_open(deadline, &journal, NULL) != 0 ||
	    journal_task_get(journal, vm->unit->key, JOURNAL_STALE, deadline, &task, NULL) != 0 ||
	    task.kind != JOURNAL_MIGRATE || strcmp(task.source, vm->node) != 0 ||
	    !(task.state == JOURNAL_BROKEN ||
	      (task.state == JOURNAL_RUNNING &&
	       journal_actor_gone(&task.actor, &self) != JOURNAL_EVIDENCE_NONE))) {
		return;
	}
	if (vm_hypervisor(vm, deadline, &hypervisor, &why) != 0 ||
	    hypervisor_abort_job(hypervisor, vm->unit->vm, deadline, &why) != 0) {
		unit_tell(vm, "stop", "unplug", &why);
	}
}

static int stop_all(struct vm_context *vm, struct vm_keep **ret_keep, struct deadline deadline,
		    struct err *err)
{
	bool known;
	int rc = way_find(vm, ret_keep, deadline, &known, err);

	if (rc != 0) {
		return rc;
	}
	if (vm->node[0] != '\0') {
		(void)vm_record_open(vm, VM_ACTION_STOP, vm->node, "", deadline, NULL);
	}
	if (vm->node[0] != '\0') {
		job_end(vm, deadline);
	}
	rc = unplug(vm, deadline, err);
	rc = rc != 0 || !known ? rc : lun_take(vm, deadline, err);
	if (rc == 0) {
		struct err why = ERR_INIT;

		if (vm_keep_remove(vm->unit->key, &why) != 0) {
			unit_tell(vm, "stop", "revoke", &why);
		}
	}
	return vm_record_close(vm, rc, deadline, err);
}

int unit_stop(const struct unit_settings *settings, struct deadline deadline,
	      const struct vm_report *report, struct err *err)
{
	struct vm_keep *keep __attribute__((cleanup(vm_keep_drop))) = NULL;
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	struct unit unit;

	unit_init(&unit, settings);
	vm = unit_context_new(&unit, report, deadline);
	return vm == NULL ? err_set(err, -ENOMEM, "out of memory")
			  : stop_all(vm, &keep, deadline, err);
}
