/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "action/vm_mapping.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "definition/definition_drives.h"
#include "definition/definition_part.h"
#include "step/vm_state.h"
#include "vm/vm_config_file.h"
#include "vm/vm_lun_owner.h"

static bool same_extent(const struct extent *a, const struct extent *b)
{
	return strcmp(a->lun, b->lun) == 0 && a->offset_bytes == b->offset_bytes &&
	       a->length_bytes == b->length_bytes;
}

/* Refuses the state LUN of another VM, and a drive that has become another LUN. */
int vm_mapping_is_ours(const struct vm_context *vm, const struct mapping *mapping, struct err *err)
{
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
	for (size_t i = 0; i < vm->n_drives; i++) {
		const struct drive *drive = &vm->drives[i];
		const struct mapping_drive *known = mapping_find(mapping, drive->target);

		if (known != NULL && !same_extent(&known->drive.extent, &drive->extent) &&
		    !(known->drive.read_only && drive->read_only)) {
			return err_set(err, -EPERM,
				       "drive %s is LUN %s in the mapping file on LUN %s, and LUN "
				       "%s in luns: set luns back, or use 'lunmask definition set'",
				       drive->target, known->drive.extent.lun, vm->state.lun,
				       drive->extent.lun);
		}
	}
	return 0;
}

/* The first drive that luns names and the mapping file does not, or with another medium; or NULL.
 */
static const struct drive *drive_added(const struct vm_context *vm, const struct mapping *mapping)
{
	for (size_t i = 0; i < vm->n_drives; i++) {
		const struct mapping_drive *known = mapping_find(mapping, vm->drives[i].target);

		if (known == NULL || !drive_equal(&known->drive, &vm->drives[i])) {
			return &vm->drives[i];
		}
	}
	return NULL;
}

static bool drive_in_luns(const struct vm_context *vm, const char *target)
{
	for (size_t i = 0; i < vm->n_drives; i++) {
		if (strcmp(vm->drives[i].target, target) == 0) {
			return true;
		}
	}
	return false;
}

/* The first drive that the mapping file names and luns does not, or NULL. */
static const struct drive *drive_taken(const struct vm_context *vm, const struct mapping *mapping)
{
	for (size_t i = 0; i < mapping->n_drives; i++) {
		if (!drive_in_luns(vm, mapping->drives[i].drive.target)) {
			return &mapping->drives[i].drive;
		}
	}
	return NULL;
}

bool vm_mapping_has_drives(const struct vm_context *vm, const struct mapping *mapping)
{
	return drive_added(vm, mapping) == NULL && drive_taken(vm, mapping) == NULL;
}

/* Is it a mapping file of this VM, with the drives of luns? */
static int mapping_fits_settings(const struct vm_context *vm, struct err *err)
{
	const struct drive *added = drive_added(vm, vm->mapping);
	const struct drive *taken = drive_taken(vm, vm->mapping);
	int rc = vm_mapping_is_ours(vm, vm->mapping, err);

	if (rc == 0 && added != NULL) {
		rc = err_set(err, -EPERM,
			     "the mapping file on LUN %s has no drive %s, which the parameter luns "
			     "names; the VM's next boot adds it",
			     vm->state.lun, added->target);
	} else if (rc == 0 && taken != NULL) {
		rc = err_set(err, -EPERM,
			     "the mapping file on LUN %s has a drive %s, which the parameter luns "
			     "does not name; the VM's next boot leaves it out",
			     vm->state.lun, taken->target);
	}
	return rc;
}

static void tell_grown(const struct vm_context *vm, const struct mapping_drive *was)
{
	const char *name = was->drive.extent.lun;
	const struct lun *lun = luns_find(vm->luns, vm->n_luns + vm->n_media, name);
	struct task_event event = {
		.kind = TASK_STEP_PROGRESS,
		.task = "state",
		.step = "sizes",
	};
	struct err text = ERR_INIT;

	if (lun == NULL || lun->size_bytes <= was->size_bytes) {
		return;
	}
	(void)err_set(&text, 0, "LUN %s has grown from %" PRIu64 " to %" PRIu64 " bytes", name,
		      was->size_bytes, lun->size_bytes);
	event.text = err_text(&text);
	vm_report_event(vm, &event);
}

