/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "step/vm_masks.h"

#include <stdlib.h>
#include <string.h>

#include "san/iscsi.h"
#include "step/vm_gone.h"
#include "vm/vm_lun_owner.h"
#include "media/vm_media.h"

int vm_masks_holding(struct vm_context *vm, const char *initiator, struct deadline deadline,
		     struct vm_holding *ret, struct err *err)
{
	struct array_masks masks;
	size_t held = 0;
	size_t i;
	size_t k;
	int rc = array_masks(&vm->array, vm->lun_names, vm->n_luns, deadline, &masks, err);

	if (rc != 0) {
		return rc;
	}
	*ret = (struct vm_holding){0};
	for (i = 0; i < masks.count; i++) {
		const struct array_mask *mask = &masks.masks[i];

		held += array_mask_holds(mask, initiator) ? 1 : 0;
		for (k = 0; k < mask->n_nexuses; k++) {
			ret->nexus = ret->nexus || strcmp(mask->nexuses[k], initiator) == 0;
		}
	}
	ret->any = held > 0;
	ret->all = held == vm->n_luns;
	array_masks_release(&masks);
	return 0;
}

/* Returns the first name that is not mine, or NULL. */
static const char *other_find(const char (*names)[ISCSI_NAME_MAX + 1], size_t count,
			      const char *mine)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], mine) != 0) {
			return names[i];
		}
	}
	return NULL;
}

int vm_masks_other_holder_find(struct vm_context *vm, struct deadline deadline,
			       char stranger[ISCSI_NAME_MAX + 1], char lun[LUN_NAME_MAX + 1],
			       struct err *err)
{
	struct array_masks masks;
	const char *me = vm->self->initiator;
	const char *other = NULL;
	size_t i;
	int rc = array_masks(&vm->array, vm->lun_names, vm->n_luns, deadline, &masks, err);

	if (rc != 0) {
		return rc;
	}
	stranger[0] = '\0';
	for (i = 0; i < masks.count && other == NULL; i++) {
		const struct array_mask *mask = &masks.masks[i];

		other = other_find(mask->initiators, mask->n_initiators, me);
		if (other == NULL) {
			other = other_find(mask->nexuses, mask->n_nexuses, me);
		}
		if (other != NULL) {
			strcpy(stranger, other);
			strcpy(lun, mask->lun);
		}
	}
	array_masks_release(&masks);
	return 0;
}

int vm_masks_other_holder(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	char stranger[ISCSI_NAME_MAX + 1];
	char lun[LUN_NAME_MAX + 1];
	int rc = vm_masks_other_holder_find(vm, deadline, stranger, lun, err);

	if (rc != 0) {
		return rc;
	}
	if (stranger[0] == '\0') {
		return TASK_DONE;
	}
	(void)err_set(err, 0, "LUN %s is presented to %s too", lun, stranger);
	return TASK_NOT_DONE;
}

static int missing_note(const struct array_masks *masks, const char *initiator,
			struct array_changed *ret, struct err *err)
{
	size_t i;

	ret->granted = calloc(masks->count + 1, sizeof(*ret->granted));
	if (ret->granted == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	for (i = 0; i < masks->count; i++) {
		if (!array_mask_holds(&masks->masks[i], initiator)) {
			strcpy(ret->granted[ret->n_granted++], masks->masks[i].lun);
		}
	}
	return 0;
}

int vm_grant_check(struct vm_context *vm, const char *initiator, struct vm_grant *grant,
		   struct deadline deadline, struct err *err)
{
	struct array_masks masks;
	struct array_changed missing = {0};
	bool all;
	int rc = array_masks(&vm->array, vm->lun_names, vm->n_luns, deadline, &masks, err);

	if (rc != 0) {
		return rc;
	}
	rc = missing_note(&masks, initiator, &missing, err);
	array_masks_release(&masks);
	all = missing.n_granted == 0;
	if (grant->missing.granted == NULL) {
		grant->missing = missing;
	} else {
		array_changed_release(&missing);
	}
	return rc != 0 ? rc : all ? TASK_DONE : TASK_NOT_DONE;
}

/*
 * Does this error mean that the array changed nothing? After any other error the change may be
 * made.
 */
static bool surely_unchanged(int rc)
{
	return rc == -EPERM || rc == -ESHUTDOWN || rc == -ENXIO || rc == -EBUSY || rc == -EBADRQC ||
	       rc == -EOPNOTSUPP || rc == -ENOENT || rc == -EROFS;
}

/* LUNs that an earlier try added stay recorded, even if a later try finds them granted. */
int vm_grant_apply(struct vm_context *vm, const struct array_change *change, struct vm_grant *grant,
		   struct deadline deadline, struct err *err)
{
	struct array_changed answer = {0};
	int rc = array_apply(&vm->array, change, deadline, &answer, err);
	const struct array_changed *added = rc == 0 ? &answer : &grant->missing;

	if (!surely_unchanged(rc) && added->n_granted > 0) {
		int note_rc = vm_grant_note(grant, (const char(*)[LUN_NAME_MAX + 1]) added->granted,
					    added->n_granted, rc == 0 ? err : NULL);

		rc = rc == 0 ? note_rc : rc;
	}
	array_changed_release(&answer);
	return rc;
}

int vm_grant_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int seen = vm_grant_check(vm, vm->self->initiator, &vm->grant, deadline, err);

	return seen == TASK_DONE ? vm_media_probe(vm, vm->self->initiator, deadline, err) : seen;
}

/*
 * A domain that is here while this host has no grant and no session is left from earlier, for
 * example from before a fencing. With a grant it would log in again and write stale data over what
 * another host has written since.
 */
