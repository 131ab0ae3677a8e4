/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "action/vm.h"

#include <stdlib.h>

#include "action/vm_record.h"
#include "action/vm_run.h"
#include "process/qemu_process.h"
#include "state/image.h"
#include "step/vm_boot.h"
#include "step/vm_gone.h"
#include "step/vm_masks.h"
#include "step/vm_release.h"
#include "step/vm_save.h"
#include "step/vm_state.h"
#include "vm/vm_config_copy.h"
#include "vm/vm_context.h"

/*
 * stop is the recovery routine. It needs neither the domain definition nor quorum nor the journal,
 * and of the configuration only what is needed to reach the array.
 *
 * The times below are kept back for the later parts; the guest gets the rest to shut down.
 */
#define REVOKE_RESERVE_MS 15000
#define DESTROY_RESERVE_MS 20000
#define SHUTDOWN_RESERVE_MS 30000
#define RELEASE_RESERVE_MS 10000
#define LIBVIRT_ANSWER_MS 5000
#define SHUTDOWN_AGAIN_MS 10000

/* With a short time-out, each part gets its share. */
static struct deadline kept_back(struct deadline deadline, int reserve_ms, int share)
{
	int part_ms = deadline_left_ms(deadline) / share;

	return deadline_before(deadline, reserve_ms < part_ms ? reserve_ms : part_ms);
}

/* Save because the settings say so, or because the domain is left from a failed migration (I10). */
static bool save_wanted(const struct vm_context *vm)
{
	return vm->settings->stop_mode == VM_STOP_SAVE || vm->journal.save;
}

/*
 * A domain that was restored and has not run is the only copy of the guest's memory once its image
 * is consumed. Until then the image is that copy, and must not be overwritten.
 */
static int domain_save(struct vm_context *vm, enum domain_state state, struct deadline deadline,
		       struct err *err)
{
	int rc = vm_paths_verify(vm, deadline, err);

	if (rc == 0) {
		rc = vm_state_load(vm, deadline, err);
	}
	if (rc != 0) {
		return rc;
	}
	switch (vm_boot_decide(state, vm->image)) {
	case VM_BOOT_DESTROY: return 0;
	case VM_BOOT_RESUME: return vm_save_run(vm, deadline, err);
	default: return save_wanted(vm) ? vm_save_run(vm, deadline, err) : 0;
	}
}

/* A guest that is still booting misses a press of the power button, so the press is repeated. */
static int domain_shut_down(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	enum domain_state state;
	int rc;

	do {
		rc = vm_domain_state(vm, deadline, &state, err);
		if (rc != 0 || !domain_state_active(state)) {
			return rc;
		}
		rc = hypervisor_shutdown(vm->hypervisor, vm->settings->vm, deadline, err);
		if (rc == 0) {
			rc = hypervisor_wait_gone(vm->hypervisor, vm->settings->vm,
						  deadline_within(deadline, SHUTDOWN_AGAIN_MS),
						  err);
		}
	} while (rc == -ETIMEDOUT && !deadline_passed(deadline));
	return rc;
}

static void tell_end(struct vm_context *vm, enum task_event_kind kind, const char *step,
		     int64_t since_ms, const struct err *err)
{
	struct task_event event = {
		.kind = kind,
		.task = "stop",
		.step = step,
		.duration_ms = deadline_now_ms() - since_ms,
		.text = err_text(err),
	};

	vm_report_event(vm, &event);
}

static void tell_fallback(struct vm_context *vm, const char *step, int64_t since_ms,
			  const struct err *err)
{
	tell_end(vm, TASK_STEP_FAILED, step, since_ms, err);
}

/*
 * If only the journal asks for saving, a guest that cannot be saved still gets time to shut down.
 */
static struct deadline save_until(const struct vm_context *vm, struct deadline deadline)
{
	return vm->settings->stop_mode == VM_STOP_SAVE
		       ? deadline
		       : kept_back(deadline, SHUTDOWN_RESERVE_MS, 3);
}

/* Saves the guest or shuts it down. What is still here afterwards is killed. */
static void domain_end_kindly(struct vm_context *vm, struct deadline deadline)
{
	int64_t since_ms = deadline_now_ms();
	struct err err = ERR_INIT;
	enum domain_state state;

	if (vm_domain_state(vm, deadline, &state, &err) != 0) {
		tell_fallback(vm, "state", since_ms, &err);
		return;
	}
	if (vm->self != NULL && (save_wanted(vm) || state == DOMAIN_PAUSED_MIGRATION)) {
		if (domain_save(vm, state, save_until(vm, deadline), &err) == 0) {
			return;
		}
		tell_fallback(vm, "save", since_ms, &err);
	}
	since_ms = deadline_now_ms();
	if ((state == DOMAIN_RUNNING || state == DOMAIN_SHUTTING_DOWN) &&
	    domain_shut_down(vm, deadline, &err) != 0) {
		tell_fallback(vm, "shutdown", since_ms, &err);
	}
}

