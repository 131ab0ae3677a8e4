/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include "action/vm_record.h"
#include "step/vm_masks.h"
#include "step/vm_own.h"
#include "step/vm_release.h"
#include "step/vm_takeover.h"
#include "unit/unit_masks.h"
#include "unit/unit_plug.h"
#include "vm/vm_config_copy.h"
#include "vm/vm_keep.h"

#define UNDO_RESERVE_MS 20000
/* As for a VM: a live host that was fenced is a member again before it is unfenced. */
#define FENCED_WAIT_MS 30000

static const struct task_step steps[] = {
	{
		.name = "vm",
		.run = unit_vm_check,
		.timeout_ms = 10000,
		.tries = 5,
		.retry_ms = 1000,
		.flags = TASK_CHECK,
	},
	{
		.name = "owner",
		.run = unit_owner_check,
		.timeout_ms = 20000,
		.tries = 2,
		.retry_ms = 500,
		.flags = TASK_CHECK,
	},
	{
		.name = "takeover",
		.probe = vm_takeover_probe,
		.run = vm_takeover_run,
		.timeout_ms = 60000,
		.tries = 3,
		.retry_ms = 500,
		.fenced_wait_ms = FENCED_WAIT_MS,
		.flags = TASK_WIDENS,
	},
	{
		.name = "withdraw",
		.probe = vm_release_withdraw_probe,
		.run = vm_release_withdraw_run,
		.timeout_ms = 20000,
		.tries = 2,
		.retry_ms = 500,
		.fenced_wait_ms = FENCED_WAIT_MS,
		.flags = TASK_WIDENS,
	},
	{
		.name = "grant",
		.probe = vm_own_grant_probe,
		.run = vm_own_grant_run,
		.undo = unit_grant_undo,
		.timeout_ms = 30000,
		.tries = 3,
		.retry_ms = 500,
		.fenced_wait_ms = FENCED_WAIT_MS,
		.flags = TASK_WIDENS | TASK_GRANTS,
	},
	{
		.name = "verify",
		.run = vm_paths_verify,
		.timeout_ms = 30000,
		.tries = 3,
		.retry_ms = 500,
		.flags = TASK_CHECK,
	},
	{
		.name = "process",
		.run = unit_process_check,
		.timeout_ms = 10000,
		.tries = 2,
		.retry_ms = 500,
		.flags = TASK_CHECK,
	},
	/* A migration of the VM that has just ended leaves its task to the stop on the source. */
	{
		.name = "plug",
		.probe = unit_plug_probe,
		.run = unit_plug_run,
		.undo = unit_plug_undo,
		.timeout_ms = 30000,
		.tries = 20,
		.retry_ms = 1000,
		.flags = TASK_WIDENS,
	},
};

int unit_start(const struct unit_settings *settings, struct deadline deadline,
	       const struct vm_report *report, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	struct unit unit;
	int rc;

	unit_init(&unit, settings);
	rc = unit_open(&unit, report, deadline, &vm, err);
	rc = rc != 0 ? rc : vm_config_copy_store(err);
	rc = rc != 0 ? rc : vm_keep_store(vm, err);
	rc = rc != 0 ? rc : vm_record_open(vm, VM_ACTION_START, "", vm->node, deadline, err);
	if (rc != 0) {
		return rc;
	}
	rc = vm_task_run(vm, "start", VM_STEPS(steps), UNDO_RESERVE_MS, deadline, err);
	return vm_record_close(vm, rc, deadline, err);
}
