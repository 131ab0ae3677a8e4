/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "create/create_task.h"

#include <stdio.h>
#include <string.h>

#include "action/vm_record.h"
#include "create/create_array.h"
#include "create/create_rows.h"
#include "journal/journal.h"
#include "media/vm_media.h"
#include "step/vm_release.h"
#include "vm/vm_keep.h"

#define TASK_CREATE "create"
#define END_MS 10000

static const struct {
	const char *command;
	const char *image; /* of the task; NULL: anything else */
} origins[CREATE_ORIGIN_MAX] = {
	[CREATE_TEMPLATE] = {.command = "create"},
	[CREATE_ADOPT] = {.command = "adopt", .image = JOURNAL_IMAGE_ADOPT},
};

static enum create_origin origin_of(const struct journal_task *task)
{
	return strcmp(task->image, JOURNAL_IMAGE_ADOPT) == 0 ? CREATE_ADOPT : CREATE_TEMPLATE;
}

/* A task that died before its first record has made nothing, and is anybody's. */
static bool is_blank(const struct journal_task *task)
{
	return task->mode[0] == '\0' && task->n_luns == 0;
}

bool create_task_is_open(const struct journal_task *task, enum create_origin origin)
{
	return task->kind == JOURNAL_CREATE && journal_state_open(task->state) &&
	       (origin_of(task) == origin || is_blank(task));
}

/* An older lunmaskd on this node does not know such a task. */
static int claim_explain(int rc, struct err *err)
{
	return rc != -EBADMSG ? rc
			      : err_set(err, rc,
					"restart lunmaskd on this node: it is older than lunmask, "
					"and knows no task that makes a VM");
}

/* What the other way has begun stays as it is. */
static int origin_check(struct vm_context *vm, enum create_origin origin, struct err *err)
{
	const struct journal_task *task = &vm->journal.task;
	const char *name = vm->settings->vm;
	const char *command = origins[origin_of(task)].command;

	if (!vm->journal.continued || create_task_is_open(task, origin)) {
		return 0;
	}
	vm->owes = true;
	(void)err_set(err, -EPERM,
		      "give 'lunmask %s' again, or say --abort there: VM '%s' is being made by "
		      "that command",
		      command, name);
	return vm_record_close(vm, -EPERM, deadline_in(END_MS), err);
}

static bool step_is_late(const char *step)
{
	return strcmp(step, CREATE_STEP_STATE) == 0 || strcmp(step, CREATE_STEP_REVOKE) == 0;
}

int create_task_open(struct vm_context *vm, enum create_origin origin, struct deadline deadline,
		     struct err *err)
{
	struct journal_task *task = &vm->journal.task;
	int rc = claim_explain(vm_record_open(vm, VM_ACTION_CREATE, "", vm->node, deadline, err),
			       err);

	rc = rc != 0 ? rc : origin_check(vm, origin, err);
	if (rc != 0) {
		return rc;
	}
	if (is_blank(task)) {
		struct create_mark mark = create_array_mark(vm->settings->array);

		strcpy(task->mode, mark.text);
		if (origins[origin].image != NULL) {
			strcpy(task->image, origins[origin].image);
		}
	}
	vm->create->kept = vm->journal.continued && step_is_late(vm->journal.found.step);
	(void)snprintf(task->target, sizeof(task->target), "%s", vm->node);
	return 0;
}

int create_task_open_left(struct vm_context *vm, enum create_origin origin,
			  struct deadline deadline, struct err *err)
{
	int rc = claim_explain(vm_record_open_left(vm, VM_ACTION_CREATE, deadline, err), err);

	return rc != 0 ? rc : origin_check(vm, origin, err);
}

int create_task_mark_check(const struct vm_context *vm, struct err *err)
{
	struct create_mark mark = create_array_mark(vm->settings->array);

	return strcmp(vm->journal.task.mode, mark.text) == 0
		       ? 0
		       : err_set(err, -EINVAL,
				 "name the array of the first time, or undo that with --abort: it "
				 "was %s, and now is %s",
				 vm->journal.task.mode, mark.text);
}

int create_task_end(struct vm_context *vm, int rc, struct err *err)
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

int create_task_find(const char *vm, enum create_origin origin, struct deadline deadline,
		     struct journal_task *ret, struct err *err)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	int rc = journal_open(deadline, &journal, err);

	rc = rc != 0 ? rc : journal_task_get(journal, vm, JOURNAL_LINEARIZABLE, deadline, ret, err);
	if (rc == -ENOENT || (rc == 0 && !create_task_is_open(ret, origin))) {
		rc = err_set(err, -ENOENT, "no %s of VM '%s' is open, so there is nothing to undo",
			     origins[origin].command, vm);
	}
	return rc;
}