/* Sizes that have grown are stored with the next state of the LUN (vm_complete.h: at a start). */
static int sizes_note(struct vm_context *vm, struct err *err)
{
	struct mapping *noted;
	int rc = mapping_note_sizes(vm->mapping, vm->luns, vm->n_luns + vm->n_media, &noted, err);

	if (rc == 0 && noted != NULL) {
		tell_grown(vm, &vm->mapping->state);
		for (size_t i = 0; i < vm->mapping->n_drives; i++) {
			tell_grown(vm, &vm->mapping->drives[i]);
		}
		mapping_free(vm->mapping);
		vm->mapping = noted;
		vm->sizes_new = true;
	}
	return rc;
}

static int luns_fit(struct vm_context *vm, struct err *err)
{
	int rc = mapping_check_luns(vm->mapping, vm->luns, vm->n_luns + vm->n_media, err);

	return rc != 0 ? rc : sizes_note(vm, err);
}

int vm_mapping_read(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = vm_state_load(vm, deadline, err);

	rc = rc != 0 ? rc : mapping_fits_settings(vm, err);
	return rc != 0 ? rc : luns_fit(vm, err);
}

/* One that was made here is not on the state LUN yet; a store finds out if another one is. */
int vm_mapping_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = vm->mapping_new ? 0 : vm_state_load(vm, deadline, err);

	if (rc == -ENODATA) {
		return TASK_NOT_DONE;
	}
	rc = rc != 0 ? rc : vm_mapping_is_ours(vm, vm->mapping, err);
	if (rc == 0 && !vm_mapping_has_drives(vm, vm->mapping)) {
		return TASK_NOT_DONE;
	}
	rc = rc != 0 ? rc : luns_fit(vm, err);
	return rc == 0 ? TASK_DONE : rc;
}

static int mapping_create(struct vm_context *vm, struct err *err)
{
	char digest[MAPPING_CONFIG_MAX + 1];
	g_autofree char *xml = NULL;
	gsize bytes;
	g_autoptr(GError) error = NULL;
	struct mapping_source source = {
		.vm = vm->settings->vm,
		.array = vm->settings->array,
		.drives = vm->drives,
		.n_drives = vm->n_drives,
		.state = &vm->state,
		.luns = vm->luns,
		.n_luns = vm->n_luns + vm->n_media,
	};
	int rc;

	if (vm->settings->config == NULL || vm->settings->config[0] == '\0') {
		return err_set(err, -EINVAL,
			       "state LUN %s is new: set the parameter config to a domain "
			       "definition of libvirt",
			       vm->state.lun);
	}
	if (!g_file_get_contents(vm->settings->config, &xml, &bytes, &error)) {
		return err_set(err, -ENOENT, "config: %s", error->message);
	}
	vm_config_digest(xml, bytes, digest);
	source.domain_xml = xml;
	source.config = digest;
	mapping_free(vm->mapping);
	vm->mapping = NULL;
	rc = mapping_build(&source, &vm->mapping, err);
	return rc == 0 ? 0 : err_prefix(err, rc, "config %s", vm->settings->config);
}

int vm_mapping_domain_check(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	g_autofree char *definition = NULL;
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	rc = rc != 0 ? rc
		     : hypervisor_domain_xml(hypervisor, vm->settings->vm, deadline, &definition,
					     err);
	if (rc != 0) {
		return rc == -ENOENT ? 0 : rc;
	}
	return definition_maps(definition, vm->drives, vm->n_drives)
		       ? 0
		       : err_set(err, -EPERM,
				 "stop VM '%s' first: it runs here with other drives than the "
				 "parameter luns names",
				 vm->settings->vm);
}

/* Is the LUN still one of the VM's? */
static bool lun_in_settings(const struct vm_context *vm, const char *lun)
{
	for (size_t i = 0; i < vm->n_luns; i++) {
		if (strcmp(vm->lun_names[i], lun) == 0) {
			return true;
		}
	}
	return false;
}

static void tell_drives(const struct vm_context *vm, const char *text)
{
	struct task_event event = {
		.kind = TASK_STEP_PROGRESS,
		.task = "drives",
		.step = "mapping",
		.text = text,
	};

	vm_report_event(vm, &event);
}

