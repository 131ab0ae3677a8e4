/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "adopt/adopt_steps.h"

#include <string.h>

#include "adopt/adopt_luns.h"
#include "create/create_volumes.h"
#include "step/vm_gone.h"

int adopt_idle_check(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	g_autoptr(GPtrArray) refusals = adopt_refusals_new();
	bool granted[VM_LUNS_MAX];
	int rc = vm_gone_confirm(vm, deadline, err);

	if (rc != 0) {
		return err_prefix(err, rc, "VM '%s' is not shut off", vm->settings->vm);
	}
	rc = create_strangers_check(vm, "only being made", deadline, err);
	rc = rc != 0 ? rc : adopt_luns_masks(vm, refusals, deadline, granted, err);
	return rc != 0 || refusals->len == 0
		       ? rc
		       : err_set(err, -EBUSY, "%s", (const char *)g_ptr_array_index(refusals, 0));
}

/*
 * What an earlier process has copied was copied after the task had begun. Its files must be older,
 * by this host's clock.
 */
static int chain_check(const struct vm_context *vm, size_t i, struct err *err)
{
	const struct adopt_chain *chain = &vm->adopt->chains[i];
	g_autofree char *now = NULL;
	int rc;

	if (chain->files == NULL) {
		return 0;
	}
	if (vm->create->kept) {
		return adopt_chain_unchanged_since(chain, vm->adopt->begun_ms, err);
	}
	rc = adopt_chain_stamp(chain, &now, err);
	return rc != 0 || strcmp(now, vm->adopt->stamps[i]) == 0
		       ? rc
		       : err_set(err, -ESTALE, "'%.150s' was written while it was copied",
				 vm->adopt->drives[i].file);
}

int adopt_unchanged_check(void *context, struct deadline deadline, struct err *err)
{
	const struct vm_context *vm = context;
	int rc = 0;

	(void)deadline;
	for (size_t i = 0; i < vm->adopt->n_drives && rc == 0; i++) {
		rc = chain_check(vm, i, err);
	}
	return rc;
}

/* Of the LUNs that were there, those that this host has a grant or a session of. */
static int held_find(struct vm_context *vm, struct deadline deadline, const char *ret[VM_LUNS_MAX],
		     size_t *ret_n, struct err *err)
{
	const struct vm_adopt *adopt = vm->adopt;
	struct array_masks masks;
	int rc = adopt->n_taken == 0 ? 0
				     : array_masks(&vm->array, adopt->taken, adopt->n_taken,
						   deadline, &masks, err);

	*ret_n = 0;
	if (rc != 0 || adopt->n_taken == 0) {
		return rc;
	}
	for (size_t i = 0; i < adopt->n_taken; i++) {
		if (array_mask_has_access(&masks.masks[i], vm->self->initiator)) {
			ret[(*ret_n)++] = adopt->taken[i];
		}
	}
	array_masks_release(&masks);
	return 0;
}

int adopt_release_probe(void *context, struct deadline deadline, struct err *err)
{
	const char *held[VM_LUNS_MAX];
	size_t n;
	int rc = held_find(context, deadline, held, &n, err);

	return rc != 0 ? rc : n == 0 ? TASK_DONE : TASK_NOT_DONE;
}

int adopt_commit_probe(void *context, struct deadline deadline, struct err *err)
{
	const struct vm_context *vm = context;

	return vm->adopt->committed ? TASK_DONE : adopt_release_probe(context, deadline, err);
}

/* What counts is the record before it. */
int adopt_commit_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;

	(void)deadline;
	(void)err;
	vm->adopt->committed = true;
	return 0;
}

int adopt_release_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	const char *held[VM_LUNS_MAX];
	size_t n;
	int rc = held_find(vm, deadline, held, &n, err);
	const struct array_change change = {
		.luns = held, .n_luns = n, .revoke = vm->self->initiator};

	return rc != 0 || n == 0 ? rc : array_apply(&vm->array, &change, deadline, NULL, err);
}
