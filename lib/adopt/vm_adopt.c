/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "adopt/vm_adopt.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "action/vm_record.h"
#include "adopt/adopt_file.h"
#include "adopt/adopt_plan.h"
#include "adopt/adopt_source.h"
#include "adopt/adopt_steps.h"
#include "adopt/adopt_tpm.h"
#include "cluster/cluster.h"
#include "create/create_array.h"
#include "create/create_rows.h"
#include "create/create_task.h"
#include "journal/journal.h"
#include "names/libvirt_uri.h"
#include "names/name.h"
#include "vm/vm_keep.h"

#define TASK_ADOPT "adopt"
#define TASK_UNDO "undo"
#define UNDO_RESERVE_MS 60000
#define LOOK_MS 120000 /* what is looked at before the task begins */

/* clang-format off */
#define ROW_IDLE CREATE_ROW_CHECK("idle", adopt_idle_check, 30000, 3)
#define ROW_RELEASE                                                                                \
	{                                                                                          \
		.name = ADOPT_STEP_RELEASE, .probe = adopt_release_probe,                          \
		.run = adopt_release_run, .timeout_ms = 60000, .tries = 10, .retry_ms = 1000,      \
	}
/* clang-format on */

static const struct task_step adopt_steps[] = {
	CREATE_ROW_FORMER,
	CREATE_ROW_CUT,
	ROW_IDLE,
	{
		.name = "keep",
		.probe = adopt_keep_probe,
		.run = adopt_keep_run,
		.undo = adopt_keep_undo,
		.timeout_ms = 20000,
		.tries = 1,
		.flags = TASK_TAKES,
	},
	{
		.name = "undefine",
		.probe = adopt_undefine_probe,
		.run = adopt_undefine_run,
		.undo = adopt_undefine_undo,
		.timeout_ms = 20000,
		.tries = 1,
		.flags = TASK_TAKES,
	},
	CREATE_ROW_CLEAR,
	CREATE_ROW_VOLUMES,
	CREATE_ROW_UNUSED,
	CREATE_ROW_WITHDRAW,
	CREATE_ROW_GRANT,
	CREATE_ROW_VERIFY,
	CREATE_ROW_OWNER,
	CREATE_ROW_DEFINITION,
	{
		.name = "tpm",
		.probe = adopt_tpm_probe,
		.run = adopt_tpm_run,
		.timeout_ms = 20000,
		.tries = 3,
		.retry_ms = 500,
	},
	CREATE_ROW_IMAGES,
	CREATE_ROW_COMPARE,
	CREATE_ROW_CHECK("unchanged", adopt_unchanged_check, 20000, 1),
	CREATE_ROW_STATE,
	CREATE_ROW_REVOKE,
	{
		.name = ADOPT_STEP_COMMIT,
		.probe = adopt_commit_probe,
		.run = adopt_commit_run,
		.timeout_ms = 20000,
		.tries = 3,
		.retry_ms = 500,
		.flags = TASK_NO_RETURN,
	},
	ROW_RELEASE,
};

/* The VM is on its LUNs, and only a grant of this host is left. libvirt forgets it once more. */
static const struct task_step rest_steps[] = {
	{
		.name = ADOPT_STEP_COMMIT,
		.probe = adopt_undefine_probe,
		.run = adopt_undefine_run,
		.timeout_ms = 20000,
		.tries = 1,
	},
	ROW_RELEASE,
};

static const struct task_step unmake_steps[] = {
	CREATE_ROW_FORMER,
	CREATE_ROW_UNUSED,
	CREATE_ROW_REVOKED(CREATE_STEP_TAKE_BACK),
	CREATE_ROW_DELETE,
};

/* Last: as long as something is left to be undone, the guest is not started beside that. */
static const struct task_step give_back_steps[] = {
	{
		.name = "give back",
		.probe = adopt_give_back_probe,
		.run = adopt_give_back_run,
		.timeout_ms = 20000,
		.tries = 3,
		.retry_ms = 500,
	},
	{
		.name = "forget",
		.probe = adopt_forget_probe,
		.run = adopt_forget_run,
		.timeout_ms = 20000,
		.tries = 1,
	},
};

const char *adopted_how_to_str(enum adopted_how how)
{
	static const char *const names[] = {
		[ADOPTED_COPIED] = "copied", [ADOPTED_TAKEN] = "taken", [ADOPTED_NEW] = "new"};

	return names[how];
}

void vm_adopted_release(struct vm_adopted *adopted)
{
	vm_created_release(&adopted->created);
	for (size_t i = 0; i < adopted->n_drives; i++) {
		g_free(adopted->drives[i].file);
		g_free(adopted->drives[i].class);
	}
	g_free(adopted->kept);
	if (adopted->refusals != NULL) {
		g_ptr_array_unref(adopted->refusals);
	}
	*adopted = (struct vm_adopted){.kept = NULL};
}