/* A host that still has a path to a LUN of which the mapping file is about to lose the name. */
static void tell_left(struct vm_context *vm, const char *lun, struct deadline deadline)
{
	struct array_masks masks;
	struct err text = ERR_INIT;
	const char *name;

	if (array_masks(&vm->array, &lun, 1, deadline, &masks, NULL) != 0) {
		return;
	}
	name = masks.count == 0                  ? NULL
	       : masks.masks[0].n_initiators > 0 ? masks.masks[0].initiators[0]
	       : masks.masks[0].n_nexuses > 0    ? masks.masks[0].nexuses[0]
						 : NULL;
	if (name != NULL) {
		(void)err_set(&text, 0,
			      "LUN %s is no longer one of the VM's, and %s still has a path to it: "
			      "remove that on the array",
			      lun, name);
		tell_drives(vm, err_text(&text));
	}
	array_masks_release(&masks);
}

/* A medium is not the VM's to watch over. */
static bool is_medium(const struct mapping *mapping, size_t i)
{
	return mapping->drives[i].drive.read_only;
}

/* The drives that stay, and the state LUN, are the volumes that they were (I6). */
static int kept_check(const struct vm_context *vm, struct err *err)
{
	struct mapping kept = *vm->mapping;
	g_autofree struct mapping_drive *drives = g_new0(struct mapping_drive, kept.n_drives + 1);

	kept.drives = drives;
	kept.n_drives = 0;
	for (size_t i = 0; i < vm->mapping->n_drives; i++) {
		const struct mapping_drive *drive = &vm->mapping->drives[i];

		if (drive_in_luns(vm, drive->drive.target) && !drive->drive.read_only) {
			drives[kept.n_drives++] = *drive;
		}
	}
	return mapping_check_luns(&kept, vm->luns, vm->n_luns + vm->n_media, err);
}

int vm_mapping_adapt(struct vm_context *vm, struct err *err)
{
	g_autofree char *told = NULL;
	g_autofree char *xml = NULL;
	struct mapping_source source = {
		.vm = vm->settings->vm,
		.array = vm->settings->array,
		.drives = vm->drives,
		.n_drives = vm->n_drives,
		.state = &vm->state,
		.luns = vm->luns,
		.n_luns = vm->n_luns + vm->n_media,
		.revision = vm->mapping->revision + 1,
		.config = vm->mapping->config,
	};
	struct mapping *next;
	int rc = kept_check(vm, err);

	rc = rc != 0 ? rc
		     : definition_drives(vm->mapping->xml, vm->drives, vm->n_drives, &xml, &told,
					 err);
	source.domain_xml = xml;
	rc = rc != 0 ? rc : mapping_build(&source, &next, err);
	if (rc == 0) {
		mapping_free(vm->mapping);
		vm->mapping = next;
		tell_drives(vm, told[0] != '\0' ? told : "other media");
	}
	return rc;
}

/*
 * Drives were added to luns, or taken from it. The mapping file is adapted, and stored when a
 * domain runs with it. Saved memory has the drives that it had.
 */
static int drives_change(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc;

	if (vm->image == IMAGE_VALID) {
		return err_set(err, -EPERM,
			       "set luns back, or 'lunmask image discard %s': the guest's saved "
			       "memory has other drives than the parameter luns names",
			       vm->settings->vm);
	}
	/* A start that was killed may have booted it with these drives. */
	rc = vm_mapping_domain_check(vm, deadline, err);
	rc = rc != 0 ? rc : vm_lun_owner_check_new(vm, deadline, err);
	for (size_t i = 0; rc == 0 && i < vm->mapping->n_drives; i++) {
		const char *lun = vm->mapping->drives[i].drive.extent.lun;

		if (!is_medium(vm->mapping, i) && !lun_in_settings(vm, lun)) {
			tell_left(vm, lun, deadline);
		}
	}
	return rc != 0 ? rc : vm_mapping_adapt(vm, err);
}

static int first_make(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = vm_lun_owner_check_new(vm, deadline, err);

	rc = rc != 0 ? rc : mapping_create(vm, err);
	if (rc == 0) {
		vm->image = IMAGE_NONE;
	}
	return rc;
}

int vm_mapping_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = vm_mapping_probe(vm, deadline, err);

	if (rc != TASK_NOT_DONE) {
		return rc == TASK_DONE ? 0 : rc;
	}
	rc = vm->state_known ? drives_change(vm, deadline, err) : first_make(vm, deadline, err);
	if (rc == 0) {
		vm->mapping_new = true;
		vm->state_known = true;
	}
	return rc;
}
