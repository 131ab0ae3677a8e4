/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "retire/vm_doomed.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "action/vm_record.h"
#include "change/vm_image.h"
#include "cluster/cluster_vms.h"
#include "create/create_array.h"
#include "create/create_volumes.h"
#include "journal/journal.h"
#include "names/libvirt_uri.h"
#include "names/name.h"
#include "retire/destroy_steps.h"
#include "retire/vm_destroy.h"

#define LOOK_MS 60000
#define END_MS 10000
/* No guest is going to run with these paths. */
#define PATHS_REQUIRED 1

/* The VM as it is configured, with the texts that it borrows. */
struct subject {
	const struct vm_destroy_wish *wish;
	struct vm_settings settings;
	struct cluster_vms vms;
	char *state_lun; /* of a VM without a resource */
	struct extent state;
};

static void subject_release(struct subject *subject)
{
	cluster_vms_release(&subject->vms);
	g_free(subject->state_lun);
}

/* Its resource, or NULL. */
static int resource_find(const struct subject *subject, const struct cluster_vm **ret,
			 struct err *err)
{
	*ret = NULL;
	for (size_t i = 0; i < subject->vms.count; i++) {
		const struct cluster_vm *one = &subject->vms.vms[i];

		if (g_strcmp0(one->vm, subject->wish->vm) != 0) {
			continue;
		}
		if (*ret != NULL) {
			return err_set(err, -EPERM,
				       "resources %s and %s are both of VM '%s': remove one first",
				       (*ret)->resource, one->resource, one->vm);
		}
		*ret = one;
	}
	return 0;
}

static int configured_open(struct subject *subject, const struct cluster_vm *resource,
			   struct deadline deadline, struct vm_context **ret, struct err *err)
{
	struct vm_settings *settings = &subject->settings;

	if (resource->unclear != NULL) {
		return err_set(err, -EINVAL, "the LUNs of resource %s are not known: %s",
			       resource->resource, resource->unclear);
	}
	if (!resource->stopped) {
		return err_set(err, -EBUSY,
			       "stop the resource first: crm resource stop %s, or pcs resource "
			       "disable %s",
			       resource->resource, resource->resource);
	}
	settings->array = resource->array;
	settings->luns = resource->luns;
	settings->state_lun = resource->state_lun;
	if (subject->wish->array != NULL || subject->wish->state_lun != NULL) {
		return err_set(err, -EINVAL,
			       "leave out --array and --state-lun: resource %s says where VM '%s' "
			       "is",
			       resource->resource, subject->wish->vm);
	}
	return vm_context_open(settings, NULL, deadline, ret, err);
}

/* Of a VM without a resource, only the state LUN is known. */
static int bare_open(struct subject *subject, const char *array, struct deadline deadline,
		     struct vm_context **ret, struct err *err)
{
	const char *lun;
	int rc;

	subject->state_lun = subject->wish->state_lun != NULL
				     ? g_strdup(subject->wish->state_lun)
				     : g_strdup_printf("%s-state", subject->wish->vm);
	rc = extent_from_str(subject->state_lun, &subject->state, err);
	if (rc != 0) {
		return rc;
	}
	subject->settings.array = array;
	lun = subject->state.lun;
	rc = vm_context_open_luns(&subject->settings, &lun, 1, deadline, ret, err);
	if (rc == 0) {
		(*ret)->state = subject->state;
	}
	return rc;
}

/* The LUNs */

static int part_refuse(const char *lun, struct err *err)
{
	return err_set(err, -EPERM,
		       "VM has a part of LUN '%s' only: take the drive from luns, or delete its "
		       "LUNs on the array",
		       lun);
}

static void doomed_add(struct vm_doomed *doomed, const char *lun)
{
	(void)snprintf(doomed->luns[doomed->n_luns++].lun, sizeof(doomed->luns[0].lun), "%s", lun);
}

static int drive_take(const struct vm_destroy_wish *wish, const struct drive *drive,
		      struct vm_doomed *doomed, struct err *err)
{
	const struct extent *extent = &drive->extent;

