/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "adopt/adopt_luns.h"

#include <glib.h>
#include <string.h>

#define BATCH 256 /* LUNs of one question */

/* All LUNs of the array, with the addresses that this host sees. *ret is for g_free(). */
static int all_get(struct vm_context *vm, struct deadline deadline, struct lun **ret,
		   size_t *ret_count, struct err *err)
{
	struct array_catalog catalog;
	const char *names[BATCH];
	int rc = array_catalog_get(&vm->array, NULL, 0, deadline, &catalog, err);

	*ret = NULL;
	*ret_count = 0;
	if (rc != 0) {
		return rc;
	}
	*ret = g_new0(struct lun, catalog.count + 1);
	while (rc == 0 && *ret_count < catalog.count) {
		size_t n = MIN((size_t)BATCH, catalog.count - *ret_count);

		for (size_t i = 0; i < n; i++) {
			names[i] = catalog.luns[*ret_count + i].name;
		}
		rc = array_luns(&vm->array, names, n, vm->self->initiator, deadline,
				*ret + *ret_count, err);
		*ret_count += n;
	}
	array_catalog_release(&catalog);
	return rc;
}

static const struct lun *address_find(const struct lun *luns, size_t n,
				      const struct adopt_drive *drive)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(luns[i].target, drive->iscsi) == 0 && luns[i].number == drive->number) {
			return &luns[i];
		}
	}
	return NULL;
}

static bool portal_is_ours(const struct vm_context *vm, const char *portal)
{
	for (size_t i = 0; i < vm->n_portals; i++) {
		if (strcmp(vm->portals[i], portal) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_taken(const struct vm_adopt *adopt, const char *name)
{
	for (size_t i = 0; i < adopt->n_taken; i++) {
		if (strcmp(adopt->taken[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static const struct lun *drive_take(struct vm_context *vm, const struct adopt_drive *drive,
				    const struct lun *all, size_t n)
{
	struct vm_adopt *adopt = vm->adopt;
	const struct lun *found = address_find(all, n, drive);
	struct lun *there = &adopt->create.there[adopt->create.n_there];

	if (!portal_is_ours(vm, drive->portal)) {
		adopt_refuse(adopt->result->refusals,
			     "disk %s is at the portal %s, which is none of array %s in "
			     "lunmask.conf: name the array that it is on with --array, or one of "
			     "its portals, by address, in the definition",
			     drive->target, drive->portal, vm->array.name);
		return NULL;
	}
	if (found == NULL) {
		adopt_refuse(adopt->result->refusals,
			     "array %s shows no LUN of its own to this host at %s/%u, which is "
			     "disk %s: name the array that it is on with --array, or copy it to a "
			     "file (qemu-img convert), and name that",
			     vm->array.name, drive->iscsi, drive->number, drive->target);
		return NULL;
	}
	if (is_taken(adopt, found->name)) {
		adopt_refuse(adopt->result->refusals,
			     "disk %s is LUN '%s', as another disk is: remove one", drive->target,
			     found->name);
		return NULL;
	}
	*there = *found;
	adopt->create.n_there++;
	adopt->taken[adopt->n_taken++] = there->name;
	return there;
}

int adopt_luns_find(struct vm_context *vm, struct deadline deadline,
		    const struct lun *lun[VM_LUNS_MAX], struct err *err)
{
	struct vm_adopt *adopt = vm->adopt;
	g_autofree struct lun *all = NULL;
	size_t n = 0;
	int rc = 0;

	for (size_t i = 0; i < adopt->n_drives && rc == 0; i++) {
		lun[i] = NULL;
		if (adopt->drives[i].content != ADOPT_LUN) {
			continue;
		}
		rc = all != NULL ? 0 : all_get(vm, deadline, &all, &n, err);
		lun[i] = rc == 0 ? drive_take(vm, &adopt->drives[i], all, n) : NULL;
	}
	return rc;
}

/* Masks */

static void names_check(const struct vm_context *vm, const char *lun,
			const char (*names)[ISCSI_NAME_MAX + 1], size_t n, bool sessions,
			adopt_refusals *refusals)
{
	for (size_t i = 0; i < n; i++) {
		const struct config_host *host = config_host_find_initiator(vm->config, names[i]);

		if (strcmp(names[i], vm->self->initiator) != 0) {
			adopt_refuse(refusals,
				     "revoke LUN '%s' from %s first, on the array: it has a path, "
				     "and a LUN belongs to one VM on one host",
				     lun, host != NULL ? host->node : names[i]);
		} else if (sessions) {
			adopt_refuse(refusals,
				     "log this host out of LUN '%s' first (iscsiadm -m session): "
				     "something here has a session to it, and the VM is shut off",
				     lun);
		}
	}
}

int adopt_luns_masks(struct vm_context *vm, adopt_refusals *refusals, struct deadline deadline,
		     bool ret_granted[VM_LUNS_MAX], struct err *err)
{
	struct vm_adopt *adopt = vm->adopt;
	struct array_masks masks;
	int rc = adopt->n_taken == 0 ? 0
				     : array_masks(&vm->array, adopt->taken, adopt->n_taken,
						   deadline, &masks, err);

	memset(ret_granted, 0, VM_LUNS_MAX * sizeof(ret_granted[0]));
	if (rc != 0 || adopt->n_taken == 0) {
		return rc;
	}
	for (size_t i = 0; i < adopt->n_taken; i++) {
		const struct array_mask *mask = &masks.masks[i];

		names_check(vm, mask->lun, (const char(*)[ISCSI_NAME_MAX + 1]) mask->initiators,
			    mask->n_initiators, false, refusals);
		names_check(vm, mask->lun, (const char(*)[ISCSI_NAME_MAX + 1]) mask->nexuses,
			    mask->n_nexuses, true, refusals);
		ret_granted[i] = array_mask_holds(mask, vm->self->initiator);
	}
	array_masks_release(&masks);
	return 0;
}