/*
 * Kills the domain through libvirt, which may not answer, and then makes sure that no process is
 * left. libvirtd may still carry out a request of a killed task and start the domain again: -EAGAIN
 * asks for another try.
 */
static int domain_end_by_force(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc;

	if (vm->hypervisor != NULL) {
		(void)hypervisor_destroy(vm->hypervisor, vm->settings->vm,
					 kept_back(deadline, DESTROY_RESERVE_MS, 2), NULL);
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
	struct deadline kind = kept_back(deadline, DESTROY_RESERVE_MS, 3);
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline_within(deadline, LIBVIRT_ANSWER_MS), &hypervisor, NULL);

	/* An incoming migration cannot be aborted, and holds no guest that could be shut down. */
	if (rc == 0 && hypervisor_abort_job(hypervisor, vm->settings->vm, kind, NULL) == 0) {
		domain_end_kindly(vm, kind);
	}
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
	},
	{
		.name = "export",
		.run = export_gone,
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
	},
};

/* Could the array's management not be reached? Any other error is an answer of the array. */
static bool management_away(int rc)
{
	return rc == -EHOSTUNREACH || rc == -ENETUNREACH || rc == -ECONNREFUSED ||
	       rc == -ECONNRESET || rc == -ETIMEDOUT;
}

/* Records a release instead: an outage of the array's management must not get every host fenced. */
static int release(struct vm_context *vm, const struct err *cause, struct deadline deadline,
		   struct err *err)
{
	int64_t since_ms = deadline_now_ms();
	struct err why = ERR_INIT;
	int rc = vm_release_commit(vm, deadline, &why);

	if (rc == 0) {
		tell_end(vm, TASK_STEP_DONE, "release", since_ms, cause);
		return 0;
	}
	return err_set(err, rc, "%s; and they cannot be released: %s", err_text(cause),
		       err_text(&why));
}

static int revoke_or_release(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct err why = ERR_INIT;
	int rc = vm_task_run(vm, "stop", VM_STEPS(revoke_steps), 0,
			     kept_back(deadline, RELEASE_RESERVE_MS, 3), &why);

	if (rc == 0) {
		vm_release_settle(vm, deadline);
		return 0;
	}
	(void)err_prefix(&why, rc, "the domain is gone from %s, but its LUNs may still be granted",
			 vm->node);
	return management_away(rc) ? release(vm, &why, deadline, err)
				   : err_set(err, rc, "%s", err_text(&why));
}

static int revoke_all(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = revoke_or_release(vm, deadline, err);

	return rc != 0 ? rc : vm_task_run(vm, "stop", VM_STEPS(late_steps), 0, deadline, err);
}

/*
 * Parses the settings and loads the configuration, or else the copy in VM_CONFIG_COPY_FILE. If all
 * of that fails and the domain was absent from the beginning, stop succeeds: with no copy kept
 * since this host booted, nothing was started here that could hold a grant.
 */
static int config_find(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = vm_settings_parse(vm->settings, vm, err);

	if (rc != 0) {
		return rc;
	}
	rc = vm_config_apply(vm, NULL, deadline, err);
	if (rc != 0 && vm_config_apply(vm, VM_CONFIG_COPY_FILE, deadline, NULL) == 0) {
		rc = 0;
	}
	return rc;
}

static int stop_all(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct err config_err = ERR_INIT;
	int config_rc = config_find(vm, deadline, &config_err);
	bool absent = vm_gone_probe(vm, deadline, NULL) == TASK_DONE;
	int rc;

	/* Without a configuration this node's name is not known, and nothing can be recorded. */
	if (vm->node[0] != '\0') {
		(void)vm_record_open(vm, VM_ACTION_STOP, vm->node, "", deadline, NULL);
	}
	rc = vm_task_run(vm, "stop", VM_STEPS(domain_steps), 0,
			 kept_back(deadline, REVOKE_RESERVE_MS, 3), err);
	if (rc != 0) {
		return rc;
	}
	if (config_rc == 0) {
		return revoke_all(vm, deadline, err);
	}
	if (absent) {
		tell_fallback(vm, "revoke", deadline_now_ms(), &config_err);
		return 0;
	}
	return err_set(err, config_rc,
		       "the domain is gone, but its LUNs are still granted to this host and "
		       "cannot be revoked: %s",
		       err_text(&config_err));
}

int vm_stop(const struct vm_settings *settings, struct deadline deadline,
	    const struct vm_report *report, struct err *err)
{
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
	rc = stop_all(vm, deadline, err);
	return vm_record_close(vm, rc, deadline, err);
}