	if (drive->read_only) {
		return 0;
	}
	if (wish->keep_luns) {
		(void)snprintf(doomed->kept[doomed->n_kept++], sizeof(doomed->kept[0]), "%s",
			       extent->lun);
		return 0;
	}
	if (extent->offset_bytes != 0 || extent->length_bytes != 0) {
		return part_refuse(extent->lun, err);
	}
	doomed_add(doomed, extent->lun);
	return 0;
}

/* The configuration comes first: a drive that was taken from luns is to stay. */
static int luns_take(const struct subject *subject, const struct vm_context *vm, bool configured,
		     struct vm_doomed *doomed, struct err *err)
{
	size_t n = configured ? vm->n_drives : vm->mapping->n_drives;
	int rc = 0;

	if (vm->state.offset_bytes != 0 || vm->state.length_bytes != 0) {
		return part_refuse(vm->state.lun, err);
	}
	doomed_add(doomed, vm->state.lun);
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = drive_take(subject->wish,
				configured ? &vm->drives[i] : &vm->mapping->drives[i].drive, doomed,
				err);
	}
	return rc;
}

static int sizes_look(struct vm_context *vm, struct vm_doomed *doomed, struct deadline deadline,
		      struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < doomed->n_luns && rc == 0; i++) {
		bool there;

		rc = create_lun_look(vm, doomed->luns[i].lun, deadline, &there,
				     &doomed->luns[i].size_bytes, err);
	}
	return rc;
}

/* What the mapping file knows about the LUN, or NULL. */
static const struct mapping_drive *drive_of(const struct mapping *mapping, const char *lun)
{
	for (size_t i = 0; i < mapping->n_drives; i++) {
		if (strcmp(mapping->drives[i].drive.extent.lun, lun) == 0) {
			return &mapping->drives[i];
		}
	}
	return strcmp(mapping->state.drive.extent.lun, lun) == 0 ? &mapping->state : NULL;
}

/* What is on the array under the name of a LUN must be the VM's, where the mapping file knows. */
static int same_volumes(struct vm_context *vm, const struct vm_doomed *doomed,
			struct deadline deadline, struct err *err)
{
	const struct mapping *mapping = vm->mapping;
	int rc = 0;

	if (strcmp(mapping->vm, vm->settings->vm) != 0 ||
	    strcmp(mapping->array, vm->settings->array) != 0) {
		return err_set(err, -EPERM,
			       "state LUN '%s' holds the definition of VM '%s' on array %s",
			       vm->state.lun, mapping->vm, mapping->array);
	}
	for (size_t i = 0; i < doomed->n_luns && rc == 0; i++) {
		const char *name = doomed->luns[i].lun;
		const struct mapping_drive *was = drive_of(mapping, name);
		struct lun found;

		if (was == NULL || doomed->luns[i].size_bytes == 0) {
			continue;
		}
		rc = array_luns(&vm->array, &name, 1, vm->self->initiator, deadline, &found, err);
		if (rc == 0 && strcmp(found.designator, was->designator) != 0) {
			rc = err_set(err, -EUCLEAN,
				     "LUN '%s' is %s on the array, and the mapping file of VM '%s' "
				     "names %s: another volume under the same name is not deleted",
				     name, found.designator, vm->settings->vm, was->designator);
		}
	}
	return rc;
}

/* Why it cannot be read may be what the administrator wants to end. */
static bool unreadable(int rc)
{
	return rc == -EUCLEAN || rc == -EBADMSG || rc == -ENOTSUP || rc == -ENXIO;
}

static int state_look(struct vm_context *vm, bool configured, const struct vm_destroy_wish *wish,
		      struct deadline deadline, struct vm_doomed *doomed, struct err *err)
{
	struct vm_image_seen seen;
	struct err own = ERR_INIT;
	int rc = vm_image_look(vm, deadline, &seen, &own);

