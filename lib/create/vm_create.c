/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "create/vm_create.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "action/vm_record.h"
#include "create/create_array.h"
#include "create/create_rows.h"
#include "create/create_task.h"
#include "names/libvirt_uri.h"
#include "names/name.h"
#include "template/template_image.h"
#include "vm/vm_keep.h"

#define TASK_CREATE "create"
#define TASK_UNDO "undo"
#define UNDO_RESERVE_MS 60000
#define LOOK_MS 60000 /* what is looked at before the task begins */

static const struct task_step create_steps[] = {
	CREATE_ROW_FORMER, CREATE_ROW_CUT,        CREATE_ROW_CLEAR,  CREATE_ROW_VOLUMES,
	CREATE_ROW_UNUSED, CREATE_ROW_WITHDRAW,   CREATE_ROW_GRANT,  CREATE_ROW_VERIFY,
	CREATE_ROW_OWNER,  CREATE_ROW_DEFINITION, CREATE_ROW_IMAGES, CREATE_ROW_COMPARE,
	CREATE_ROW_STATE,  CREATE_ROW_REVOKE,
};

static const struct task_step undo_steps[] = {
	CREATE_ROW_FORMER,
	CREATE_ROW_UNUSED,
	CREATE_ROW_REVOKED(CREATE_STEP_TAKE_BACK),
	CREATE_ROW_DELETE,
};

/* What is to be made */

struct plan {
	const struct vm_create_wish *wish;
	struct template_luns luns;
	struct vm_create create;
};

static char *luns_text(const struct template_luns *luns)
{
	GString *text = g_string_new(NULL);

	for (size_t i = 0; i < luns->n_drives; i++) {
		g_string_append_printf(text, "%s%s=%s%s", i > 0 ? " " : "", luns->drives[i].target,
				       luns->drives[i].extent.lun,
				       luns->drives[i].read_only ? ":ro" : "");
	}
	return g_string_free(text, FALSE);
}

static void volumes_list(struct plan *plan)
{
	const struct template *template = plan->wish->template;
	struct vm_create *create = &plan->create;

	for (size_t i = 0; i < template->n_drives; i++) {
		const struct template_drive *drive = &template->drives[i];

		if (drive->medium == NULL) {
			create->volumes[create->n_volumes++] = (struct create_volume){
				.lun = plan->luns.drives[i].extent.lun,
				.size_bytes = drive->size_bytes,
				.class = drive->class,
				.image = drive->image,
				.format = drive->format,
			};
		}
	}
	create->volumes[create->n_volumes++] = (struct create_volume){
		.lun = plan->luns.state.lun,
		.size_bytes = template_state_bytes(template, plan->wish->memory_bytes),
		.class = template->class,
	};
}

static int plan_make(const struct vm_create_wish *wish, struct plan *plan, struct vm_created *ret,
		     struct err *err)
{
	int rc = vm_name_valid(wish->vm)
			 ? 0
			 : err_set(err, -EINVAL, "'%.80s' is not a name of a VM: legal are %s",
				   wish->vm, VM_NAME_LEGAL);

	rc = rc != 0 ? rc : template_definition_check(wish->template, err);
	rc = rc != 0 ? rc : template_luns_name(wish->template, wish->vm, &plan->luns, err);
	rc = rc != 0 ? rc : create_array_choose(wish->array, &ret->array, err);
	if (rc == 0) {
		plan->wish = wish;
		plan->create.copy = (struct create_copy){
			.look = template_image_look,
			.compare = wish->compare,
			.progress = wish->progress,
			.data = wish->data,
		};
		volumes_list(plan);
		ret->luns = luns_text(&plan->luns);
		ret->state_lun = g_strdup(plan->luns.state.lun);
		ret->memory_bytes = wish->memory_bytes;
	}
	return rc;
}

void vm_create_release(struct vm_create *create)
{
	g_free(create->xml);
	mapping_free(create->next);
}

void vm_created_release(struct vm_created *created)
{
	g_free(created->array);
	g_free(created->luns);
	g_free(created->state_lun);
	*created = (struct vm_created){.array = NULL};
}

static struct vm_settings settings_of(const struct vm_create_wish *wish,
				      const struct vm_created *made)
{
	return (struct vm_settings){
		.vm = wish->vm,
		.array = made->array,
		.luns = made->luns,
		.state_lun = made->state_lun,
		.hypervisor = wish->hypervisor != NULL ? wish->hypervisor : LIBVIRT_URI_SYSTEM,
		.migration_transport = VM_TRANSPORT_DEFAULT,
		.node = wish->node,
	};
}

/* Checks before anything is made */

static int images_look(const struct template *template, struct deadline deadline, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < template->n_drives && rc == 0; i++) {
		const struct template_drive *drive = &template->drives[i];
		uint64_t bytes = 0;

		if (drive->image == NULL) {
			continue;
		}
		rc = template_image_look(drive->image, drive->format, deadline, &bytes, err);
		if (rc == 0 && bytes > drive->size_bytes) {
			rc = err_set(err, -EINVAL,
				     "make drive %s larger (--size): image '%s' has a disk of "
				     "%" PRIu64 " bytes, and the drive %" PRIu64,
				     drive->target, drive->image, bytes, drive->size_bytes);
		}
	}
	return rc;
}

