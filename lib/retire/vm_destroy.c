/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "retire/vm_destroy.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "action/vm_record.h"
#include "create/create_array.h"
#include "create/create_volumes.h"
#include "journal/journal.h"
#include "names/libvirt_uri.h"
#include "retire/destroy_steps.h"
#include "step/vm_masks.h"
#include "step/vm_own.h"
#include "step/vm_release.h"
#include "vm/vm_keep.h"
#include "vm/vm_lun_owner.h"

#define TASK_DESTROY "destroy"
#define TASK_GIVE_UP "give up"
#define UNDO_RESERVE_MS 60000
#define END_MS 10000
#define LOOK_MS 60000
#define WIPE_MS (24 * 60 * 60 * 1000)
#define PATHS_REQUIRED 1

/* clang-format off */
#define STEP_OF_CHECK(step, function)                                                              \
	{                                                                                          \
		.name = (step), .run = (function), .timeout_ms = 30000, .tries = 3,                \
		.retry_ms = 500, .flags = TASK_CHECK,                                              \
	}
#define STEP_FORMER                                                                                \
	{                                                                                          \
		.name = "former", .probe = create_former_probe, .run = create_former_run,          \
		.timeout_ms = 60000, .tries = 3, .retry_ms = 500,                                  \
	}
#define STEP_UNUSED STEP_OF_CHECK("unused", destroy_unused_check)
#define STEP_NEEDED STEP_OF_CHECK("needed", destroy_needed_check)
#define STEP_REVOKED(step)                                                                         \
	{                                                                                          \
		.name = (step), .probe = vm_revoke_probe, .run = vm_revoke_run,                    \
		.timeout_ms = 60000, .tries = 10, .retry_ms = 1000,                                \
		.flags = TASK_BLIND | TASK_NO_RETURN,                                              \
	}
#define STEP_REVOKE STEP_REVOKED(DESTROY_STEP_REVOKE)
#define STEP_RELEASES                                                                              \
	{                                                                                          \
		.name = DESTROY_STEP_RELEASES, .probe = destroy_releases_probe,                    \
		.run = destroy_releases_run, .timeout_ms = 60000, .tries = 3, .retry_ms = 500,     \
	}
#define STEP_DELETE                                                                                \
	{                                                                                          \
		.name = DESTROY_STEP_DELETE, .probe = create_delete_probe,                         \
		.run = destroy_delete_run, .timeout_ms = 300000, .tries = 10, .retry_ms = 1000,    \
		.flags = TASK_WIDENS,                                                              \
	}
/* clang-format on */

static const struct task_step destroy_steps[] = {
	STEP_FORMER,
	STEP_UNUSED,
	STEP_NEEDED,
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
	STEP_OF_CHECK("verify", vm_paths_verify),
	STEP_OF_CHECK("owner", vm_lun_owner_check),
	STEP_OF_CHECK("state", destroy_state_check),
	{
		.name = DESTROY_STEP_WIPE,
		.probe = destroy_wipe_probe,
		.run = destroy_wipe_run,
		.timeout_ms = WIPE_MS,
		.tries = 1,
		.flags = TASK_WIDENS,
	},
	STEP_REVOKE,
	STEP_RELEASES,
	STEP_DELETE,
};

/* After the data is overwritten, or where it need not be: some LUNs may be gone already. */
static const struct task_step rest_steps[] = {
	STEP_FORMER, STEP_UNUSED, STEP_NEEDED, STEP_REVOKE, STEP_RELEASES, STEP_DELETE,
};

/* Its revoke has another name: nothing was overwritten before it. */
static const struct task_step give_up_steps[] = {STEP_FORMER, STEP_UNUSED, STEP_REVOKED("give up")};

static bool at_step(const struct journal_task *task, const char *step)
{
	return strcmp(task->step, step) == 0;
}

static bool rest_is_left(const struct journal_task *found)
{
	return at_step(found, DESTROY_STEP_REVOKE) || at_step(found, DESTROY_STEP_RELEASES) ||
	       at_step(found, DESTROY_STEP_DELETE);
}

bool vm_destroy_is_begun(const struct journal_task *task)
{
	bool wipes = strcmp(task->image, JOURNAL_IMAGE_WIPE) == 0;

	return at_step(task, DESTROY_STEP_WIPE) || at_step(task, DESTROY_STEP_DELETE) ||
	       (wipes && rest_is_left(task));
}

/* The task */

static void task_fill(struct journal_task *task, const struct vm_doomed *doomed, const char *node)
{
	struct create_mark mark = create_array_mark(doomed->array);

	strcpy(task->mode, mark.text);
	(void)snprintf(task->image, sizeof(task->image), "%s",
		       doomed->wipe ? JOURNAL_IMAGE_WIPE : "");
	(void)snprintf(task->target, sizeof(task->target), "%s", node);
	for (size_t i = 0; i < doomed->n_luns; i++) {
		(void)snprintf(task->luns[task->n_luns++], sizeof(task->luns[0]), "%s",
			       doomed->luns[i].lun);
	}
}

static bool same_luns(const struct journal_task *task, const struct vm_doomed *doomed)
{
	for (size_t i = 0; i < task->n_luns && i < doomed->n_luns; i++) {
		if (strcmp(task->luns[i], doomed->luns[i].lun) != 0) {
			return false;
		}
	}
	return task->n_luns == doomed->n_luns;
}

static int older_lunmaskd(int rc, struct err *err)
{
	return rc != -EBADMSG ? rc
			      : err_set(err, rc,
					"restart lunmaskd on this node: it is older than lunmask, "
					"and knows no task that destroys a VM");
}