	if (rc == 0) {
		doomed->known = true;
		doomed->image = seen.image;
		doomed->generation = seen.generation;
		return 0;
	}
	if (configured && (rc == -ENODATA || (wish->discard_image && unreadable(rc)))) {
		return 0;
	}
	(void)err_set(err, rc, "%s", err_text(&own));
	if (configured && unreadable(rc)) {
		return err_prefix(err, rc,
				  "say --discard-image if VM '%s' is to be destroyed all the same",
				  wish->vm);
	}
	return !configured && rc == -ENXIO
		       ? err_set(err, -ENOENT,
				 "the cluster has no resource of VM '%s', and array %s has no LUN "
				 "'%s': name its state LUN with --state-lun",
				 wish->vm, vm->array.name, vm->state.lun)
		       : rc;
}

/* Of the LUNs that are to be deleted only. */
static int needed_look(struct vm_context *vm, const struct vm_destroy_wish *wish,
		       const struct vm_doomed *doomed, struct deadline deadline, struct err *err)
{
	struct vm_context those = *vm;
	int rc;

	those.n_media = 0;
	those.n_luns = doomed->n_luns;
	for (size_t i = 0; i < doomed->n_luns; i++) {
		those.lun_names[i] = doomed->luns[i].lun;
	}
	rc = destroy_needed_check(&those, deadline, err);
	return rc != 0 ? rc : destroy_snapshots_check(&those, wish, deadline, err);
}

static int vm_look(struct subject *subject, struct vm_context *vm, bool configured,
		   struct deadline deadline, struct vm_doomed *doomed, struct err *err)
{
	const struct vm_destroy_wish *wish = subject->wish;
	int rc = state_look(vm, configured, wish, deadline, doomed, err);

	rc = rc != 0 ? rc : luns_take(subject, vm, configured, doomed, err);
	rc = rc != 0 ? rc : sizes_look(vm, doomed, deadline, err);
	rc = rc != 0 || !doomed->known ? rc : same_volumes(vm, doomed, deadline, err);
	rc = rc != 0 ? rc : needed_look(vm, wish, doomed, deadline, err);
	if (rc == 0 && doomed->image == IMAGE_VALID && !wish->discard_image) {
		rc = err_set(err, -EPERM,
			     "start VM '%s', or say --discard-image: the memory of its guest is "
			     "saved on LUN '%s'",
			     wish->vm, vm->state.lun);
	}
	return rc;
}

static int first_look(struct subject *subject, const struct cluster_vm *resource,
		      const struct vm_report *report, struct deadline deadline,
		      struct vm_doomed *ret, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	int rc;

	if (resource != NULL) {
		rc = configured_open(subject, resource, deadline, &vm, err);
		ret->array = g_strdup(resource->array);
	} else {
		rc = create_array_choose(subject->wish->array, &ret->array, err);
		rc = rc != 0 ? rc : bare_open(subject, ret->array, deadline, &vm, err);
	}
	if (rc == 0) {
		vm->report = report;
		ret->wipe = subject->wish->wipe;
		rc = vm_look(subject, vm, resource != NULL, deadline, ret, err);
	}
	return rc;
}

/* An earlier destroy */

/* What an earlier command was told to do goes on: no other wish may seem to be heard. */
static int wish_check(const struct vm_destroy_wish *wish, const struct vm_doomed *doomed,
		      struct err *err)
{
	const char *option = wish->wipe && !doomed->wipe             ? "--wipe"
			     : wish->keep_luns && doomed->n_luns > 1 ? "--keep-luns"
								     : NULL;

	return option == NULL
		       ? 0
		       : err_set(err, -EINVAL,
				 "leave out %s, or give this up with --abort: VM '%s' is being "
				 "destroyed without it",
				 option, wish->vm);
}

static int second_look(struct subject *subject, const struct journal_task *task,
		       struct deadline deadline, struct vm_doomed *ret, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	const char *luns[VM_LUNS_MAX];
	int rc = create_array_find(task->mode, &ret->array, err);

	ret->continued = true;
	ret->begun = vm_destroy_is_begun(task);
	ret->wipe = strcmp(task->image, JOURNAL_IMAGE_WIPE) == 0;
	for (size_t i = 0; i < task->n_luns; i++) {
		luns[i] = task->luns[i];
		doomed_add(ret, task->luns[i]);
	}
	rc = rc != 0 ? rc : wish_check(subject->wish, ret, err);
	subject->settings.array = ret->array;
	rc = rc != 0 ? rc
		     : vm_context_open_luns(&subject->settings, luns, task->n_luns, deadline, &vm,
					    err);
	return rc != 0 ? rc : sizes_look(vm, ret, deadline, err);
}

