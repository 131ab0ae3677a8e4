/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "step/vm_state.h"

#include <glib.h>
#include <string.h>

#include "san/iscsi.h"
#include "state/state_lun.h"

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
	vm->image = slot->image;
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
		.payload = vm->mapping->xml,
		.payload_bytes = strlen(vm->mapping->xml),
	};
	struct state_lun *state;
	int rc = state_open(vm, deadline, &state, err);

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
	vm->image = image;
	vm->state_known = true;
	return 0;
}

static int mapping_fits_drive(const struct vm_context *vm, const struct drive *drive,
			      struct err *err)
{
	size_t i;

	for (i = 0; i < vm->mapping->n_drives; i++) {
		const struct drive *known = &vm->mapping->drives[i].drive;

		if (strcmp(known->target, drive->target) != 0) {
			continue;
		}
		if (strcmp(known->extent.lun, drive->extent.lun) == 0 &&
		    known->extent.offset_bytes == drive->extent.offset_bytes &&
		    known->extent.length_bytes == drive->extent.length_bytes) {
			return 0;
		}
		return err_set(err, -EPERM,
			       "drive %s is LUN %s in the mapping file on LUN %s, and LUN %s in "
			       "the parameter luns: set luns to what the mapping file says",
			       drive->target, known->extent.lun, vm->state.lun, drive->extent.lun);
	}
	return err_set(err, -EPERM,
		       "the mapping file on LUN %s has no drive %s, which the parameter luns names",
		       vm->state.lun, drive->target);
}

/* Refuses the state LUN of another VM, and settings that were changed without the mapping file. */
static int mapping_fits_settings(const struct vm_context *vm, struct err *err)
{
	const struct mapping *mapping = vm->mapping;
	size_t i;
	int rc;

	if (strcmp(mapping->vm, vm->settings->vm) != 0) {
		return err_set(err, -EPERM,
			       "correct the parameter state_lun: LUN %s holds the mapping file of "
			       "VM %s, not of %s",
			       vm->state.lun, mapping->vm, vm->settings->vm);
	}
	if (strcmp(mapping->array, vm->settings->array) != 0) {
		return err_set(err, -EPERM,
			       "the mapping file on LUN %s is for array %s, the parameter array "
			       "says %s",
			       vm->state.lun, mapping->array, vm->settings->array);
	}
	for (i = 0; i < vm->n_drives; i++) {
		rc = mapping_fits_drive(vm, &vm->drives[i], err);
		if (rc != 0) {
			return rc;
		}
	}
	if (mapping->n_drives != vm->n_drives) {
		return err_set(err, -EPERM,
			       "the mapping file on LUN %s has %zu drives, the parameter luns %zu",
			       vm->state.lun, mapping->n_drives, vm->n_drives);
	}
	return 0;
}

int vm_mapping_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = vm_state_load(vm, deadline, err);

	if (rc == -ENODATA) {
		return TASK_NOT_DONE;
	}
	if (rc == 0) {
		rc = mapping_fits_settings(vm, err);
	}
	if (rc == 0) {
		rc = mapping_check_luns(vm->mapping, vm->luns, vm->n_luns, err);
	}
	return rc == 0 ? TASK_DONE : rc;
}

static int mapping_create(struct vm_context *vm, struct err *err)
{
	g_autofree char *xml = NULL;
	g_autoptr(GError) error = NULL;
	struct mapping_source source = {
		.vm = vm->settings->vm,
		.array = vm->settings->array,
		.drives = vm->drives,
		.n_drives = vm->n_drives,
		.state = &vm->state,
		.luns = vm->luns,
		.n_luns = vm->n_luns,
	};
	int rc;

	if (vm->settings->config == NULL || vm->settings->config[0] == '\0') {
		return err_set(err, -EINVAL,
			       "state LUN %s is new: set the parameter config to a libvirt domain "
			       "definition for the first start",
			       vm->state.lun);
	}
	if (!g_file_get_contents(vm->settings->config, &xml, NULL, &error)) {
		return err_set(err, -ENOENT, "config: %s", error->message);
	}
	source.domain_xml = xml;
	rc = mapping_build(&source, &vm->mapping, err);
	return rc == 0 ? 0 : err_prefix(err, rc, "config %s", vm->settings->config);
}

int vm_mapping_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = vm_mapping_probe(vm, deadline, err);

	if (rc != TASK_NOT_DONE) {
		return rc == TASK_DONE ? 0 : rc;
	}
	rc = mapping_create(vm, err);
	/* Store it twice, so that both slots hold it and either may be lost. */
	if (rc == 0) {
		rc = vm_state_store(vm, IMAGE_NONE, deadline, err);
	}
	if (rc == 0) {
		rc = vm_state_store(vm, IMAGE_NONE, deadline, err);
	}
	return rc;
}

int vm_domain_xml(const struct vm_context *vm, const char *initiator, const char *portal,
		  const struct lun *luns, char **ret_xml, struct err *err)
{
	struct mapping_host host = {
		.initiator = initiator,
		.portal = portal,
		.luns = luns,
		.n_luns = vm->n_luns,
	};

	return mapping_domain_xml(vm->mapping, &host, ret_xml, err);
}