static int task_open(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	const struct vm_doomed *doomed = vm->destroy->doomed;
	int rc = doomed->continued
			 ? vm_record_open_left(vm, VM_ACTION_DESTROY, deadline, err)
			 : vm_record_open(vm, VM_ACTION_DESTROY, "", vm->node, deadline, err);

	if (rc != 0) {
		return older_lunmaskd(rc, err);
	}
	vm->journal.only_open = false;
	vm->no_return = vm_destroy_is_begun(&vm->journal.task);
	if (!vm->journal.continued) {
		task_fill(&vm->journal.task, doomed, vm->node);
	}
	return 0;
}

static int task_walk(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc;

	/* Another process has gone on since; what it has left stays as it is. */
	if (!same_luns(&vm->journal.task, vm->destroy->doomed)) {
		vm->no_return = true;
		return err_set(err, -ESTALE,
			       "look again: another process has worked on the LUNs of VM '%s' "
			       "meanwhile",
			       vm->settings->vm);
	}
	if (vm->journal.continued && rest_is_left(&vm->journal.found)) {
		return vm_task_run(vm, TASK_DESTROY, VM_STEPS(rest_steps), UNDO_RESERVE_MS,
				   deadline, err);
	}
	rc = vm_keep_store(vm, err);
	return rc != 0 ? rc
		       : vm_task_run(vm, TASK_DESTROY, VM_STEPS(destroy_steps), UNDO_RESERVE_MS,
				     deadline, err);
}

/* released: no path is left, and no domain is here. */
static int task_end(struct vm_context *vm, int rc, bool released, struct err *err)
{
	struct deadline deadline = deadline_in(END_MS);

	if (released) {
		vm_release_settle(vm, deadline);
		(void)vm_keep_remove(vm->settings->vm, NULL);
	}
	return vm_record_close(vm, rc, deadline, err);
}

static struct vm_settings settings_of(const char *vm, const char *array, const char *hypervisor,
				      const char *node)
{
	return (struct vm_settings){
		.vm = vm,
		.array = array,
		.hypervisor = hypervisor != NULL ? hypervisor : LIBVIRT_URI_SYSTEM,
		.migration_transport = VM_TRANSPORT_DEFAULT,
		.paths_required = PATHS_REQUIRED,
		.node = node,
	};
}

int vm_destroy(const struct vm_destroy_wish *wish, const struct vm_doomed *doomed,
	       const struct vm_report *report, struct deadline deadline, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	struct vm_destroy destroy = {.wish = wish, .doomed = doomed};
	struct vm_settings settings =
		settings_of(wish->vm, doomed->array, doomed->hypervisor, wish->node);
	const char *luns[VM_LUNS_MAX];
	int rc;

	for (size_t i = 0; i < doomed->n_luns; i++) {
		luns[i] = doomed->luns[i].lun;
	}
	rc = vm_context_open_luns(&settings, luns, doomed->n_luns,
				  deadline_within(deadline, LOOK_MS), &vm, err);
	if (rc != 0) {
		return rc;
	}
	vm->report = report;
	vm->destroy = &destroy;
	/* The state LUN is the first, unless nothing is left. */
	if (doomed->n_luns > 0) {
		(void)snprintf(vm->state.lun, sizeof(vm->state.lun), "%s", luns[0]);
	}
	rc = task_open(vm, deadline, err);
	if (rc == 0) {
		rc = task_walk(vm, deadline, err);
		rc = task_end(vm, rc, rc == 0, err);
	}
	return rc;
}

/* Giving up */

static int task_find(const char *vm, struct deadline deadline, struct journal_task *ret,
		     struct err *err)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	int rc = journal_open(deadline, &journal, err);

	rc = rc != 0 ? rc : journal_task_get(journal, vm, JOURNAL_LINEARIZABLE, deadline, ret, err);
	if (rc == -ENOENT ||
	    (rc == 0 && (ret->kind != JOURNAL_DESTROY || !journal_state_open(ret->state)))) {
		rc = err_set(err, -ENOENT,
			     "no destroy of VM '%s' is open: nothing is to be given up", vm);
	}
	if (rc == 0 && vm_destroy_is_begun(ret)) {
		rc = err_set(err, -EPERM,
			     "VM '%s' is partly overwritten or deleted: only 'lunmask destroy' can "
			     "go on with it",
			     vm);
	}
	return rc;
}

int vm_destroy_abort(const char *name, const char *node, const char *hypervisor,
		     const struct vm_report *report, struct deadline deadline, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	struct vm_destroy destroy = {.wish = NULL};
	const char *luns[VM_LUNS_MAX];
	struct journal_task task;
	g_autofree char *array = NULL;
	struct vm_settings settings;
	int rc = task_find(name, deadline_within(deadline, LOOK_MS), &task, err);

	rc = rc != 0                ? rc
	     : task.mode[0] == '\0' ? create_array_choose(NULL, &array, err)
				    : create_array_find(task.mode, &array, err);
	for (size_t i = 0; rc == 0 && i < task.n_luns; i++) {
		luns[i] = task.luns[i];
	}
	settings = settings_of(name, array, hypervisor, node);
	rc = rc != 0 ? rc : vm_context_open_luns(&settings, luns, task.n_luns, deadline, &vm, err);
	if (rc != 0) {
		return rc;
	}
	vm->report = report;
	vm->destroy = &destroy;
	rc = older_lunmaskd(vm_record_open_left(vm, VM_ACTION_DESTROY, deadline, err), err);
	if (rc != 0) {
		return rc;
	}
	/* Before its first record it has changed nothing, and looked at nothing. */
	if (task.n_luns > 0) {
		rc = vm_task_run(vm, TASK_GIVE_UP, VM_STEPS(give_up_steps), UNDO_RESERVE_MS,
				 deadline, err);
	}
	return task_end(vm, rc, rc == 0 && task.n_luns > 0, err);
}
