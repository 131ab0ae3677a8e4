/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "action/vm.h"

#include <stdlib.h>

#include "action/vm_end.h"
#include "action/vm_record.h"
#include "carry/carry.h"
#include "process/qemu_process.h"
#include "rules/op_times.h"
#include "state/image.h"
#include "step/vm_gone.h"
#include "step/vm_masks.h"
#include "step/vm_release.h"
#include "still/still_record.h"
#include "vm/vm_config_copy.h"
#include "vm/vm_context.h"
#include "vm/vm_keep.h"
#include "media/vm_media.h"
#include "media/vm_secret.h"
#include "media/vm_tpm.h"

/*
 * stop is the recovery routine. It needs neither the domain definition nor quorum nor the journal.
 * What was granted to this host, and how to reach the array, it knows from vm_keep.h, whatever has
 * become of the VM's parameters and of lunmask.conf.
 *
 * The times below are kept back for the later parts; the guest gets the rest to shut down.
 */
#define MEND_MS 5000
#define RELEASE_RESERVE_MS 10000
#define LIBVIRT_ANSWER_MS 5000
#define CARRY_MS 5000

/*
 * Kills the domain through libvirt, which may not answer, and then makes sure that no process is
 * left. libvirtd may still carry out a request of a killed task and start the domain again: -EAGAIN
 * asks for another try.
 */
static int domain_end_by_force(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc;

	/* libvirt waits for swtpm, and swtpm for an array that may not answer. */
	(void)vm_tpm_end(vm, deadline_keep(deadline, OP_DESTROY_MS, 2), NULL);
	if (vm->hypervisor != NULL) {
		(void)hypervisor_destroy(vm->hypervisor, vm->settings->vm,
					 deadline_keep(deadline, OP_DESTROY_MS, 2), NULL);
	}
	rc = qemu_process_end(vm->settings->vm, deadline, err);
	if (rc == 0 && vm->hypervisor != NULL) {
		(void)hypervisor_wait_gone(vm->hypervisor, vm->settings->vm,
					   deadline_within(deadline, LIBVIRT_ANSWER_MS), NULL);
	}
	if (rc == 0 && vm_gone_probe(vm, deadline, NULL) != TASK_DONE) {
		rc = err_set(err, -EAGAIN, "the domain was started again after it was killed");
	}
	return rc;
}

static int domain_gone_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;

	vm_end_kindly(vm, deadline_keep(deadline, OP_DESTROY_MS, 3));
	return domain_end_by_force(vm, deadline, err);
}

static int domain_late_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct hypervisor *hypervisor;

	(void)vm_hypervisor(vm, deadline_within(deadline, LIBVIRT_ANSWER_MS), &hypervisor, NULL);
	return domain_end_by_force(vm, deadline, err);
}

static int export_gone(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;

	return image_export_remove_stale(vm->settings->vm, deadline, err);
}

static const struct task_step domain_steps[] = {
	{
		.name = "domain",
		.probe = vm_gone_probe,
		.run = domain_gone_run,
		.timeout_ms = 24 * 3600 * 1000,
		.tries = 3,
		.retry_ms = 200,
		.flags = TASK_BLIND,
	},
	{
		.name = "export",
		.run = export_gone,
		.timeout_ms = 10000,
		.tries = 1,
		.flags = TASK_CHECK,
	},
	{
		.name = "tpm",
		.run = vm_tpm_end,
		.timeout_ms = 15000,
		.tries = 2,
		.retry_ms = 200,
		.flags = TASK_CHECK,
	},
	{
		.name = "secret",
		.run = vm_secret_end,
		.timeout_ms = 10000,
		.tries = 1,
		.flags = TASK_CHECK,
	},
};

static const struct task_step revoke_steps[] = {
	{
		.name = "revoke",
		.probe = vm_revoke_probe,
		.run = vm_revoke_run,
		.timeout_ms = 30000,
		.tries = 5,
		.retry_ms = 500,
		.flags = TASK_BUSY_ENDS | TASK_BLIND,
	},
};

static const struct task_step late_steps[] = {
	/*
	 * libvirtd continues what a killed start or migration asked for. A domain that appeared
	 * between the first probe and the revoke is found now; one that appears later cannot open
	 * its LUNs.
	 */
	{
		.name = "late",
		.probe = vm_gone_probe,
		.run = domain_late_run,
		.timeout_ms = 30000,
		.tries = 3,
		.retry_ms = 200,
		.flags = TASK_BLIND,
	},
};

/*
 * Records a release instead. The domain is gone, so this host gives away its own right only; no
 * error of the array, of its driver or of ssh is worth a fencing.
 */
static int release(struct vm_context *vm, const struct err *cause, struct deadline deadline,
		   struct err *err)
{
	int64_t since_ms = deadline_now_ms();
	struct err why = ERR_INIT;
	int rc = vm_release_commit(vm, deadline, &why);

	if (rc == 0) {
		vm_end_tell(vm, TASK_STEP_DONE, "release", since_ms, cause);
		return 0;
	}
	return err_set(err, rc, "%s; and they cannot be released: %s", err_text(cause),
		       err_text(&why));
}

static int revoke_or_release(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct err why = ERR_INIT;
	int rc = vm_task_run(vm, "stop", VM_STEPS(revoke_steps), 0,
			     deadline_keep(deadline, RELEASE_RESERVE_MS, 3), &why);

	if (rc == 0) {
		vm_release_settle(vm, deadline);
		vm_media_revoke(vm, "stop", deadline);
		return 0;
	}
	(void)err_prefix(&why, rc, "the domain is gone from %s, but its LUNs may still be granted",
			 vm->node);
	return release(vm, &why, deadline, err);
}