int vm_create_possible(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct array_info info;
	int rc = array_info(&vm->array, deadline, &info, err);

	if (rc == 0 && !info.volumes) {
		rc = err_set(err, -EOPNOTSUPP,
			     "the driver of array %s cannot make and delete LUNs (capabilities "
			     "create, delete)",
			     vm->array.name);
	}
	rc = rc != 0 ? rc : create_classes_check(vm, deadline, err);
	for (size_t i = 0; i < vm->create->n_volumes && rc == 0; i++) {
		const char *lun = vm->create->volumes[i].lun;
		bool there = false;

		rc = create_lun_look(vm, lun, deadline, &there, NULL, err);
		if (rc == 0 && there) {
			rc = err_set(err, -EEXIST,
				     "LUN '%s' is there already: of another VM, or of a create "
				     "that has not ended (lunmask tasks)",
				     lun);
		}
	}
	return rc;
}

int vm_create_check(const struct vm_create_wish *wish, struct deadline deadline,
		    struct vm_created *ret, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	struct plan plan = {.wish = NULL};
	struct vm_settings settings;
	int rc;

	*ret = (struct vm_created){.array = NULL};
	rc = plan_make(wish, &plan, ret, err);
	rc = rc != 0 ? rc : images_look(wish->template, deadline_within(deadline, LOOK_MS), err);
	settings = settings_of(wish, ret);
	rc = rc != 0 ? rc : vm_context_open(&settings, NULL, deadline, &vm, err);
	if (rc == 0) {
		vm->create = &plan.create;
		rc = vm_create_possible(vm, deadline, err);
	}
	vm_create_release(&plan.create);
	return rc;
}

/* The task */

/* The task's own id is the VM's: it stays the same when the task goes on. */
static int definition_make(struct vm_context *vm, const struct vm_create_wish *wish,
			   struct err *err)
{
	char uuid[ID128_TEXT];
	const struct template_values values = {
		.vm = wish->vm,
		.uuid = uuid,
		.memory_bytes = wish->memory_bytes,
		.n_vcpus = wish->n_vcpus,
		.network = wish->network,
	};

	id128_to_str(&vm->journal.task.uuid, uuid);
	return template_definition_make(wish->template, &values, &vm->create->xml, err);
}

static int task_walk(struct vm_context *vm, const struct vm_create_wish *wish,
		     struct deadline deadline, struct err *err)
{
	int rc = create_task_mark_check(vm, err);

	rc = rc != 0 ? rc : definition_make(vm, wish, err);
	/* With it, stop finds what a killed process of this task has left. */
	rc = rc != 0 ? rc : vm_keep_store(vm, err);
	return rc != 0 ? rc
		       : vm_task_run(vm, TASK_CREATE, VM_STEPS(create_steps), UNDO_RESERVE_MS,
				     deadline, err);
}

int vm_create(const struct vm_create_wish *wish, const struct vm_report *report,
	      struct deadline deadline, struct vm_created *ret, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	struct plan plan = {.wish = NULL};
	struct vm_settings settings;
	int rc;

	*ret = (struct vm_created){.array = NULL};
	rc = plan_make(wish, &plan, ret, err);
	rc = rc != 0 ? rc : images_look(wish->template, deadline_within(deadline, LOOK_MS), err);
	settings = settings_of(wish, ret);
	rc = rc != 0 ? rc
		     : vm_context_open(&settings, report, deadline_within(deadline, LOOK_MS), &vm,
				       err);
	if (rc == 0) {
		vm->create = &plan.create;
		rc = create_task_open(vm, CREATE_TEMPLATE, deadline, err);
	}
	if (rc == 0) {
		rc = create_task_end(vm, task_walk(vm, wish, deadline, err), err);
	}
	vm_create_release(&plan.create);
	return rc;
}

/* Undoing */

static int undo_run(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = create_task_open_left(vm, CREATE_TEMPLATE, deadline, err);

	if (rc != 0) {
		return rc;
	}
	/* It may have died before it made anything. */
	rc = vm->journal.task.n_luns == 0 ? 0
					  : vm_task_run(vm, TASK_UNDO, VM_STEPS(undo_steps),
							UNDO_RESERVE_MS, deadline, err);
	return create_task_end(vm, rc, err);
}

int vm_create_abort(const char *name, const char *node, const char *hypervisor,
		    const struct vm_report *report, struct deadline deadline, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	struct vm_create create = {.n_volumes = 0};
	const char *luns[VM_LUNS_MAX];
	struct journal_task task;
	g_autofree char *array = NULL;
	struct vm_settings settings = {
		.vm = name,
		.hypervisor = hypervisor != NULL ? hypervisor : LIBVIRT_URI_SYSTEM,
		.migration_transport = VM_TRANSPORT_DEFAULT,
		.node = node,
	};
	int rc = create_task_find(name, CREATE_TEMPLATE, deadline_within(deadline, LOOK_MS), &task,
				  err);

	/* Before its first record it has made nothing, and names no array: any will do. */
	rc = rc != 0                ? rc
	     : task.mode[0] == '\0' ? create_array_choose(NULL, &array, err)
				    : create_array_find(task.mode, &array, err);
	for (size_t i = 0; rc == 0 && i < task.n_luns; i++) {
		luns[i] = task.luns[i];
	}
	settings.array = array;
	rc = rc != 0 ? rc : vm_context_open_luns(&settings, luns, task.n_luns, deadline, &vm, err);
	if (rc == 0) {
		vm->report = report;
		vm->create = &create;
		rc = undo_run(vm, deadline, err);
	}
	return rc;
}
