/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "action/vm_end.h"

#include "rules/op_times.h"
#include "step/vm_boot.h"
#include "step/vm_masks.h"
#include "step/vm_save.h"
#include "step/vm_state.h"

#define SHUTDOWN_AGAIN_MS 10000
#define WAKE_MS 200
#define LIBVIRT_ANSWER_MS 5000
#define LIBVIRT_AWAY_MS 30000
#define LIBVIRT_AGAIN_MS 250
/* The source of a failed migration is being stopped at the same time. */
#define SOURCE_TELLS_MS 10000

void vm_end_tell(struct vm_context *vm, enum task_event_kind kind, const char *step,
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

/* Save because the settings say so, or because the domain is left from a failed migration (I10). */
static bool save_wanted(const struct vm_context *vm)
{
	return vm->settings->stop_mode == VM_STOP_SAVE || vm->journal.save;
}

/*
 * Unless the source has sent the guest, what has arrived here may be older than the disks. If it
 * has, this is the guest. It runs for a moment, because QEMU cannot save what arrived before it has
 * opened the disks.
 */
static int arrived_save(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = 0;

	if (vm->image == IMAGE_VALID ||
	    !vm_journal_sent_wait(&vm->journal, deadline_within(deadline, SOURCE_TELLS_MS))) {
		return 0;
	}
	rc = hypervisor_resume(vm->hypervisor, vm->settings->vm, deadline, err);
	return rc != 0 ? rc : vm_save_run(vm, deadline, err);
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
	if (state == DOMAIN_ARRIVED) {
		return arrived_save(vm, deadline, err);
	}
	switch (vm_boot_decide(state, vm->image)) {
	case VM_BOOT_DESTROY: return 0;
	case VM_BOOT_RESUME: return vm_save_run(vm, deadline, err);
	default: return save_wanted(vm) ? vm_save_run(vm, deadline, err) : 0;
	}
}

static bool libvirt_away(int rc)
{
	return rc == -ECONNREFUSED || rc == -ENOTCONN || rc == -ETIMEDOUT;
}

/* A restart of libvirtd takes seconds, and must not cost the guest its clean end. */
static int state_wait(struct vm_context *vm, struct deadline deadline, enum domain_state *ret,
		      struct err *err)
{
	struct deadline away = deadline_in(deadline_left_ms(deadline) / 3);
	int rc;

	away = deadline_within(away, LIBVIRT_AWAY_MS);
	do {
		rc = vm_domain_state(vm, deadline_within(deadline, LIBVIRT_ANSWER_MS), ret, err);
	} while (libvirt_away(rc) && deadline_pause(away, LIBVIRT_AGAIN_MS));
	return rc;
}

/*
 * May the vCPUs of a paused domain run here? Only if its LUNs answer, and no other host can run the
 * guest: its memory is nowhere else, and nobody else reaches its LUNs (I1).
 */
static int wake_allowed(struct vm_context *vm, enum domain_state state, struct deadline deadline,
			struct err *err)
{
	int rc = vm->self == NULL ? err_set(err, -EINVAL, "this host is not in the configuration")
				  : vm_paths_verify(vm, deadline, err);

	rc = rc != 0 ? rc : vm_state_load(vm, deadline, err);
	if (rc == 0 && vm_boot_decide(state, vm->image) != VM_BOOT_RESUME) {
		rc = err_set(err, -EBUSY, "the saved memory on LUN %s (%s) is the guest's",
			     vm->state.lun, image_state_to_str(vm->image));
	}
	rc = rc != 0 ? rc : vm_masks_other_holder(vm, deadline, err);
	return rc == TASK_DONE ? 0 : rc == TASK_NOT_DONE ? -EBUSY : rc;
}

/* A guest that sleeps or is paused does not hear that it shall shut down. */
static int guest_wake(struct vm_context *vm, enum domain_state state, struct deadline deadline,
		      struct err *err)
{
	int rc = 0;

	if (state == DOMAIN_SUSPENDED) {
		rc = hypervisor_wake(vm->hypervisor, vm->settings->vm, deadline, err);
	} else if (state == DOMAIN_PAUSED || state == DOMAIN_PAUSED_IO_ERROR) {
		rc = wake_allowed(vm, state, deadline, err);
		rc = rc != 0 ? rc
			     : hypervisor_resume(vm->hypervisor, vm->settings->vm, deadline, err);
	}
	return rc == 0 ? 0
		       : err_prefix(err, rc, "the guest is %s and cannot be woken",
				    domain_state_to_str(state));
}

/* Asked while it still wakes up, the guest is asked again. */
static int shutdown_ask(struct vm_context *vm, enum domain_state state, struct deadline deadline,
			struct err *err)
{
	int rc = guest_wake(vm, state, deadline, err);

	if (rc == 0) {
		rc = hypervisor_shutdown(vm->hypervisor, vm->settings->vm, deadline, err);
	}
	return rc == -EIO && state == DOMAIN_SUSPENDED ? -EAGAIN : rc;
}

/* A guest that is still booting misses a press of the power button, so the press is repeated. */
static int domain_shut_down(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	enum domain_state state;
	int rc;

	do {
		rc = state_wait(vm, deadline, &state, err);
		if (rc != 0 || !domain_state_active(state)) {
			return rc;
		}
		rc = shutdown_ask(vm, state, deadline, err);
		if (rc == 0) {
			rc = hypervisor_wait_gone(vm->hypervisor, vm->settings->vm,
						  deadline_within(deadline, SHUTDOWN_AGAIN_MS),
						  err);
		}
	} while ((libvirt_away(rc) || (rc == -EAGAIN && deadline_pause(deadline, WAKE_MS))) &&
		 !deadline_passed(deadline));
	return rc;
}

/* The states in which a guest can be asked to shut down. */
static bool can_shut_down(enum domain_state state)
{
	return state == DOMAIN_RUNNING || state == DOMAIN_SHUTTING_DOWN || state == DOMAIN_PAUSED ||
	       state == DOMAIN_PAUSED_IO_ERROR || state == DOMAIN_SUSPENDED;
}

/*
 * If only the journal asks for saving, a guest that cannot be saved still gets time to shut down.
 */
static struct deadline save_until(const struct vm_context *vm, struct deadline deadline)
{
	return vm->settings->stop_mode == VM_STOP_SAVE ? deadline
						       : deadline_keep(deadline, OP_SHUTDOWN_MS, 3);
}

/* An incoming migration cannot be aborted, and holds no guest that could be shut down. */
static int job_end(struct vm_context *vm, struct deadline deadline, enum domain_state *ret_state,
		   struct err *err)
{
	int rc = state_wait(vm, deadline, ret_state, err);

	if (rc == 0) {
		rc = hypervisor_abort_job(vm->hypervisor, vm->settings->vm, deadline, err);
	}
	return rc != 0 ? rc : state_wait(vm, deadline, ret_state, err);
}

void vm_end_kindly(struct vm_context *vm, struct deadline deadline)
{
	int64_t since_ms = deadline_now_ms();
	struct err err = ERR_INIT;
	enum domain_state state;

	if (job_end(vm, deadline, &state, &err) != 0) {
		vm_end_tell(vm, TASK_STEP_FAILED, "state", since_ms, &err);
		return;
	}
	if (vm->self != NULL &&
	    (save_wanted(vm) || state == DOMAIN_PAUSED_MIGRATION || state == DOMAIN_ARRIVED)) {
		if (domain_save(vm, state, save_until(vm, deadline), &err) == 0) {
			return;
		}
		vm_end_tell(vm, TASK_STEP_FAILED, "save", since_ms, &err);
		/* What had arrived runs by now. */
		if (state_wait(vm, deadline, &state, &err) != 0) {
			return;
		}
	}
	since_ms = deadline_now_ms();
	if (can_shut_down(state) && domain_shut_down(vm, deadline, &err) != 0) {
		vm_end_tell(vm, TASK_STEP_FAILED, "shutdown", since_ms, &err);
	}
}
