/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/vm_resize.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "action/vm_mapping.h"
#include "action/vm_record.h"
#include "action/vm_visit.h"
#include "names/size.h"
#include "step/vm_state.h"

#define TASK_NAME "resize"
#define RUNNING_HOLD_MS 20000

struct vm_resize {
	const char *target; /* NULL: the state LUN */
	const char *lun;
	uint64_t size_bytes;
	struct mapping *noted; /* with the sizes of now; NULL: those that are stored */
};

/* The drive */

static char *drives_text(const struct vm_context *vm)
{
	GString *text = g_string_new(NULL);

	for (size_t i = 0; i < vm->n_drives; i++) {
		g_string_append_printf(text, "%s, ", vm->drives[i].target);
	}
	g_string_append(text, VM_RESIZE_STATE);
	return g_string_free(text, FALSE);
}

static int extent_whole(const struct extent *extent, struct err *err)
{
	return extent->offset_bytes == 0 && extent->length_bytes == 0
		       ? 0
		       : err_set(err, -EPERM,
				 "the drive is a part of LUN '%s': only a whole LUN can grow",
				 extent->lun);
}

static int drive_check(const struct drive *drive, struct err *err)
{
	if (drive->read_only) {
		return err_set(err, -EPERM, "drive %s is a medium, which belongs to no VM",
			       drive->target);
	}
	if (drive_is_no_disk(drive->target)) {
		return err_set(err, -EPERM, "%s has the size that it needs: only disks grow",
			       drive->target);
	}
	return extent_whole(&drive->extent, err);
}

static int drive_find(const struct vm_context *vm, const char *target, struct vm_resize *ret,
		      struct err *err)
{
	g_autofree char *drives = NULL;

	if (strcmp(target, VM_RESIZE_STATE) == 0) {
		ret->lun = vm->state.lun;
		return extent_whole(&vm->state, err);
	}
	for (size_t i = 0; i < vm->n_drives; i++) {
		if (strcmp(vm->drives[i].target, target) == 0) {
			ret->target = vm->drives[i].target;
			ret->lun = vm->drives[i].extent.lun;
			return drive_check(&vm->drives[i], err);
		}
	}
	drives = drives_text(vm);
	return err_set(err, -ENOENT, "VM '%s' has no drive '%.20s': it has %s", vm->settings->vm,
		       target, drives);
}

static int size_look(struct vm_context *vm, const struct vm_resize *resize,
		     struct deadline deadline, uint64_t *ret_bytes, struct err *err)
{
	struct lun found;
	char has[SIZE_TEXT], wanted[SIZE_TEXT];
	int rc =
		array_luns(&vm->array, &resize->lun, 1, vm->self->initiator, deadline, &found, err);

	if (rc != 0) {
		return rc;
	}
	*ret_bytes = found.size_bytes;
	return found.size_bytes <= resize->size_bytes
		       ? 0
		       : err_set(err, -EINVAL,
				 "name a larger size: LUN '%s' has %s (%" PRIu64
				 " bytes), and a drive is not made smaller, as to %s",
				 resize->lun, size_to_str(found.size_bytes, has), found.size_bytes,
				 size_to_str(resize->size_bytes, wanted));
}

/* The steps */

static int grow_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	uint64_t bytes = 0;
	int rc = size_look(vm, vm->resize, deadline, &bytes, err);

	return rc != 0 ? rc : bytes == vm->resize->size_bytes ? TASK_DONE : TASK_NOT_DONE;
}

static int grow_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	bool resized;

	return array_resize(&vm->array, vm->resize->lun, vm->resize->size_bytes, deadline, &resized,
			    err);
}

/* A VM that was never started has no mapping file, and its first start notes the sizes. */
static int stored_look(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct vm_resize *resize = vm->resize;
	struct err own = ERR_INIT;
	int rc = vm->state_known ? 0 : vm_state_load(vm, deadline, &own);

	mapping_free(resize->noted);
	resize->noted = NULL;
	if (rc != 0) {
		return rc == -ENODATA ? 0 : err_set(err, rc, "%s", err_text(&own));
	}
	rc = vm_mapping_is_ours(vm, vm->mapping, err);
	rc = rc != 0 ? rc
		     : mapping_check_luns(vm->mapping, vm->luns, vm->n_luns + vm->n_media, err);
	return rc != 0 ? rc
		       : mapping_note_sizes(vm->mapping, vm->luns, vm->n_luns + vm->n_media,
					    &resize->noted, err);
}

