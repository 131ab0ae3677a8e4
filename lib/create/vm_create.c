/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "create/vm_create.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "action/vm_record.h"
#include "create/create_array.h"
#include "create/create_content.h"
#include "create/create_volumes.h"
#include "journal/journal.h"
#include "media/vm_media.h"
#include "names/libvirt_uri.h"
#include "names/name.h"
#include "step/vm_masks.h"
#include "step/vm_own.h"
#include "step/vm_release.h"
#include "template/template_image.h"
#include "vm/vm_keep.h"
#include "vm/vm_lun_owner.h"

#define TASK_CREATE "create"
#define TASK_UNDO "undo"
#define UNDO_RESERVE_MS 60000
#define END_MS 10000
#define LOOK_MS 60000 /* what is looked at before the task begins */
#define IMAGES_MS (24 * 60 * 60 * 1000)
#define VOLUMES_MS (24 * 60 * 60 * 1000) /* an array may have to fill them with zeros */

/* clang-format off */
#define STEP_FORMER                                                                                \
	{                                                                                          \
		.name = "former", .probe = create_former_probe, .run = create_former_run,          \
		.timeout_ms = 60000, .tries = 3, .retry_ms = 500,                                  \
	}
#define STEP_CREATE_UNUSED                                                                         \
	{                                                                                          \
		.name = "unused", .run = create_unused_check, .timeout_ms = 30000, .tries = 3,     \
		.retry_ms = 500, .flags = TASK_CHECK,                                              \
	}
/* clang-format on */

static const struct task_step create_steps[] = {
	STEP_FORMER,
	{
		.name = "cut",
		.probe = create_cut_probe,
		.run = create_cut_run,
		.timeout_ms = 60000,
		.tries = 3,
		.retry_ms = 500,
	},
	{
		.name = "clear",
		.probe = create_clear_probe,
		.run = create_clear_run,
		.timeout_ms = 120000,
		.tries = 3,
		.retry_ms = 500,
	},
	{
		.name = "volumes",
		.probe = create_volumes_probe,
		.run = create_volumes_run,
		.undo = create_volumes_undo,
		.timeout_ms = VOLUMES_MS,
		.tries = 10,
		.retry_ms = 1000,
		.flags = TASK_WIDENS | TASK_MAKES,
	},
	STEP_CREATE_UNUSED,
	{
		.name = "withdraw",
		.probe = vm_release_withdraw_probe,
		.run = vm_release_withdraw_run,
		.timeout_ms = 20000,
		.tries = 2,
		.retry_ms = 500,
		.flags = TASK_WIDENS,
	},
	{
		.name = "grant",
		.probe = vm_own_grant_probe,
		.run = vm_own_grant_run,
		.undo = vm_own_grant_undo,
		.timeout_ms = 60000,
		.tries = 10,
		.retry_ms = 1000,
		.flags = TASK_WIDENS | TASK_GRANTS,
	},
	{
		.name = "verify",
		.run = vm_paths_verify,
		.timeout_ms = 30000,
		.tries = 3,
		.retry_ms = 500,
		.flags = TASK_CHECK,
	},
	{
		.name = "owner",
		.run = vm_lun_owner_check,
		.timeout_ms = 10000,
		.tries = 2,
		.retry_ms = 500,
		.flags = TASK_CHECK,
	},
	{
		.name = "definition",
		.run = create_definition_check,
		.timeout_ms = 20000,
		.tries = 2,
		.retry_ms = 500,
		.flags = TASK_CHECK,
	},
	/* A second try would not begin with zeros. */
	{
		.name = "images",
		.probe = create_images_probe,
		.run = create_images_run,
		.timeout_ms = IMAGES_MS,
		.tries = 1,
	},
	{
		.name = "compare",
		.run = create_images_compare,
		.timeout_ms = IMAGES_MS,
		.tries = 1,
		.flags = TASK_CHECK,
	},
	{
		.name = CREATE_STEP_STATE,
		.probe = create_state_probe,
		.run = create_state_run,
		.timeout_ms = 20000,
		.tries = 3,
		.retry_ms = 500,
	},
	{
		.name = CREATE_STEP_REVOKE,
		.probe = vm_revoke_probe,
		.run = vm_revoke_run,
		.timeout_ms = 60000,
		.tries = 10,
		.retry_ms = 1000,
		.flags = TASK_BLIND,
	},
};