static int nothing_is_left(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct vm_holding holding;
	int gone = vm_gone_probe(vm, deadline, err);
	int rc = gone == TASK_NOT_DONE
			 ? vm_masks_holding(vm, vm->self->initiator, deadline, &holding, err)
			 : 0;

	if (gone < 0 || rc < 0) {
		return gone < 0 ? gone : rc;
	}
	if (gone == TASK_DONE || holding.any || holding.nexus) {
		return 0;
	}
	return err_set(err, -EPERM,
		       "stop VM '%s' first, or destroy its domain: it is already here, but without "
		       "its LUNs, and is left from before a fencing or revoke",
		       vm->settings->vm);
}

int vm_grant_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct array_change change = {
		.luns = vm->lun_names,
		.n_luns = vm->n_luns,
		.grant = vm->self->initiator,
	};
	int rc = nothing_is_left(vm, deadline, err);

	rc = rc < 0 ? rc : vm_grant_apply(vm, &change, &vm->grant, deadline, err);
	return rc < 0 ? rc : vm_media_grant(vm, vm->self->initiator, deadline, err);
}

int vm_grant_revert(struct vm_context *vm, const char *initiator, struct vm_grant *grant,
		    struct deadline deadline, struct err *err)
{
	const char *names[VM_LUNS_MAX];
	struct array_change change = {
		.luns = names,
		.n_luns = grant->added.n_granted,
		.revoke = initiator,
	};
	size_t i;
	int rc = 0;

	for (i = 0; i < change.n_luns; i++) {
		names[i] = grant->added.granted[i];
	}
	if (change.n_luns > 0) {
		rc = array_apply(&vm->array, &change, deadline, NULL, err);
	}
	if (rc == 0) {
		vm_grant_release(grant);
	}
	return rc;
}

/*
 * This also revokes what an earlier process of this task added. That process may have created a
 * domain (I5).
 */
int vm_grant_undo(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc;

	if (vm_gone_probe(vm, deadline, NULL) != TASK_DONE) {
		return err_set(err, -EBUSY, "there is a domain here that may use the LUNs");
	}
	rc = vm_grant_revert(vm, vm->self->initiator, &vm->grant, deadline, err);
	vm_media_unlock(vm);
	if (rc == 0) {
		vm_media_revoke(vm, "start", deadline);
	}
	return rc;
}

/* A LUN that the array does not have is presented to nobody, so it needs no revoke. */
static int missing_luns_leave_out(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct array_masks masks;
	size_t kept = 0;
	size_t i;

	for (i = 0; i < vm->n_luns; i++) {
		int rc = array_masks(&vm->array, &vm->lun_names[i], 1, deadline, &masks, err);

		if (rc == 0) {
			array_masks_release(&masks);
			vm->lun_names[kept++] = vm->lun_names[i];
		} else if (rc != -ENXIO) {
			/* Keep the LUNs that were not asked about. */
			memmove(&vm->lun_names[kept], &vm->lun_names[i],
				(vm->n_luns - i) * sizeof(vm->lun_names[0]));
			vm->n_luns -= i - kept;
			return rc;
		}
	}
	vm->n_luns = kept;
	return 0;
}

/*
 * A misspelt name or a deleted LUN must not make a stop fail: the cluster would fence one host
 * after the other.
 */
int vm_revoke_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct vm_holding holding = {.any = false};
	int rc;

	vm_lun_owner_leave_out(vm, deadline);
	if (vm->n_luns == 0) {
		return TASK_DONE;
	}
	rc = vm_masks_holding(vm, vm->self->initiator, deadline, &holding, err);
	if (rc == -ENXIO) {
		rc = missing_luns_leave_out(vm, deadline, err);
		if (rc == 0 && vm->n_luns > 0) {
			rc = vm_masks_holding(vm, vm->self->initiator, deadline, &holding, err);
		}
	}
	if (rc != 0) {
		return rc;
	}
	return holding.any || holding.nexus ? TASK_NOT_DONE : TASK_DONE;
}

int vm_revoke_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct array_change change = {
		.luns = vm->lun_names,
		.n_luns = vm->n_luns,
		.revoke = vm->self->initiator,
	};
	int rc = array_apply(&vm->array, &change, deadline, NULL, err);

	/*
	 * The probe that follows removes missing LUNs from the list; then another try makes sense.
	 */
	return rc == -ENXIO ? -EAGAIN : rc;
}

int vm_paths_verify(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct iscsi_portals portals = {.n_good = 0};
	const char *names[VM_LUNS_MAX];
	size_t n = vm_media_all_luns(vm, names);
	int rc = array_luns(&vm->array, names, n, vm->self->initiator, deadline, vm->luns, err);

	if (rc != 0) {
		return rc;
	}
	rc = iscsi_luns_verify(vm->luns, n, vm->portals, vm->n_portals, vm->self->initiator,
			       vm->chap, vm->settings->paths_required, deadline, &portals, err);
	if (portals.n_good > 0) {
		vm->portal = vm->portals[iscsi_portals_first(&portals)];
		vm->source = vm->portal;
	}
	/* Another try would find the same, and some arrays lock an account after a few. */
	if (rc == -EUCLEAN || rc == -EKEYREJECTED) {
		return rc;
	}
	if (rc < 0) {
		return err_prefix(
			err, -EHOSTUNREACH,
			"this host (%s) reaches fewer portals than paths_required asks for",
			vm->self->initiator);
	}
	vm->source = iscsi_source_portal(vm->luns, n, vm->portal, vm->redirect, vm->self->initiator,
					 vm->chap, deadline);
	vm->luns_known = true;
	return 0;
}