/* An earlier task */

/* Are only its last steps left? Then nothing is undone. */
static bool only_rest(const struct journal_task *task)
{
	return strcmp(task->step, ADOPT_STEP_COMMIT) == 0 ||
	       strcmp(task->step, ADOPT_STEP_RELEASE) == 0;
}

static int elsewhere(const struct journal_task *task, const char *vm, struct err *err)
{
	return err_set(err, -EPERM,
		       "run this command on %s, whose libvirt had VM '%s'; if it is lost, fence it "
		       "(stonith_admin --fence %s), and undo this with 'lunmask adopt %s --abort'",
		       task->target, vm, task->target, vm);
}

/* *ret: the open task; its kind is 0 if there is none. */
static int earlier_find(struct vm_context *vm, struct deadline deadline, struct journal_task *ret,
			struct err *err)
{
	const char *name = vm->settings->vm;
	struct err own = ERR_INIT;
	int rc = create_task_find(name, CREATE_ADOPT, deadline, ret, &own);

	if (rc == -ENOENT) {
		*ret = (struct journal_task){.revision = 0};
		return 0;
	}
	if (rc != 0) {
		return err_set(err, rc, "%s", err_text(&own));
	}
	vm->adopt->continued = true;
	vm->adopt->begun_ms = ret->begun_ms;
	return strcmp(ret->target, vm->node) == 0 ? 0 : elsewhere(ret, name, err);
}

/* Opening */

struct opened {
	struct vm_settings settings;
	struct vm_context *vm;
	struct vm_adopt adopt;
	struct journal_task earlier;
};

static void opened_release(struct opened *opened)
{
	vm_context_free(opened->vm);
	adopt_plan_release(&opened->adopt);
	g_free(opened);
}

static void opened_drop(struct opened **opened)
{
	if (*opened != NULL) {
		opened_release(*opened);
	}
}

static struct vm_settings settings_of(const char *vm, const char *array, const char *hypervisor,
				      const char *node)
{
	return (struct vm_settings){
		.vm = vm,
		.array = array,
		.hypervisor = hypervisor != NULL ? hypervisor : LIBVIRT_URI_SYSTEM,
		.migration_transport = VM_TRANSPORT_DEFAULT,
		.node = node,
	};
}

static int plan_open(const struct vm_adopt_wish *wish, struct deadline deadline,
		     struct vm_adopted *result, struct opened *opened, struct err *err)
{
	struct vm_adopt *adopt = &opened->adopt;
	int rc = vm_name_valid(wish->vm)
			 ? 0
			 : err_set(err, -EINVAL, "'%.80s' is not a name of a VM: legal are %s",
				   wish->vm, VM_NAME_LEGAL);

	result->refusals = adopt_refusals_new();
	result->kept = adopt_file_path(wish->vm);
	rc = rc != 0 ? rc : create_array_choose(wish->array, &result->created.array, err);
	opened->settings =
		settings_of(wish->vm, result->created.array, wish->hypervisor, wish->node);
	rc = rc != 0 ? rc
		     : vm_context_open_luns(&opened->settings, NULL, 0, deadline, &opened->vm, err);
	if (rc != 0) {
		return rc;
	}
	adopt->wish = wish;
	adopt->result = result;
	adopt->create.copy = (struct create_copy){
		.look = adopt_chain_look,
		.compare = wish->compare,
		.progress = wish->progress,
		.data = wish->data,
	};
	opened->vm->adopt = adopt;
	opened->vm->create = &adopt->create;
	rc = earlier_find(opened->vm, deadline, &opened->earlier, err);
	if (rc == 0 && only_rest(&opened->earlier)) {
		return adopt_plan_rest(opened->vm, deadline, err);
	}
	rc = rc != 0 ? rc : adopt_plan_make(opened->vm, deadline, err);
	return rc != 0 ? rc : adopt_refusals_result(result->refusals, wish->vm, err);
}

int vm_adopt_look(const struct vm_adopt_wish *wish, struct deadline deadline,
		  struct vm_adopted *ret, struct err *err)
{
	struct opened *opened __attribute__((cleanup(opened_drop))) = g_new0(struct opened, 1);

	*ret = (struct vm_adopted){.kept = NULL};
	return plan_open(wish, deadline_within(deadline, LOOK_MS), ret, opened, err);
}

/* The task */