/* It died before its first record: nothing has happened, and what it wanted is not known. */
static int empty_end(struct subject *subject, struct deadline deadline, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	g_autofree char *array = NULL;
	int rc = create_array_choose(subject->settings.array, &array, err);

	subject->settings.array = array;
	rc = rc != 0 ? rc : vm_context_open_luns(&subject->settings, NULL, 0, deadline, &vm, err);
	rc = rc != 0 ? rc : vm_record_open_left(vm, VM_ACTION_DESTROY, deadline, err);
	if (rc == 0) {
		rc = vm_record_close(vm, 0, deadline_in(END_MS), err);
	}
	subject->settings.array = NULL;
	return rc == -ENOENT ? 0 : rc;
}

static int task_look(const char *vm, struct deadline deadline, struct journal_task *ret,
		     struct err *err)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	int rc = journal_open(deadline, &journal, err);

	*ret = (struct journal_task){.revision = 0};
	rc = rc != 0 ? rc : journal_task_get(journal, vm, JOURNAL_LINEARIZABLE, deadline, ret, err);
	return rc == -ENOENT ? 0 : rc;
}

static int any_look(struct subject *subject, const struct vm_report *report,
		    struct deadline deadline, struct vm_doomed *ret, struct err *err)
{
	const struct cluster_vm *resource;
	struct journal_task task;
	bool open;
	int rc = cluster_vms_get(deadline, &subject->vms, err);

	rc = rc != 0 ? rc : resource_find(subject, &resource, err);
	rc = rc != 0 ? rc : task_look(subject->wish->vm, deadline, &task, err);
	if (rc != 0) {
		return rc;
	}
	open = task.kind == JOURNAL_DESTROY && journal_state_open(task.state);
	ret->resource = resource != NULL ? g_strdup(resource->resource) : NULL;
	if (resource != NULL && resource->hypervisor != NULL) {
		subject->settings.hypervisor = resource->hypervisor;
	}
	ret->hypervisor = g_strdup(subject->settings.hypervisor);
	if (open && task.mode[0] != '\0') {
		return second_look(subject, &task, deadline, ret, err);
	}
	if (open) {
		subject->settings.array = resource != NULL ? resource->array : subject->wish->array;
		rc = empty_end(subject, deadline, err);
	}
	return rc != 0 ? rc : first_look(subject, resource, report, deadline, ret, err);
}

int vm_doomed_find(const struct vm_destroy_wish *wish, const struct vm_report *report,
		   struct deadline deadline, struct vm_doomed *ret, struct err *err)
{
	struct subject subject = {
		.wish = wish,
		.settings =
			{
				.vm = wish->vm,
				.hypervisor = wish->hypervisor != NULL ? wish->hypervisor
								       : LIBVIRT_URI_SYSTEM,
				.migration_transport = VM_TRANSPORT_DEFAULT,
				.paths_required = PATHS_REQUIRED,
				.node = wish->node,
			},
	};
	int rc = vm_name_valid(wish->vm)
			 ? 0
			 : err_set(err, -EINVAL, "'%.80s' is not a name of a VM: legal are %s",
				   wish->vm, VM_NAME_LEGAL);

	*ret = (struct vm_doomed){.array = NULL};
	rc = rc != 0 ? rc
		     : any_look(&subject, report, deadline_within(deadline, LOOK_MS), ret, err);
	subject_release(&subject);
	return rc;
}

void vm_doomed_release(struct vm_doomed *doomed)
{
	g_free(doomed->resource);
	g_free(doomed->array);
	g_free(doomed->hypervisor);
	*doomed = (struct vm_doomed){.array = NULL};
}
