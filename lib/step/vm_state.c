/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "step/vm_state.h"

#include <glib.h>
#include <string.h>

#include "base/fd.h"
#include "san/iscsi.h"
#include "state/state_lock.h"
#include "state/state_lun.h"
#include "step/vm_masks.h"

#define CLOSE_MS 500

static const struct lun *lun_find(const struct vm_context *vm, const char *name)
{
	size_t i;

	for (i = 0; i < vm->n_luns; i++) {
		if (strcmp(vm->lun_names[i], name) == 0) {
			return &vm->luns[i];
		}
	}
	return NULL;
}

static int state_path(const struct vm_context *vm, struct iscsi_path *ret, uint64_t *ret_size_bytes,
		      struct err *err)
{
	const struct lun *lun = lun_find(vm, vm->state.lun);

	if (!vm->luns_known || lun == NULL) {
		return err_set(err, -EINVAL, "the paths to LUN %s were not verified",
			       vm->state.lun);
	}
	*ret = (struct iscsi_path){
		.portal = vm->portal,
		.initiator = vm->self->initiator,
		.target = lun->target,
		.number = lun->number,
		.chap = vm->chap,
	};
	*ret_size_bytes = lun->size_bytes;
	return 0;
}

uint64_t vm_image_area_bytes(const struct vm_context *vm)
{
	const struct lun *lun = lun_find(vm, vm->state.lun);
	uint64_t size_bytes = vm->state.length_bytes;

	if (size_bytes == 0 && lun != NULL && lun->size_bytes > vm->state.offset_bytes) {
		size_bytes = lun->size_bytes - vm->state.offset_bytes;
	}
	return size_bytes > SLOT_AREA_BYTES ? size_bytes - SLOT_AREA_BYTES : 0;
}

int vm_image_open(struct vm_context *vm, struct deadline deadline, struct image_export **ret,
		  struct err *err)
{
	struct iscsi_path path;
	uint64_t size_bytes;
	int rc = image_export_remove_stale(vm->settings->vm, deadline, err);

	if (rc == 0) {
		rc = state_path(vm, &path, &size_bytes, err);
	}
	if (rc == 0) {
		rc = image_export_open(vm->settings->vm, &path, &vm->state, size_bytes, deadline,
				       ret, err);
	}
	return rc == 0 ? 0 : err_prefix(err, rc, "image area of LUN %s", vm->state.lun);
}

static int state_open(struct vm_context *vm, struct deadline deadline, struct state_lun **ret,
		      struct err *err)
{
	struct iscsi_path path;
	uint64_t size_bytes;
	int rc = state_path(vm, &path, &size_bytes, err);

	if (rc == 0) {
		rc = state_lun_open(&path, &vm->state, deadline, ret, err);
	}
	return rc == 0 ? 0 : err_prefix(err, rc, "state LUN %s", vm->state.lun);
}

static int state_take(struct vm_context *vm, const struct slot *slot, struct err *err)
{
	struct mapping *mapping;
	int rc = mapping_parse(slot->payload, slot->payload_bytes, &mapping, err);

	if (rc != 0) {
		return err_prefix(err, rc, "mapping file on LUN %s", vm->state.lun);
	}
	mapping_free(vm->mapping);
	vm->mapping = mapping;
	vm->mapping_new = false;
	vm->sizes_new = false;
	vm->image = slot->image;
	vm->image_bytes = slot->image_bytes;
	vm->state_known = true;
	return 0;
}

int vm_state_load(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct state_lun *state;
	struct slot slot;
	int rc = state_open(vm, deadline, &state, err);

	if (rc != 0) {
		return rc;
	}
	rc = state_lun_load(state, deadline, &slot, err);
	vm->generation = state_lun_generation(state);
	vm->generation_known = rc == 0 || rc == -ENODATA;
	if (rc == 0) {
		rc = state_take(vm, &slot, err);
	} else {
		(void)err_prefix(err, rc, "state LUN %s", vm->state.lun);
	}
	state_lun_close(state, deadline_within(deadline, CLOSE_MS));
	return rc;
}

int vm_state_store(struct vm_context *vm, enum image_state image, struct deadline deadline,
		   struct err *err)
{
	struct slot slot = {
		.image = image,
		.image_bytes = image == IMAGE_VALID ? vm->image_bytes : 0,
		.payload = vm->mapping->xml,
		.payload_bytes = strlen(vm->mapping->xml),
	};
	AUTO_FD lock = state_lock_take(vm->settings->vm, deadline);
	struct state_lun *state;
	int rc = state_open(vm, deadline, &state, err);

	(void)lock;
	if (rc != 0) {
		return rc;
	}
	if (vm->generation_known) {
		state_lun_expect(state, vm->generation);
	}
	vm->state_known = false; /* until it is read or written again */
	rc = state_lun_store(state, &slot, deadline, err);
	vm->generation = state_lun_generation(state);
	vm->generation_known = rc == 0;
	state_lun_close(state, deadline_within(deadline, CLOSE_MS));
	if (rc != 0) {
		return err_prefix(err, rc, "state LUN %s", vm->state.lun);
	}
	vm->mapping_new = false;
	vm->sizes_new = false;
	vm->image = image;
	vm->state_known = true;
	return 0;
}

int vm_state_here(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = vm_paths_verify(vm, deadline, err);

	return rc != 0 ? rc : vm_state_load(vm, deadline, err);
}
