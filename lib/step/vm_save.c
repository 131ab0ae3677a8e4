/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "step/vm_save.h"

#include <glib.h>
#include <inttypes.h>

#include "cluster/cluster_vms.h"
#include "process/process.h"
#include "process/qemu_process.h"
#include "rules/op_times.h"
#include "step/vm_state.h"
#include "vm/vm_definition.h"

/* Added to the guest's memory for device state, libvirt's header and the domain definition. */
#define MIB ((uint64_t)1024 * 1024)
#define SAVE_OVERHEAD_BYTES (32 * MIB)
#define RATE_MS 10000 /* for a measurement of one second */
#define CLUSTER_MS 2000

/* The last try may have written, and others may have since: the next one does not write blindly. */
static int state_know(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	uint64_t image_bytes = vm->image_bytes;
	int rc = vm->state_known ? 0 : vm_state_load(vm, deadline, err);

	if (vm->image_saved) {
		vm->image_bytes = image_bytes;
	}
	return rc;
}

int vm_save_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	enum domain_state state;
	int rc = vm_domain_state(vm, deadline, &state, err);

	rc = rc != 0 ? rc : state_know(vm, deadline, err);
	if (rc != 0) {
		return rc;
	}
	return state == DOMAIN_ABSENT && vm->image == IMAGE_VALID ? TASK_DONE : TASK_NOT_DONE;
}

int vm_save_room(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	uint64_t room_bytes = vm_image_area_bytes(vm);
	uint64_t need_bytes = 0;
	int rc = vm_definition_memory(vm, deadline, &need_bytes, err);

	if (rc != 0) {
		return rc;
	}
	need_bytes += SAVE_OVERHEAD_BYTES;
	if (room_bytes < need_bytes) {
		return err_set(err, -ENOSPC,
			       "state LUN %s has room for %" PRIu64 " MiB of saved memory, VM %s "
			       "may need %" PRIu64 " MiB: make the LUN larger",
			       vm->state.lun, room_bytes / MIB, vm->settings->vm, need_bytes / MIB);
	}
	return 0;
}

/*
 * The time that start has to restore what is saved, by the cluster's configuration. A guest that no
 * start can restore in time is better shut down. Not known: no limit.
 */
static int64_t start_time_ms(const struct vm_context *vm, struct deadline deadline)
{
	int64_t ms = -1;
	struct cluster_vms vms;

	if (cluster_vms_get(deadline_within(deadline, CLUSTER_MS), &vms, NULL) != 0) {
		return INT64_MAX;
	}
	for (size_t i = 0; i < vms.count && ms < 0; i++) {
		if (g_strcmp0(vms.vms[i].vm, vm->settings->vm) == 0) {
			ms = vms.vms[i].timeouts_ms[CLUSTER_OP_START];
		}
	}
	cluster_vms_release(&vms);
	return ms < 0 ? INT64_MAX : MAX(ms - OP_PREPARE_MS, 0);
}

static int time_lacks(const struct vm_context *vm, const char *whose, enum memory_way way,
		      uint64_t bytes, uint64_t bytes_s, int64_t has_ms, struct err *err)
{
	int64_t need_ms = memory_time_ms(bytes, bytes_s);

	return err_set(err, -ETIME,
		       "make the timeout of %s %" PRId64 " s longer: to %s %" PRIu64
		       " MiB takes %" PRId64 " s at %.1f MiB/s of LUN %s, and it has %" PRId64
		       " s for that, so it was not begun",
		       whose, (need_ms - has_ms) / 1000 + 1,
		       way == MEMORY_SAVE ? "save" : "restore", bytes / MIB, need_ms / 1000,
		       (double)bytes_s / MIB, vm->state.lun, has_ms / 1000);
}

int vm_save_time(struct vm_context *vm, struct image_export *export, enum memory_way way,
		 uint64_t bytes, struct deadline deadline, struct err *err)
{
	int64_t start_ms = way == MEMORY_SAVE ? start_time_ms(vm, deadline) : INT64_MAX;
	int64_t left_ms = deadline_left_ms(deadline);
	uint64_t bytes_s;
	int rc;

	if (memory_time_surely(bytes, MIN(left_ms, start_ms))) {
		return 0;
	}
	rc = image_export_rate(export, way == MEMORY_SAVE, deadline_within(deadline, RATE_MS),
			       &bytes_s, err);
	left_ms = deadline_left_ms(deadline);
	if (rc != 0) {
		return rc;
	}
	if (!memory_time_decide(way, bytes, bytes_s, left_ms)) {
		return time_lacks(vm, "the operation", way, bytes, bytes_s, left_ms, err);
	}
	return memory_time_decide(MEMORY_SAVE, bytes, bytes_s, start_ms)
		       ? 0
		       : time_lacks(vm, "start", MEMORY_RESTORE, bytes, bytes_s, start_ms, err);
}

/* At most: QEMU writes no page that has only zeros, such as those that were never used. */
static int bytes_to_save(struct vm_context *vm, struct deadline deadline, uint64_t *ret_bytes,
			 struct err *err)
{
	uint64_t held_bytes;
	pid_t pid;
	int rc = vm_definition_memory(vm, deadline, ret_bytes, err);

	if (rc == 0 && qemu_process_find(vm->settings->vm, &pid, NULL) == 0 && pid != 0 &&
	    process_memory(pid, &held_bytes) == 0 && held_bytes < *ret_bytes) {
		*ret_bytes = held_bytes;
	}
	*ret_bytes += SAVE_OVERHEAD_BYTES;
	return rc;
}

/* Not a moment of the guest's is spent on what cannot end. */
static int memory_write(struct vm_context *vm, struct image_export *export, const char *xml,
			struct deadline deadline, struct err *err)
{
	int rc = bytes_to_save(vm, deadline, &vm->image_bytes, err);

	rc = rc != 0 ? rc : vm_save_time(vm, export, MEMORY_SAVE, vm->image_bytes, deadline, err);
	rc = rc != 0 ? rc
		     : hypervisor_save(vm->hypervisor, vm->settings->vm, image_export_file(export),
				       xml, deadline, err);
	vm->image_saved = rc == 0;
	return rc;
}

static int image_write(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct mapping_host here = vm_definition_here(vm); /* the user of CHAP is not stored */
	struct err close_err = ERR_INIT;
	struct image_export *export;
	g_autofree char *xml = NULL;
	int close_rc;
	here.chap_user = NULL;
	/* What a restore would refuse is refused now, while the guest still runs. */
	int rc = vm_definition_running(vm, &here, deadline, &xml, err);

	rc = rc != 0 ? rc : vm_image_open(vm, deadline, &export, err);
	if (rc != 0) {
		return rc;
	}
	rc = memory_write(vm, export, xml, deadline, err);
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

/* An administrator may have changed the definition meanwhile: what is kept is the newest. */
static int writing_store(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = vm_state_store(vm, IMAGE_WRITING, deadline, err);

	if (rc == -ESTALE) {
		rc = vm_state_load(vm, deadline, err);
		rc = rc != 0 ? rc : vm_state_store(vm, IMAGE_WRITING, deadline, err);
	}
	return rc;
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
		rc = writing_store(vm, deadline, err);
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
