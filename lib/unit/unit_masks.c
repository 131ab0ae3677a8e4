/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit_masks.h"

#include "step/vm_masks.h"
#include "step/vm_own.h"
#include "unit/unit_plug.h"
#include "vm/vm_lun_owner.h"

/* 0: no guest here has it, or it shall lose it. */
static int free_check(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int gone = vm->unit->forced ? TASK_DONE : unit_gone_probe(vm, deadline, err);

	if (gone == TASK_NOT_DONE) {
		return err_set(err, -EBUSY, "VM '%s' has LUN %s plugged in", vm->unit->plug.vm,
			       vm->unit->settings->lun);
	}
	return gone < 0 ? gone : 0;
}

int unit_grant_undo(void *context, struct deadline deadline, struct err *err)
{
	const struct vm_context *vm = context;
	/* Where nothing was added, the step has only recorded what was there. */
	int rc = vm->grant.added.n_granted == 0 ? 0 : free_check(context, deadline, err);

	return rc != 0 ? rc : vm_own_grant_undo(context, deadline, err);
}

int unit_revoke_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct vm_holding holding = {.any = false};
	int rc = free_check(vm, deadline, err);

	/* A VM that has the LUN as its own, and runs here: its stop revokes. */
	if (rc == 0 && !vm->unit->forced) {
		vm_lun_owner_leave_out(vm, deadline);
	}
	if (rc == 0 && vm->n_luns == 0) {
		return TASK_DONE;
	}
	rc = rc != 0 ? rc : vm_masks_holding(vm, vm->self->initiator, deadline, &holding, err);
	/* A LUN that the array does not have is presented to nobody. */
	if (rc == -ENXIO) {
		return TASK_DONE;
	}
	return rc != 0 ? rc : holding.any || holding.nexus ? TASK_NOT_DONE : TASK_DONE;
}

int unit_revoke_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	const struct array_change change = {
		.luns = vm->lun_names,
		.n_luns = vm->n_luns,
		.revoke = vm->self->initiator,
	};
	int rc = free_check(vm, deadline, err);

	return rc != 0 ? rc : array_apply(&vm->array, &change, deadline, NULL, err);
}