static const struct task_step undo_steps[] = {
	STEP_FORMER,
	STEP_CREATE_UNUSED,
	{
		.name = CREATE_STEP_REVOKE,
		.probe = vm_revoke_probe,
		.run = vm_revoke_run,
		.timeout_ms = 60000,
		.tries = 10,
		.retry_ms = 1000,
		.flags = TASK_BLIND,
	},
	{
		.name = "delete",
		.probe = create_delete_probe,
		.run = create_delete_run,
		.timeout_ms = 300000,
		.tries = 10,
		.retry_ms = 1000,
	},
};

/* What is to be made */

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

static void volumes_list(const struct vm_create_wish *wish, struct vm_create *create)
{
	const struct template *template = wish->template;

	for (size_t i = 0; i < template->n_drives; i++) {
		const struct template_drive *drive = &template->drives[i];

		if (drive->medium == NULL) {
			create->volumes[create->n_volumes++] = (struct create_volume){
				.lun = create->luns.drives[i].extent.lun,
				.size_bytes = drive->size_bytes,
				.class = drive->class,
				.drive = drive,
			};
		}
	}
	create->volumes[create->n_volumes++] = (struct create_volume){
		.lun = create->luns.state.lun,
		.size_bytes = template_state_bytes(template, wish->memory_bytes),
		.class = template->class,
	};
}

static int plan(const struct vm_create_wish *wish, struct vm_create *create, struct vm_created *ret,
		struct err *err)
{
	int rc = vm_name_valid(wish->vm)
			 ? 0
			 : err_set(err, -EINVAL, "'%.80s' is not a name of a VM: legal are %s",
				   wish->vm, VM_NAME_LEGAL);

	rc = rc != 0 ? rc : template_definition_check(wish->template, err);
	rc = rc != 0 ? rc : template_luns_name(wish->template, wish->vm, &create->luns, err);
	rc = rc != 0 ? rc : create_array_choose(wish->array, &ret->array, err);
	if (rc == 0) {
		create->wish = wish;
		volumes_list(wish, create);
		ret->luns = luns_text(&create->luns);
		ret->state_lun = g_strdup(create->luns.state.lun);
		ret->memory_bytes = wish->memory_bytes;
	}
	return rc;
}

static void create_release(struct vm_create *create)
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

