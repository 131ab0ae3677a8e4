/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "action/vm.h"

#include "action/vm_complete.h"
#include "action/vm_mapping.h"
#include "media/vm_firmware.h"
#include "media/vm_tpm.h"
#include "action/vm_record.h"
#include "step/vm_boot.h"
#include "step/vm_masks.h"
#include "vm/vm_lun_owner.h"
#include "step/vm_own.h"
#include "step/vm_release.h"
#include "step/vm_state.h"
#include "step/vm_takeover.h"
#include "vm/vm_config_copy.h"
#include "vm/vm_config_file.h"
#include "vm/vm_context.h"
#include "vm/vm_keep.h"

#define UNDO_RESERVE_MS 15000

/*
 * A live host that was fenced is a member of the cluster again before it is unfenced
 * (lunmask-cutoff). Pacemaker may place a VM on it in between. The steps wait this long for the
 * unfencing: after a failed start Pacemaker would not use the host for the VM until an
 * administrator cleans up.
 */
#define FENCED_WAIT_MS 30000

static const struct task_step steps[] = {
	{
		.name = "drives",
		.run = vm_mapping_domain_check,
		.timeout_ms = 10000,
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
		.undo = vm_own_grant_undo,
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
		.name = "owner",
		.run = vm_lun_owner_check,
		.timeout_ms = 10000,
		.tries = 2,
		.retry_ms = 500,
		.flags = TASK_CHECK,
	},
	{
		.name = "mapping",
		.probe = vm_mapping_probe,
		.run = vm_mapping_run,
		.timeout_ms = 20000,
		.tries = 2,
		.retry_ms = 500,
	},
	{
		.name = "firmware",
		.probe = vm_firmware_probe,
		.run = vm_firmware_run,
		.timeout_ms = 30000,
		.tries = 2,
		.retry_ms = 500,
	},
	{
		.name = "tpm",
		.probe = vm_tpm_probe,
		.run = vm_tpm_run,
		.undo = vm_tpm_undo,
		.timeout_ms = 60000,
		.tries = 2,
		.retry_ms = 500,
	},
	{
		.name = "run",
		.probe = vm_boot_probe,
		.run = vm_boot_run,
		.undo = vm_boot_undo,
		.timeout_ms = 600000,
		.tries = 2,
		.retry_ms = 500,
		.flags = TASK_WIDENS,
	},
	{
		.name = "complete",
		.probe = vm_complete_probe,
		.run = vm_complete_run,
		.timeout_ms = 20000,
		.tries = 2,
		.retry_ms = 500,
	},
};

int vm_start(const struct vm_settings *settings, struct deadline deadline,
	     const struct vm_report *report, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	int rc = vm_context_open(settings, report, deadline, &vm, err);

	if (rc == 0) {
		rc = vm_config_copy_store(err);
	}
	if (rc == 0) {
		rc = vm_keep_store(vm, err);
	}
	if (rc == 0) {
		rc = vm_record_open(vm, VM_ACTION_START, "", vm->node, deadline, err);
	}
	if (rc != 0) {
		return rc;
	}
	rc = vm_task_run(vm, "start", VM_STEPS(steps), UNDO_RESERVE_MS, deadline, err);
	if (rc == 0) {
		vm_config_tell(vm, "start");
	}
	return vm_record_close(vm, rc, deadline, err);
}