static int revoke_all(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = revoke_or_release(vm, deadline, err);

	return rc != 0 ? rc : vm_task_run(vm, "stop", VM_STEPS(late_steps), 0, deadline, err);
}

/* Loads the configuration, or else the copy in VM_CONFIG_COPY_FILE. */
static int config_load_any(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = vm_config_apply(vm, NULL, deadline, err);

	return rc != 0 && vm_config_apply(vm, VM_CONFIG_COPY_FILE, deadline, NULL) == 0 ? 0 : rc;
}

/* Parses the settings and loads the configuration. */
static int config_find(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = vm_settings_parse(vm->settings, vm, err);

	/* The record needs the name, even if all the rest is wrong. */
	(void)vm_node_find(vm, deadline, NULL);
	return rc != 0 ? rc : config_load_any(vm, deadline, err);
}

/* What may be granted to this host, and where that is known from. */
struct granted {
	int config_rc;
	struct err config_err;
	int keep_rc;
	struct err keep_err;
	struct vm_keep *keep;
	/* The journal's, where nothing is kept, and the settings with its array. */
	struct journal_release row;
	struct vm_settings settings;
	bool absent; /* there was no domain when stop began */
};

static void granted_drop(struct granted *granted)
{
	vm_keep_free(granted->keep);
}

/* What a migration has granted to this host is in the journal only, until migrate_from. */
static bool row_apply(struct vm_context *vm, struct granted *granted, struct deadline deadline)
{
	struct journal_release *row = &granted->row;

	if (!vm->recorded ||
	    vm_journal_grant_find(&vm->journal, vm->node, deadline, row, NULL) != 0) {
		return false;
	}
	granted->settings = *vm->settings;
	granted->settings.array = row->array;
	vm->settings = &granted->settings;
	for (vm->n_luns = 0; vm->n_luns < row->n_luns; vm->n_luns++) {
		vm->lun_names[vm->n_luns] = row->luns[vm->n_luns];
	}
	return true;
}

/*
 * Neither the settings nor the file are usable. Nothing is revoked only if nothing was granted
 * here: no file was written for the VM since this host booted, the journal has no grant, and there
 * was no domain.
 */
static int revoke_unknown(struct vm_context *vm, struct granted *granted, struct deadline deadline,
			  struct err *err)
{
	struct err why = ERR_INIT;
	bool in_journal = vm->n_luns == 0 && row_apply(vm, granted, deadline);

	if (in_journal && config_load_any(vm, deadline, &granted->config_err) == 0) {
		return revoke_all(vm, deadline, err);
	}
	if (granted->keep_rc == -ENOENT && granted->absent && !in_journal) {
		vm_end_tell(vm, TASK_STEP_FAILED, "revoke", deadline_now_ms(),
			    &granted->config_err);
		return 0;
	}
	(void)err_set(&why, 0,
		      "the domain is gone from %s, but its LUNs may still be granted and cannot be "
		      "revoked: %s%s%s",
		      vm->node, err_text(&granted->config_err),
		      granted->keep_rc == -ENOENT ? "" : "; ",
		      granted->keep_rc == -ENOENT ? "" : err_text(&granted->keep_err));
	return vm->n_luns > 0 ? release(vm, &why, deadline, err)
			      : err_set(err, granted->config_rc, "%s", err_text(&why));
}

static int revoke_granted(struct vm_context *vm, struct granted *granted, struct deadline deadline,
			  struct err *err)
{
	struct err why = ERR_INIT;
	int rc;

	if (granted->keep != NULL) {
		vm_keep_apply(granted->keep, vm);
	}
	rc = granted->config_rc == 0 || granted->keep != NULL
		     ? revoke_all(vm, deadline, err)
		     : revoke_unknown(vm, granted, deadline, err);
	if (rc == 0 && vm->recorded) {
		carry_leave(vm, deadline_within(deadline, CARRY_MS));
	}
	if (rc == 0 && vm_keep_remove(vm->settings->vm, &why) != 0) {
		vm_end_tell(vm, TASK_STEP_FAILED, "revoke", deadline_now_ms(), &why);
	}
	return rc;
}

static int stop_all(struct vm_context *vm, struct granted *granted, struct deadline deadline,
		    struct err *err)
{
	int rc;

	granted->config_rc = config_find(vm, deadline, &granted->config_err);
	granted->keep_rc = vm_keep_load(vm->settings->vm, &granted->keep, &granted->keep_err);
	granted->absent = vm_gone_probe(vm, deadline, NULL) == TASK_DONE;
	/* Without this node's name nothing can be recorded. */
	if (vm->node[0] != '\0') {
		(void)vm_record_open(vm, VM_ACTION_STOP, vm->node, "", deadline, NULL);
	}
	rc = vm_task_run(vm, "stop", VM_STEPS(domain_steps), 0,
			 deadline_keep(deadline, OP_REVOKE_MS, 3), err);
	return rc != 0 ? rc : revoke_granted(vm, granted, deadline, err);
}

int vm_stop(const struct vm_settings *settings, struct deadline deadline,
	    const struct vm_report *report, struct err *err)
{
	struct granted granted __attribute__((cleanup(granted_drop))) = {.keep = NULL};
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = calloc(1, sizeof(*vm));
	int rc;

	if (vm == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	vm->settings = settings;
	vm->report = report;
	if (settings->vm == NULL || settings->vm[0] == '\0') {
		return 0;
	}
	/* A guest that stands still would not shut down. */
	(void)still_mend(settings->vm, deadline_within(deadline, MEND_MS), NULL);
	rc = stop_all(vm, &granted, deadline, err);
	return vm_record_close(vm, rc, deadline, err);
}
