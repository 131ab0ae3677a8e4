/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_VISIT_H
#define LUNMASK_VM_VISIT_H

#include "step/vm_masks.h"
#include "step/vm_own.h"
#include "step/vm_release.h"
#include "vm/vm_context.h"

/*
 * An administrator's command reads or writes the state LUN of a VM, as a task of the kind
 * reconcile, for which starts and migrations wait. It takes at most VM_VISIT_HOLD_MS, plus 4 s to
 * end it. Either the VM runs nowhere, and this host is granted its LUNs for a moment:
 *
 *	STEP_UNUSED, STEP_WITHDRAW, STEP_GRANT, STEP_VERIFY, STEP_READ, what is done, STEP_REVOKE
 *
 * or it runs here, and has its LUNs:
 *
 *	STEP_RUNS, STEP_VERIFY, STEP_READ, what is done
 *
 *	rc = vm_visit_stopped(vm, "image", VM_STEPS(steps), deadline, err);     or
 *vm_visit_running()
 *
 * What was granted is given back also if a step fails. Errors: -EBUSY: another host has a path to
 * the LUNs, or the domain is in a state between; -ENODATA: the state LUN was never written; those
 *of vm_journal.h, vm_masks.h and state_lun.h.
 */
#define VM_VISIT_HOLD_MS 14000

int vm_visit_stopped(struct vm_context *vm, const char *name, const struct task_step *steps,
		     size_t n_steps, struct deadline deadline, struct err *err);

/*
 * For at most hold_ms. -EBUSY also for some minutes after a migration that failed: the visit's task
 * would hide it from stop, which then saves the guest's memory.
 */
int vm_visit_running(struct vm_context *vm, const char *name, const struct task_step *steps,
		     size_t n_steps, int hold_ms, struct deadline deadline, struct err *err);

/*
 * -EBUSY for some minutes after a migration of the VM that failed: a task that is begun now would
 * hide it from stop.
 */
int vm_visit_no_recovery(const char *vm, struct deadline deadline, struct err *err);

/* Reads the state LUN again. -ESTALE: it has another generation than vm->generation. */
int vm_visit_unchanged(void *context, struct deadline deadline, struct err *err);

int vm_visit_unused(void *context, struct deadline deadline, struct err *err);
/* As vm_visit_unused(), but the VM may go on: the command belongs on its host. */
int vm_visit_not_elsewhere(void *context, struct deadline deadline, struct err *err);
int vm_visit_runs(void *context, struct deadline deadline, struct err *err);
int vm_visit_read(void *context, struct deadline deadline, struct err *err);

/* clang-format off */
#define STEP_CHECK(step, function)                                                                 \
	{                                                                                          \
		.name = (step), .run = (function), .timeout_ms = 5000, .tries = 1,                 \
		.flags = TASK_CHECK,                                                               \
	}
/* clang-format on */
#define STEP_UNUSED STEP_CHECK("unused", vm_visit_unused)
#define STEP_NOT_ELSEWHERE STEP_CHECK("unused", vm_visit_not_elsewhere)
#define STEP_RUNS STEP_CHECK("runs", vm_visit_runs)
#define STEP_WITHDRAW                                                                              \
	{                                                                                          \
		.name = "withdraw", .probe = vm_release_withdraw_probe,                            \
		.run = vm_release_withdraw_run, .timeout_ms = 5000, .tries = 2, .retry_ms = 200,   \
		.flags = TASK_WIDENS,                                                              \
	}
#define STEP_GRANT                                                                                 \
	{                                                                                          \
		.name = "grant", .probe = vm_own_grant_probe, .run = vm_own_grant_run,             \
		.undo = vm_own_grant_undo, .timeout_ms = 5000, .tries = 2, .retry_ms = 200,        \
		.flags = TASK_WIDENS | TASK_GRANTS,                                                \
	}
#define STEP_VERIFY STEP_CHECK("verify", vm_paths_verify)
#define STEP_READ STEP_CHECK("read", vm_visit_read)
#define STEP_UNCHANGED STEP_CHECK("read", vm_visit_unchanged)
#define STEP_REVOKE                                                                                \
	{                                                                                          \
		.name = "revoke", .probe = vm_revoke_probe, .run = vm_revoke_run,                  \
		.timeout_ms = 5000, .tries = 3, .retry_ms = 200, .flags = TASK_BLIND,              \
	}

#endif
