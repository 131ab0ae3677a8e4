/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "action/vm.h"

#include "action/vm_mapping.h"
#include "action/vm_record.h"
#include "media/vm_tpm.h"
#include "step/vm_boot.h"
#include "step/vm_masks.h"
#include "step/vm_own.h"
#include "step/vm_peer.h"
#include "step/vm_state.h"
#include "vm/vm_config_copy.h"
#include "vm/vm_context.h"
#include "vm/vm_keep.h"

/*
 * The target's part of a migration. Live: the domain already runs here, and that is checked. Saved:
 * the domain is created from the mapping file and restored, never booted.
 */
#define UNDO_RESERVE_MS 10000

/*
 * migrate_to has granted the LUNs. Nothing is granted here: without that grant there is no
 * migration.
 */
static int granted_check(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct vm_holding holding;
	int rc = vm_masks_holding(vm, vm->self->initiator, deadline, &holding, err);

	if (rc == 0 && !holding.all) {
		return err_set(err, -ENOENT,
			       "no migration of %s to %s is under way: this host is not granted "
			       "its LUNs",
			       vm->settings->vm, vm->node);
	}
	return rc;
}

static int mapping_check(void *context, struct deadline deadline, struct err *err)
{
	return vm_mapping_read(context, deadline, err);
}

static const struct task_step steps[] = {
	{
		.name = "granted",
		.run = granted_check,
		.timeout_ms = 20000,
		.tries = 3,
		.retry_ms = 500,
		.flags = TASK_CHECK,
	},
	{
		.name = "own",
		.run = vm_own_arrived,
		.timeout_ms = 20000,
		.tries = 2,
		.retry_ms = 500,
		.flags = TASK_CHECK | TASK_WIDENS,
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
		.name = "mapping",
		.run = mapping_check,
		.timeout_ms = 20000,
		.tries = 2,
		.retry_ms = 500,
		.flags = TASK_CHECK,
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
		.run = vm_restore_run,
		.undo = vm_boot_undo,
		.timeout_ms = 24 * 3600 * 1000,
		.tries = 2,
		.retry_ms = 500,
		.flags = TASK_WIDENS,
	},
};

int vm_migrate_from(const struct vm_settings *settings, const char *source, const char *target,
		    struct deadline deadline, const struct vm_report *report, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	int rc = vm_context_open(settings, report, deadline, &vm, err);

	if (rc == 0) {
		rc = vm_peer_check(vm, source, target, target, err);
	}
	if (rc == 0) {
		rc = vm_config_copy_store(err);
	}
	if (rc == 0) {
		rc = vm_keep_store(vm, err);
	}
	if (rc == 0) {
		rc = vm_record_open(vm, VM_ACTION_MIGRATE_FROM, source, target, deadline, err);
	}
	if (rc != 0) {
		return rc;
	}
	rc = vm_task_run(vm, "migrate-in", VM_STEPS(steps), UNDO_RESERVE_MS, deadline, err);
	return vm_record_close(vm, rc, deadline, err);
}