static int note_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = stored_look(vm, deadline, err);

	return rc != 0 ? rc : vm->resize->noted == NULL ? TASK_DONE : TASK_NOT_DONE;
}

static int note_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct mapping *stored = vm->mapping;
	int rc;

	if (vm->image == IMAGE_WRITING && vm->domain_here) {
		return err_set(err, -EBUSY, "the guest's memory is being saved: try again later");
	}
	vm->mapping = vm->resize->noted;
	rc = vm_state_store(vm, vm->image, deadline, err);
	if (rc != 0) {
		vm->mapping = stored;
		return rc;
	}
	vm->resize->noted = NULL;
	mapping_free(stored);
	return 0;
}

static int tell_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct hypervisor *hypervisor;
	uint64_t bytes = 0;
	int rc;

	if (vm->resize->target == NULL) {
		return TASK_DONE;
	}
	rc = vm_hypervisor(vm, deadline, &hypervisor, err);
	rc = rc != 0 ? rc
		     : hypervisor_disk_size(hypervisor, vm->settings->vm, vm->resize->target,
					    deadline, &bytes, err);
	return rc != 0 ? rc : bytes == vm->resize->size_bytes ? TASK_DONE : TASK_NOT_DONE;
}

static int tell_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	return rc != 0 ? rc
		       : hypervisor_disk_resize(hypervisor, vm->settings->vm, vm->resize->target,
						vm->resize->size_bytes, deadline, err);
}

#define STEP_GROW                                                                                  \
	{                                                                                          \
		.name = "grow", .probe = grow_probe, .run = grow_run, .timeout_ms = 10000,         \
		.tries = 2, .retry_ms = 500, .flags = TASK_WIDENS,                                 \
	}
#define STEP_NOTE                                                                                  \
	{                                                                                          \
		.name = "note", .probe = note_probe, .run = note_run, .timeout_ms = 5000,          \
		.tries = 2, .retry_ms = 200, .flags = TASK_WIDENS,                                 \
	}

/* It grows before anybody has a path. */
static const struct task_step stopped_steps[] = {
	STEP_NOT_ELSEWHERE, STEP_GROW, STEP_WITHDRAW, STEP_GRANT,
	STEP_VERIFY,        STEP_NOTE, STEP_REVOKE,
};

/* The guest is told last: it may begin to use what is new at once. */
static const struct task_step running_steps[] = {
	STEP_RUNS,
	STEP_GROW,
	STEP_VERIFY,
	STEP_NOTE,
	{
		.name = "tell",
		.probe = tell_probe,
		.run = tell_run,
		.timeout_ms = 10000,
		.tries = 3,
		.retry_ms = 500,
	},
};

int vm_resize(struct vm_context *vm, const char *target, uint64_t size_bytes,
	      struct deadline deadline, struct vm_resized *ret, struct err *err)
{
	struct vm_resize resize = {.size_bytes = size_bytes};
	enum domain_state state = DOMAIN_ABSENT;
	int rc = drive_find(vm, target, &resize, err);

	*ret = (struct vm_resized){.before_bytes = 0};
	rc = rc != 0 ? rc : size_look(vm, &resize, deadline, &ret->before_bytes, err);
	rc = rc != 0 ? rc : vm_domain_state(vm, deadline, &state, err);
	if (rc != 0) {
		return rc;
	}
	(void)snprintf(ret->lun, sizeof(ret->lun), "%s", resize.lun);
	ret->here = state != DOMAIN_ABSENT;
	vm->resize = &resize;
	vm->domain_here = ret->here;
	rc = ret->here ? vm_visit_running(vm, TASK_NAME, VM_STEPS(running_steps), RUNNING_HOLD_MS,
					  deadline, err)
		       : vm_visit_stopped(vm, TASK_NAME, VM_STEPS(stopped_steps), deadline, err);
	vm->resize = NULL;
	mapping_free(resize.noted);
	return rc;
}