static int task_walk(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc;

	if (vm->journal.continued && only_rest(&vm->journal.found)) {
		vm->no_return = true;
		vm->owes = true;
		return vm_task_run(vm, TASK_ADOPT, VM_STEPS(rest_steps), UNDO_RESERVE_MS, deadline,
				   err);
	}
	rc = create_task_mark_check(vm, err);
	/* With it, stop finds what a killed process of this task has left. */
	rc = rc != 0 ? rc : vm_keep_store(vm, err);
	return rc != 0 ? rc
		       : vm_task_run(vm, TASK_ADOPT, VM_STEPS(adopt_steps), UNDO_RESERVE_MS,
				     deadline, err);
}

/* A task that was begun between the look and the claim is another one's. */
static int claim_check(const struct opened *opened, struct err *err)
{
	const struct journal_task *found = &opened->vm->journal.found;
	bool same = !opened->vm->journal.continued
			    ? !opened->adopt.continued
			    : id128_equal(&found->uuid, &opened->earlier.uuid) &&
				      found->revision == opened->earlier.revision;

	return same ? 0
		    : err_set(err, -ESTALE,
			      "look again: another process has worked on VM '%s' meanwhile",
			      opened->settings.vm);
}

int vm_adopt(const struct vm_adopt_wish *wish, const struct vm_report *report,
	     struct deadline deadline, struct vm_adopted *ret, struct err *err)
{
	struct opened *opened __attribute__((cleanup(opened_drop))) = g_new0(struct opened, 1);
	struct vm_context *vm;
	int rc;

	*ret = (struct vm_adopted){.kept = NULL};
	rc = plan_open(wish, deadline_within(deadline, LOOK_MS), ret, opened, err);
	vm = opened->vm;
	if (rc != 0) {
		return rc;
	}
	vm->report = report;
	rc = create_task_open(vm, CREATE_ADOPT, deadline, err);
	if (rc != 0) {
		return rc;
	}
	/* What an earlier process has taken is this one's to give back. */
	vm->owes = vm->journal.continued;
	rc = claim_check(opened, err);
	rc = rc != 0 ? rc : task_walk(vm, deadline, err);
	return create_task_end(vm, rc, err);
}

/* Undoing */

/* The libvirt of another node cannot be given anything. */
static int node_check(struct vm_context *vm, const struct journal_task *task,
		      struct deadline deadline, struct err *err)
{
	enum cluster_node_fate fate;
	int rc;

	vm->adopt->elsewhere = task->target[0] != '\0' && strcmp(task->target, vm->node) != 0;
	if (!vm->adopt->elsewhere) {
		return 0;
	}
	rc = cluster_node_fate(task->target, deadline, &fate, err);
	return rc != 0 || fate == CLUSTER_NODE_DOWN ? rc : elsewhere(task, vm->settings->vm, err);
}

static int abort_check(const char *vm, const struct journal_task *task, struct err *err)
{
	g_autofree char *path = adopt_file_path(vm);

	return only_rest(task) ? err_set(err, -EPERM,
					 "give 'lunmask adopt %s' again: VM '%s' is on its LUNs, "
					 "and only a "
					 "grant of %s is left to be revoked. Afterwards 'lunmask "
					 "destroy %s "
					 "--keep-luns' and 'virsh define %s' lead back",
					 vm, vm, task->target, vm, path)
			       : 0;
}

static int undo_run(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = create_task_open_left(vm, CREATE_ADOPT, deadline, err);

	if (rc != 0) {
		return rc;
	}
	vm->owes = !vm->adopt->elsewhere;
	/* It may have died before it made anything. */
	rc = vm->journal.task.n_luns == 0 ? 0
					  : vm_task_run(vm, TASK_UNDO, VM_STEPS(unmake_steps),
							UNDO_RESERVE_MS, deadline, err);
	rc = rc != 0 ? rc
		     : vm_task_run(vm, TASK_UNDO, VM_STEPS(give_back_steps), UNDO_RESERVE_MS,
				   deadline, err);
	return create_task_end(vm, rc, err);
}

int vm_adopt_abort(const char *name, const char *node, const char *hypervisor,
		   const struct vm_report *report, struct deadline deadline, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	g_autofree struct vm_adopt *adopt = g_new0(struct vm_adopt, 1);
	const char *luns[VM_LUNS_MAX];
	struct journal_task task;
	g_autofree char *array = NULL;
	struct vm_settings settings;
	int rc = create_task_find(name, CREATE_ADOPT, deadline_within(deadline, LOOK_MS), &task,
				  err);

	rc = rc != 0 ? rc : abort_check(name, &task, err);
	/* Before its first record it has made nothing, and names no array: any will do. */
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
	vm->adopt = adopt;
	vm->create = &adopt->create;
	rc = node_check(vm, &task, deadline, err);
	return rc != 0 ? rc : undo_run(vm, deadline, err);
}
