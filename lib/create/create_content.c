/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "create/create_content.h"

#include <glib.h>
#include <string.h>

#include "create/image_writer.h"
#include "step/vm_state.h"

#define LOOK_MS 60000

/* Those that the task has made, and those that were there. */
static size_t luns_all(const struct vm_context *vm, struct lun ret[2 * VM_LUNS_MAX])
{
	size_t n = vm->n_luns + vm->n_media;

	memcpy(ret, vm->luns, n * sizeof(ret[0]));
	memcpy(ret + n, vm->create->there, vm->create->n_there * sizeof(ret[0]));
	return n + vm->create->n_there;
}

int create_definition_check(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct lun luns[2 * VM_LUNS_MAX];
	const struct mapping_source source = {
		.domain_xml = vm->create->xml,
		.vm = vm->settings->vm,
		.array = vm->settings->array,
		.drives = vm->drives,
		.n_drives = vm->n_drives,
		.state = &vm->state,
		.luns = luns,
		.n_luns = luns_all(vm, luns),
	};
	struct hypervisor *hypervisor;
	struct mapping *next;
	int rc = mapping_build(&source, &next, err);

	if (rc != 0) {
		return rc;
	}
	mapping_free(vm->create->next);
	vm->create->next = next;
	rc = vm_hypervisor(vm, deadline, &hypervisor, err);
	return rc != 0 ? rc : hypervisor_check_xml(hypervisor, next->xml, deadline, err);
}

/* Images */

struct shown {
	const struct create_copy *copy;
	const char *doing;
	const char *lun;
	uint64_t bytes;
};

static void show(void *data, double share)
{
	const struct shown *shown = data;

	shown->copy->progress(shown->copy->data, shown->doing, shown->lun, shown->bytes, share);
}

typedef int image_fn(const struct image_job *job, struct deadline deadline, struct err *err);

static int image_do(const struct vm_context *vm, const struct create_volume *volume,
		    const char *doing, image_fn *fn, struct deadline deadline, struct err *err)
{
	const struct lun *lun = luns_find(vm->luns, vm->n_luns + vm->n_media, volume->lun);
	struct iscsi_path path = {
		.portal = vm->portal, .initiator = vm->self->initiator, .chap = vm->chap};
	struct shown shown = {.copy = &vm->create->copy, .doing = doing, .lun = volume->lun};
	struct image_job job = {
		.image = volume->image,
		.format = volume->format,
		.path = &path,
		.progress = shown.copy->progress != NULL ? show : NULL,
		.data = &shown,
	};
	int rc;

	if (!vm->luns_known || lun == NULL) {
		return err_set(err, -EINVAL, "the paths to LUN %s were not verified", volume->lun);
	}
	path.target = lun->target;
	path.number = lun->number;
	/* Again: it may be another file by now. */
	rc = shown.copy->look(job.image, job.format, deadline_within(deadline, LOOK_MS),
			      &shown.bytes, err);
	if (rc == 0 && shown.bytes > volume->size_bytes) {
		rc = err_set(err, -EINVAL, "image '%s' is larger than its LUN", job.image);
	}
	rc = rc != 0 ? rc : fn(&job, deadline, err);
	return rc == 0 ? 0 : err_prefix(err, rc, "%s LUN %s", doing, volume->lun);
}

static int images_do(const struct vm_context *vm, const char *doing, image_fn *fn,
		     struct deadline deadline, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < vm->create->n_volumes && rc == 0; i++) {
		const struct create_volume *volume = &vm->create->volumes[i];

		if (volume->image != NULL) {
			rc = image_do(vm, volume, doing, fn, deadline, err);
		}
	}
	return rc;
}

int create_images_probe(void *context, struct deadline deadline, struct err *err)
{
	const struct vm_context *vm = context;

	(void)deadline;
	(void)err;
	return vm->create->kept || vm->create->written ? TASK_DONE : TASK_NOT_DONE;
}

int create_images_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = images_do(vm, "write", image_write, deadline, err);

	vm->create->written = rc == 0;
	return rc;
}

int create_images_compare(void *context, struct deadline deadline, struct err *err)
{
	const struct vm_context *vm = context;

	return vm->create->copy.compare ? images_do(vm, "compare", image_compare, deadline, err)
					: 0;
}

/* The state LUN */

int create_state_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct err own = ERR_INIT;
	int rc = vm->state_known ? 0 : vm_state_load(vm, deadline, &own);

	if (rc == -ENODATA) {
		return TASK_NOT_DONE;
	}
	if (rc != 0) {
		return err_set(err, rc, "%s", err_text(&own));
	}
	if (strcmp(vm->mapping->vm, vm->settings->vm) != 0) {
		return err_set(err, -EPERM, "state LUN %s holds the definition of VM '%s'",
			       vm->state.lun, vm->mapping->vm);
	}
	return strcmp(vm->mapping->xml, vm->create->next->xml) == 0 ? TASK_DONE : TASK_NOT_DONE;
}

int create_state_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct mapping *stored = vm->mapping;
	int rc;

	vm->mapping = vm->create->next;
	rc = vm_state_store(vm, IMAGE_NONE, deadline, err);
	if (rc != 0) {
		vm->mapping = stored;
		return rc;
	}
	/* The probe compares with it. */
	vm->create->next = NULL;
	mapping_free(stored);
	return mapping_parse(vm->mapping->xml, strlen(vm->mapping->xml), &vm->create->next, err);
}