static int images_look(const struct vm_create *create, struct deadline deadline, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < create->n_volumes && rc == 0; i++) {
		const struct template_drive *drive = create->volumes[i].drive;
		uint64_t bytes = 0;

		if (drive == NULL || drive->image == NULL) {
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

/* Others, and those of a task that has not ended, are found by the steps. */
static int luns_absent(struct vm_context *vm, struct deadline deadline, struct err *err)
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
	struct vm_create create = {.wish = NULL};
	struct vm_settings settings;
	int rc;

	*ret = (struct vm_created){.array = NULL};
	rc = plan(wish, &create, ret, err);
	rc = rc != 0 ? rc : images_look(&create, deadline_within(deadline, LOOK_MS), err);
	settings = settings_of(wish, ret);
	rc = rc != 0 ? rc : vm_context_open(&settings, NULL, deadline, &vm, err);
	if (rc == 0) {
		vm->create = &create;
		rc = luns_absent(vm, deadline, err);
	}
	create_release(&create);
	return rc;
}

/* The task */

/* The task's own id is the VM's: it stays the same when the task goes on. */
static int definition_make(struct vm_context *vm, struct err *err)
{
	const struct vm_create_wish *wish = vm->create->wish;
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

static int mark_check(const struct vm_context *vm, struct err *err)
{
	struct create_mark mark = create_array_mark(vm->settings->array);

	return strcmp(vm->journal.task.mode, mark.text) == 0
		       ? 0
		       : err_set(err, -EINVAL,
				 "name the array of the first time, or undo that with --abort: it "
				 "was %s, and now is %s",
				 vm->journal.task.mode, mark.text);
}

static bool step_is_late(const char *step)
{
	return strcmp(step, CREATE_STEP_STATE) == 0 || strcmp(step, CREATE_STEP_REVOKE) == 0;
}

/* An older lunmaskd on this node does not know such a task. */
static int claim_explain(int rc, struct err *err)
{
	return rc != -EBADMSG ? rc
			      : err_set(err, rc,
					"restart lunmaskd on this node: it is older than lunmask, "
					"and knows no task that makes a VM");
}

static int task_open(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct journal_task *task = &vm->journal.task;
	int rc = claim_explain(vm_record_open(vm, VM_ACTION_CREATE, "", vm->node, deadline, err),
			       err);

	if (rc != 0) {
		return rc;
	}
	/* A task that died before its first step has made nothing. */
	if (task->mode[0] == '\0') {
		struct create_mark mark = create_array_mark(vm->settings->array);

		strcpy(task->mode, mark.text);
	}
	vm->create->kept = vm->journal.continued && step_is_late(vm->journal.found.step);
	(void)snprintf(task->target, sizeof(task->target), "%s", vm->node);
	return 0;
}

static int task_walk(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = mark_check(vm, err);

	rc = rc != 0 ? rc : definition_make(vm, err);
	/* With it, stop finds what a killed process of this task has left. */
	rc = rc != 0 ? rc : vm_keep_store(vm, err);
	return rc != 0 ? rc
		       : vm_task_run(vm, TASK_CREATE, VM_STEPS(create_steps), UNDO_RESERVE_MS,
				     deadline, err);
}

static int task_end(struct vm_context *vm, int rc, struct err *err)
{
	struct deadline deadline = deadline_in(END_MS);

	vm_media_unlock(vm);
	if (rc == 0) {
		vm_release_settle(vm, deadline);
		vm_media_revoke(vm, TASK_CREATE, deadline);
	}
	if (rc == 0 || (rc != -ECANCELED && vm->journal.task.n_luns == 0)) {
		(void)vm_keep_remove(vm->settings->vm, NULL);
	}
	return vm_record_close(vm, rc, deadline, err);
}

int vm_create(const struct vm_create_wish *wish, const struct vm_report *report,
	      struct deadline deadline, struct vm_created *ret, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	struct vm_create create = {.wish = NULL};
	struct vm_settings settings;
	int rc;

	*ret = (struct vm_created){.array = NULL};
	rc = plan(wish, &create, ret, err);
	rc = rc != 0 ? rc : images_look(&create, deadline_within(deadline, LOOK_MS), err);
	settings = settings_of(wish, ret);
	rc = rc != 0 ? rc
		     : vm_context_open(&settings, report, deadline_within(deadline, LOOK_MS), &vm,
				       err);
	if (rc == 0) {
		vm->create = &create;
		rc = task_open(vm, deadline, err);
	}
	if (rc == 0) {
		rc = task_end(vm, task_walk(vm, deadline, err), err);
	}
	create_release(&create);
	return rc;
}

/* Undoing */

static int task_find(const char *vm, struct deadline deadline, struct journal_task *ret,
		     struct err *err)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	int rc = journal_open(deadline, &journal, err);

	rc = rc != 0 ? rc : journal_task_get(journal, vm, JOURNAL_LINEARIZABLE, deadline, ret, err);
	if (rc == -ENOENT ||
	    (rc == 0 && (ret->kind != JOURNAL_CREATE || !journal_state_open(ret->state)))) {
		rc = err_set(err, -ENOENT,
			     "no create of VM '%s' is open, so there is nothing to undo", vm);
	}
	return rc;
}

static int undo_run(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = vm_record_open_left(vm, VM_ACTION_CREATE, deadline, err);

	if (rc != 0) {
		return claim_explain(rc, err);
	}
	/* It may have died before it made anything. */
	rc = vm->journal.task.n_luns == 0 ? 0
					  : vm_task_run(vm, TASK_UNDO, VM_STEPS(undo_steps),
							UNDO_RESERVE_MS, deadline, err);
	return task_end(vm, rc, err);
}

int vm_create_abort(const char *name, const char *node, const char *hypervisor,
		    const struct vm_report *report, struct deadline deadline, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	struct vm_create create = {.wish = NULL};
	const char *luns[VM_LUNS_MAX];
	struct journal_task task;
	g_autofree char *array = NULL;
	struct vm_settings settings = {
		.vm = name,
		.hypervisor = hypervisor != NULL ? hypervisor : LIBVIRT_URI_SYSTEM,
		.migration_transport = VM_TRANSPORT_DEFAULT,
		.node = node,
	};
	int rc = task_find(name, deadline_within(deadline, LOOK_MS), &task, err);

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
