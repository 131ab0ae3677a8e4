/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include "action/vm_record.h"
#include "step/vm_masks.h"
#include "step/vm_own.h"
#include "step/vm_peer.h"
#include "unit/unit_plug.h"
#include "vm/vm_config_copy.h"
#include "vm/vm_keep.h"

#define CHECK(step, function)                                                                      \
	{                                                                                          \
		.name = (step), .run = (function), .timeout_ms = 20000, .tries = 3,                \
		.retry_ms = 500, .flags = TASK_CHECK,                                              \
	}

static int left_check(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = unit_gone_confirm(vm, deadline, err);

	return rc != -EBUSY
		       ? rc
		       : err_prefix(err, rc,
				    "the VM has not migrated: colocate this resource with that of "
				    "VM '%s', and order it after it",
				    vm->unit->vm);
}

/* The VM's migration has granted the LUN; without it, nothing was brought along. */
static int arrived_check(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int seen = unit_plug_probe(vm, deadline, err);

	return seen != TASK_NOT_DONE
		       ? (seen < 0 ? seen : 0)
		       : err_set(err, -ENOENT, "VM '%s' has not brought drive %s along",
				 vm->unit->vm, vm->unit->settings->drive);
}

static const struct task_step to_steps[] = {
	CHECK("left", left_check),
};

static const struct task_step from_steps[] = {
	CHECK("owner", unit_owner_check),
	CHECK("verify", vm_paths_verify),
	CHECK("arrived", arrived_check),
	{
		.name = "own",
		.run = vm_own_arrived,
		.timeout_ms = 20000,
		.tries = 2,
		.retry_ms = 500,
		.flags = TASK_CHECK | TASK_WIDENS,
	},
};

static int migrate(struct vm_context *vm, enum vm_action action, const char *source,
		   const char *target, const char *name, const struct task_step *steps,
		   size_t n_steps, struct deadline deadline, struct err *err)
{
	const char *me = action == VM_ACTION_MIGRATE_TO ? source : target;
	int rc = vm_peer_check(vm, source, target, me, err);

	rc = rc != 0 ? rc : vm_record_open(vm, action, source, target, deadline, err);
	if (rc != 0) {
		return rc;
	}
	vm_record_mode(vm, VM_MODE_LIVE);
	/* What the VM's migration has granted to the target, nothing here undoes. */
	vm->no_return = true;
	rc = vm_task_run(vm, name, steps, n_steps, 0, deadline, err);
	return vm_record_close(vm, rc, deadline, err);
}

int unit_migrate_to(const struct unit_settings *settings, const char *source, const char *target,
		    struct deadline deadline, const struct vm_report *report, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	struct unit unit;
	int rc;

	unit_init(&unit, settings);
	rc = unit_open(&unit, report, deadline, &vm, err);
	return rc != 0 ? rc
		       : migrate(vm, VM_ACTION_MIGRATE_TO, source, target, "migrate",
				 VM_STEPS(to_steps), deadline, err);
}

int unit_migrate_from(const struct unit_settings *settings, const char *source, const char *target,
		      struct deadline deadline, const struct vm_report *report, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	struct unit unit;
	int rc;

	unit_init(&unit, settings);
	/* The guest is here with it; how many paths there are, the monitor tells. */
	unit.as_vm.paths_required = 1;
	rc = unit_open(&unit, report, deadline, &vm, err);
	rc = rc != 0 ? rc : vm_config_copy_store(err);
	rc = rc != 0 ? rc : vm_keep_store(vm, err);
	return rc != 0 ? rc
		       : migrate(vm, VM_ACTION_MIGRATE_FROM, source, target, "migrate-in",
				 VM_STEPS(from_steps), deadline, err);
}
