/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "step/vm_save.h"

#include <inttypes.h>

#include "step/vm_state.h"

/* Added to the guest's memory for device state, libvirt's header and the domain definition. */
#define MIB ((uint64_t)1024 * 1024)
#define SAVE_OVERHEAD_BYTES (32 * MIB)

int vm_save_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	enum domain_state state;
	int rc = vm_domain_state(vm, deadline, &state, err);

	if (rc != 0) {
		return rc;
	}
	return state == DOMAIN_ABSENT && vm->state_known && vm->image == IMAGE_VALID
		       ? TASK_DONE
		       : TASK_NOT_DONE;
}

int vm_save_room(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	uint64_t room_bytes = vm_image_area_bytes(vm);
	uint64_t need_bytes = vm->mapping->memory_bytes + SAVE_OVERHEAD_BYTES;

	(void)deadline;
	if (room_bytes < need_bytes) {
		return err_set(err, -ENOSPC,
			       "state LUN %s has room for %" PRIu64 " MiB of saved memory, VM %s "
			       "may need %" PRIu64 " MiB: make the LUN larger",
			       vm->state.lun, room_bytes / MIB, vm->settings->vm, need_bytes / MIB);
	}
	return 0;
}

static int image_write(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct err close_err = ERR_INIT;
	struct image_export *export;
	int close_rc;
	int rc = vm_image_open(vm, deadline, &export, err);

	if (rc != 0) {
		return rc;
	}
	rc = hypervisor_save(vm->hypervisor, vm->settings->vm, image_export_file(export), deadline,
			     err);
	vm->image_saved = rc == 0;
	close_rc = image_export_close(export, deadline, &close_err);
	if (rc == 0 && close_rc != 0) {
		vm->image_saved = false;
		rc = err_set(err, -EIO, "the saved memory did not reach LUN %s: %s", vm->state.lun,
			     err_text(&close_err));
	}
	return rc;
}

/*
 * Does this domain hold the guest's current memory?
 * - Paused by a migration, or while starting up: no. The memory is incomplete, or another host has
 *   a newer one. The exception is a domain that was restored here (the image is consumed) and not
 *   resumed.
 * - Paused beside a valid image: no, the image holds the same.
 */
static bool worth_saving(enum domain_state state, enum image_state image)
{
	switch (state) {
	case DOMAIN_RUNNING:
	case DOMAIN_PAUSED_IO_ERROR:
	case DOMAIN_SUSPENDED: return true;
	case DOMAIN_PAUSED: return image != IMAGE_VALID;
	case DOMAIN_PAUSED_MIGRATION:
	case DOMAIN_PAUSED_STARTING: return image == IMAGE_CONSUMED;
	default: return false;
	}
}

int vm_save_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	enum domain_state state;
	int rc;

	if (vm->image_saved) {
		return vm_state_store(vm, IMAGE_VALID, deadline, err);
	}
	rc = vm_save_room(vm, deadline, err);
	if (rc == 0) {
		rc = vm_domain_state(vm, deadline, &state, err);
	}
	if (rc == 0 && !worth_saving(state, vm->image)) {
		rc = err_set(err, -ENOENT,
			     "the domain is %s (saved memory: %s): there is no memory to save",
			     domain_state_to_str(state), image_state_to_str(vm->image));
	}
	if (rc == 0) {
		rc = vm_state_store(vm, IMAGE_WRITING, deadline, err);
	}
	if (rc != 0) {
		return rc;
	}
	rc = image_write(vm, deadline, err);
	if (rc == 0) {
		return vm_state_store(vm, IMAGE_VALID, deadline, err);
	}
	if (!vm->image_saved) {
		/*
		 * An image that is WRITING is never restored either; NONE is clearer for a reader.
		 */
		(void)vm_state_store(vm, IMAGE_NONE, deadline, NULL);
	}
	return rc;
}
