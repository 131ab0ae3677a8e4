/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm.h"

#include <stdlib.h>

#include "image.h"
#include "qemu_process.h"
#include "vm_boot.h"
#include "vm_context.h"
#include "vm_keep.h"
#include "vm_masks.h"
#include "vm_save.h"
#include "vm_state.h"

/*
 * stop is the recovery routine: it needs neither the domain definition nor quorum nor a journal,
 * and of the configuration only what it takes to reach the array.
 *
 * The time is spent so: what the guest gets to shut down is what is left when the parts below are
 * kept back.
 */
#define REVOKE_RESERVE_MS 15000
#define DESTROY_RESERVE_MS 20000
#define LIBVIRT_ANSWER_MS 5000
#define SHUTDOWN_AGAIN_MS 10000

/* Of a short time-out each part gets its share. */
static struct deadline kept_back(struct deadline deadline, int reserve_ms, int share)
{
	int part_ms = deadline_left_ms(deadline) / share;

	return deadline_before(deadline, reserve_ms < part_ms ? reserve_ms : part_ms);
}

/* Provably: libvirt knows no such domain, and no process calls itself its QEMU. */
static int domain_gone_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	enum domain_state state;
	pid_t pid;
	int rc = qemu_process_find(vm->settings->vm, &pid, err);

	if (rc != 0 || pid != 0) {
		return rc != 0 ? rc : TASK_NOT_DONE;
	}
	/* A libvirtd that does not answer cannot have a domain without a QEMU process. */
	rc = vm_domain_state(vm, deadline_within(deadline, LIBVIRT_ANSWER_MS), &state, NULL);
	return rc == 0 && state != DOMAIN_ABSENT ? TASK_NOT_DONE : TASK_DONE;
}

/*
 * A domain that was restored and never ran is the only copy of the guest's memory once its image is
 * consumed; until then the image is, and must not be written over.
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
	case VM_BOOT_CLEAR: return 0;
	case VM_BOOT_RESUME: return vm_save_run(vm, deadline, err);
	default:
		return vm->settings->stop_mode == VM_STOP_SAVE ? vm_save_run(vm, deadline, err) : 0;
	}
}

/* A guest that is still booting misses a power button: it is pressed again from time to time. */
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

static void tell_fallback(struct vm_context *vm, const char *step, int64_t since_ms,
			  const struct err *err)
{
	struct task_event event = {
		.kind = TASK_STEP_FAILED,
		.task = "stop",
		.step = step,
		.duration_ms = deadline_now_ms() - since_ms,
		.text = err_text(err),
	};

	vm_report_event(vm, &event);
}

/* The kind ways, as far as they go: what is still there afterwards is ended by force. */
static void domain_end_kindly(struct vm_context *vm, struct deadline deadline)
{
	int64_t since_ms = deadline_now_ms();
	struct err err = ERR_INIT;
	enum domain_state state;

	if (vm_domain_state(vm, deadline, &state, &err) != 0) {
		tell_fallback(vm, "state", since_ms, &err);
		return;
	}
	if (vm->self != NULL &&
	    (vm->settings->stop_mode == VM_STOP_SAVE || state == DOMAIN_PAUSED_MIGRATION)) {
		if (domain_save(vm, state, deadline, &err) == 0) {
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
 * By libvirt, which may not answer, and then whatever it said: no process may be left. What
 * libvirtd still carries out for a killed task may begin anew what was just ended: that is worth
 * another try.
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
	if (rc == 0 && domain_gone_probe(vm, deadline, NULL) != TASK_DONE) {
		rc = err_set(err, -EAGAIN, "the domain is there again after it was ended");
	}
	return rc;
}

static int domain_gone_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct deadline kind = kept_back(deadline, DESTROY_RESERVE_MS, 3);
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline_within(deadline, LIBVIRT_ANSWER_MS), &hypervisor, NULL);

	/* An incoming migration cannot be aborted, and is nothing to be kind to. */
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

	return image_export_end_stale(vm->settings->vm, deadline, err);
}

static const struct task_step domain_steps[] = {
	{
		.name = "domain",
		.probe = domain_gone_probe,
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
		.flags = TASK_LOOK_ONCE,
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
	/*
	 * libvirtd goes on with what a killed start or migration asked of it. A domain that came
	 * between the first look and the revoke is seen now; a later one cannot open its LUNs.
	 */
	{
		.name = "late",
		.probe = domain_gone_probe,
		.run = domain_late_run,
		.timeout_ms = 30000,
		.tries = 3,
		.retry_ms = 200,
	},
};

static int revoke(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = vm_task_run(vm, "stop", revoke_steps,
			     sizeof(revoke_steps) / sizeof(revoke_steps[0]), 0, deadline, err);

	if (rc == 0) {
		return 0;
	}
	return err_prefix(err, rc, "the domain is gone from %s, but its LUNs may still be granted",
			  vm->node);
}

/*
 * Who may tell the array, when settings or configuration are broken? With the domain absent from
 * the beginning and no copy of a configuration kept since this host booted, nothing was started
 * here that could hold a grant.
 */
static int config_find(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = vm_settings_parse(vm->settings, vm, err);

	if (rc != 0) {
		return rc;
	}
	rc = vm_config_apply(vm, NULL, deadline, err);
	if (rc != 0 && vm_config_apply(vm, VM_KEEP_FILE, deadline, NULL) == 0) {
		rc = 0;
	}
	return rc;
}

int vm_stop(const struct vm_settings *settings, struct deadline deadline,
	    const struct vm_report *report, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = calloc(1, sizeof(*vm));
	struct err config_err = ERR_INIT;
	bool absent;
	int config_rc;
	int rc;

	if (vm == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	vm->settings = settings;
	vm->report = report;
	if (settings->vm == NULL || settings->vm[0] == '\0') {
		return 0;
	}
	config_rc = config_find(vm, deadline, &config_err);
	absent = domain_gone_probe(vm, deadline, NULL) == TASK_DONE;
	rc = vm_task_run(vm, "stop", domain_steps, 2, 0, kept_back(deadline, REVOKE_RESERVE_MS, 3),
			 err);
	if (rc != 0) {
		return rc;
	}
	if (config_rc == 0) {
		return revoke(vm, deadline, err);
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
