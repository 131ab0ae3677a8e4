/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "create/create_volumes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cluster/cluster.h"
#include "step/vm_gone.h"
#include "step/vm_release.h"

#define STEP_VOLUMES "volumes"
#define STEP_DELETE "delete"

#define CALL_MS 60000
#define AGAIN_MS 100 /* others get the array's lock in between */
#define TELL_MS 5000

/* What the task has made */

static size_t made_find(const struct journal_task *task, const char *lun)
{
	size_t i = 0;

	while (i < task->n_luns && strcmp(task->luns[i], lun) != 0) {
		i++;
	}
	return i;
}

static bool made(const struct vm_context *vm, const char *lun)
{
	return made_find(&vm->journal.task, lun) < vm->journal.task.n_luns;
}

static void made_add(struct journal_task *task, const char *lun)
{
	(void)snprintf(task->luns[task->n_luns++], sizeof(task->luns[0]), "%s", lun);
}

static void made_remove(struct journal_task *task, const char *lun)
{
	size_t i = made_find(task, lun);

	if (i < task->n_luns) {
		memmove(&task->luns[i], &task->luns[i + 1],
			(task->n_luns - i - 1) * sizeof(task->luns[0]));
		task->n_luns--;
		memset(task->luns[task->n_luns], 0, sizeof(task->luns[0]));
	}
}

int create_lun_look(struct vm_context *vm, const char *lun, struct deadline deadline, bool *ret,
		    uint64_t *ret_bytes, struct err *err)
{
	struct err own = ERR_INIT;
	struct lun found;
	int rc = array_luns(&vm->array, &lun, 1, vm->self->initiator, deadline, &found, &own);

	*ret = rc == 0;
	if (rc == 0 && ret_bytes != NULL) {
		*ret_bytes = found.size_bytes;
	}
	return rc == 0 || rc == -ENXIO ? 0 : err_set(err, rc, "%s", err_text(&own));
}

/* Paths that earlier processes may have left */

/* Of the LUNs that the task has made, those to which the initiator has a path. */
struct held {
	const char *luns[VM_LUNS_MAX];
	size_t n;
};

/* Looks at the mask of one LUN. */
typedef int mask_fn(void *data, const struct array_mask *mask, struct err *err);

/* One after the other, because some may not be there. */
static int masks_each(struct vm_context *vm, mask_fn *look, void *data, struct deadline deadline,
		      struct err *err)
{
	const struct journal_task *task = &vm->journal.task;
	int rc = 0;

	for (size_t i = 0; i < task->n_luns && rc == 0; i++) {
		const char *lun = task->luns[i];
		struct err own = ERR_INIT;
		struct array_masks masks;

		rc = array_masks(&vm->array, &lun, 1, deadline, &masks, &own);
		if (rc == 0) {
			rc = look(data, &masks.masks[0], err);
			array_masks_release(&masks);
		} else if (rc == -ENXIO) {
			rc = 0;
		} else {
			(void)err_set(err, rc, "%s", err_text(&own));
		}
	}
	return rc;
}

struct held_by {
	const struct journal_task *task;
	const char *initiator;
	struct held *held;
};

static int held_add(void *data, const struct array_mask *mask, struct err *err)
{
	const struct held_by *by = data;

	(void)err;
	if (array_mask_has_access(mask, by->initiator)) {
		by->held->luns[by->held->n++] = by->task->luns[made_find(by->task, mask->lun)];
	}
	return 0;
}

static int held_find(struct vm_context *vm, const char *initiator, struct deadline deadline,
		     struct held *ret, struct err *err)
{
	struct held_by by = {.task = &vm->journal.task, .initiator = initiator, .held = ret};

	ret->n = 0;
	return masks_each(vm, held_add, &by, deadline, err);
}

static int held_revoke(struct vm_context *vm, const char *initiator, struct deadline deadline,
		       struct err *err)
{
	struct held held;
	int rc = held_find(vm, initiator, deadline, &held, err);
	const struct array_change change = {
		.luns = held.luns, .n_luns = held.n, .revoke = initiator};

	return rc != 0 || held.n == 0 ? rc : array_apply(&vm->array, &change, deadline, NULL, err);
}

static const struct config_host *former_host(const struct vm_context *vm)
{
	const struct config_host *host = NULL;
	const char *node = vm->journal.task.granted_to;

	if (node[0] != '\0' && strcmp(node, vm->node) != 0) {
		(void)config_host_get(vm->config, node, &host, NULL);
	}
	return host;
}

int create_former_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	const struct config_host *host = former_host(vm);
	struct held held = {.n = 0};
	int rc = host == NULL ? 0 : held_find(vm, host->initiator, deadline, &held, err);

	return rc != 0 ? rc : held.n > 0 ? TASK_NOT_DONE : TASK_DONE;
}

/* Pacemaker must have fenced the host, or seen it leave: another process may be writing there. */
int create_former_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	const struct config_host *host = former_host(vm);
	enum cluster_node_fate fate;
	int rc = cluster_node_fate(host->node, deadline, &fate, err);

	if (rc != 0) {
		return rc;
	}
	if (fate != CLUSTER_NODE_DOWN) {
		return err_set(err, -EPERM,
			       "run this command on %s, which has a path to the LUNs of the task; "
			       "if it is lost, fence it first (stonith_admin --fence %s)",
			       host->node, host->node);
	}
	rc = held_revoke(vm, host->initiator, deadline, err);
	if (rc == 0) {
		(void)vm_release_end(vm, host->node, deadline, NULL);
	}
	return rc;
}

/* What earlier processes were granted is revoked, so it is not this one's to revoke again. */
static void grants_forget(struct vm_context *vm)
{
	vm_grant_release(&vm->grant);
	vm->journal.task.granted_to[0] = '\0';
	vm->create->cut = true;
}

int create_cut_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct held held = {.n = 0};
	int rc;

	if (!vm->journal.continued || vm->create->cut) {
		return TASK_DONE;
	}
	rc = held_find(vm, vm->self->initiator, deadline, &held, err);
	if (rc == 0 && held.n == 0) {
		grants_forget(vm);
	}
	return rc != 0 ? rc : held.n > 0 ? TASK_NOT_DONE : TASK_DONE;
}

int create_cut_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;

	return held_revoke(vm, vm->self->initiator, deadline, err);
}

static const char *stranger_find(const char (*names)[ISCSI_NAME_MAX + 1], size_t n, const char *me)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(names[i], me) != 0) {
			return names[i];
		}
	}
	return NULL;
}

struct strangers {
	const struct vm_context *vm;
	const char *why;
};

static int stranger_refuse(void *data, const struct array_mask *mask, struct err *err)
{
	const struct strangers *strangers = data;
	const struct vm_context *vm = strangers->vm;
	const char *me = vm->self->initiator;
	const char *other = stranger_find((const char(*)[ISCSI_NAME_MAX + 1]) mask->initiators,
					  mask->n_initiators, me);
	const struct config_host *host;

	if (other == NULL) {
		other = stranger_find((const char(*)[ISCSI_NAME_MAX + 1]) mask->nexuses,
				      mask->n_nexuses, me);
	}
	if (other == NULL) {
		return 0;
	}
	host = config_host_find_initiator(vm->config, other);
	return err_set(err, -EBUSY,
		       "revoke LUN '%s' from %s first, on the array: it has a path, and this VM is "
		       "%s",
		       mask->lun, host != NULL ? host->node : other, strangers->why);
}

int create_strangers_check(struct vm_context *vm, const char *why, struct deadline deadline,
			   struct err *err)
{
	struct strangers strangers = {.vm = vm, .why = why};

	return masks_each(vm, stranger_refuse, &strangers, deadline, err);
}

int create_unused_check(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = vm_gone_confirm(vm, deadline, err);

	return rc != 0 ? err_prefix(err, rc, "VM '%s' is not stopped", vm->settings->vm)
		       : create_strangers_check(vm, "only being made", deadline, err);
}

/* Deletion */

/* -ENOTEMPTY comes from the array, which lets nobody lose a LUN that a host has. */
static int lun_delete(struct vm_context *vm, const char *lun, struct deadline deadline,
		      struct err *err)
{
	bool deleted;

	return array_delete(&vm->array, lun, deadline, &deleted, err);
}

int create_clear_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	const struct journal_task *task = &vm->journal.task;
	bool there = false;
	int rc = 0;

	if (!vm->journal.continued || vm->create->kept || vm->create->cleared) {
		return TASK_DONE;
	}
	for (size_t i = 0; i < task->n_luns && rc == 0 && !there; i++) {
		rc = create_lun_look(vm, task->luns[i], deadline, &there, NULL, err);
	}
	vm->create->cleared = rc == 0 && !there;
	return rc != 0 ? rc : there ? TASK_NOT_DONE : TASK_DONE;
}

/* They stay recorded: they are made again. */
int create_clear_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = 0;

	for (size_t i = 0; i < vm->journal.task.n_luns && rc == 0; i++) {
		rc = lun_delete(vm, vm->journal.task.luns[i], deadline, err);
	}
	return rc;
}

/*
 * The last one that was made goes first. That something is deleted is recorded before: from then on
 * nobody takes the rest for complete (vm_create.h). What is gone is no longer the task's.
 */
static int all_delete(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct journal_task *task = &vm->journal.task;
	int rc = 0;

	while (rc == 0 && task->n_luns > 0) {
		char lun[LUN_NAME_MAX + 1];

		strcpy(lun, task->luns[task->n_luns - 1]);
		rc = vm_journal_step(&vm->journal, STEP_DELETE, false, deadline, err);
		rc = rc != 0 ? rc : lun_delete(vm, lun, deadline, err);
		if (rc == 0) {
			made_remove(task, lun);
		}
	}
	return rc;
}

int create_delete_probe(void *context, struct deadline deadline, struct err *err)
{
	const struct vm_context *vm = context;

	(void)deadline;
	(void)err;
	return vm->journal.task.n_luns > 0 ? TASK_NOT_DONE : TASK_DONE;
}

int create_delete_run(void *context, struct deadline deadline, struct err *err)
{
	return all_delete(context, deadline, err);
}

int create_volumes_undo(void *context, struct deadline deadline, struct err *err)
{
	return all_delete(context, deadline, err);
}

/* Creation */

static int not_ours(const char *lun, struct err *err)
{
	return err_set(err, -EEXIST,
		       "choose another name for the VM, or delete LUN '%s': it is there already, "
		       "and was not made for this VM by this task",
		       lun);
}

/* *ret: the LUN must be made. */
static int volume_look(struct vm_context *vm, const struct create_volume *volume,
		       struct deadline deadline, bool *ret, struct err *err)
{
	bool there = false;
	uint64_t size_bytes = 0;
	int rc = create_lun_look(vm, volume->lun, deadline, &there, &size_bytes, err);

	*ret = !there;
	if (rc != 0 || !there) {
		return rc;
	}
	if (!made(vm, volume->lun)) {
		return not_ours(volume->lun, err);
	}
	if (size_bytes != volume->size_bytes) {
		return err_set(err, -EINVAL,
			       "give the size of the first time, or undo that with --abort: LUN "
			       "'%s' has %" PRIu64 " bytes, not %" PRIu64,
			       volume->lun, size_bytes, volume->size_bytes);
	}
	return 0;
}

int create_volumes_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	bool missing = false;
	int rc = 0;

	for (size_t i = 0; i < vm->create->n_volumes && rc == 0; i++) {
		bool this = false;

		rc = volume_look(vm, &vm->create->volumes[i], deadline_within(deadline, CALL_MS),
				 &this, err);
		missing = missing || this;
	}
	return rc != 0 ? rc : missing ? TASK_NOT_DONE : TASK_DONE;
}

/* An empty LUN must not take the place of one that was written. */
static int kept_check(const struct vm_context *vm, const char *lun, struct err *err)
{
	return vm->create->kept
		       ? err_set(err, -EUCLEAN,
				 "undo this with --abort: LUN '%s' was written, and is gone", lun)
		       : 0;
}

static void tell(const struct vm_context *vm, const char *text)
{
	const struct task_event event = {
		.kind = TASK_STEP_PROGRESS, .task = "create", .step = STEP_VOLUMES, .text = text};

	vm_report_event(vm, &event);
}

/* While the array needs more time for it, the request is repeated; the text says how far it is. */
static int volume_create(struct vm_context *vm, const struct array_volume *wanted,
			 struct deadline deadline, bool *ret_created, struct err *err)
{
	int64_t told_ms = deadline_now_ms();
	int rc;

	do {
		rc = array_create(&vm->array, wanted, deadline_within(deadline, CALL_MS),
				  ret_created, err);
		if (rc == -EINPROGRESS && deadline_now_ms() - told_ms >= TELL_MS) {
			told_ms = deadline_now_ms();
			tell(vm, err_text(err));
		}
	} while (rc == -EINPROGRESS && deadline_pause(deadline, AGAIN_MS));
	return rc;
}

/* Somebody else may have made it since it was looked for: then it is not the task's. */
static int volume_make(struct vm_context *vm, const struct create_volume *volume,
		       struct deadline deadline, struct err *err)
{
	const struct array_volume wanted = {
		.name = volume->lun,
		.size_bytes = volume->size_bytes,
		.reliability = volume->class,
	};
	bool created = false;
	int rc = kept_check(vm, volume->lun, err);

	if (rc == 0 && !made(vm, volume->lun)) {
		made_add(&vm->journal.task, volume->lun);
		rc = vm_journal_step(&vm->journal, STEP_VOLUMES, true,
				     deadline_within(deadline, CALL_MS), err);
	}
	rc = rc != 0 ? rc : volume_create(vm, &wanted, deadline, &created, err);
	if (rc == 0 && !created) {
		made_remove(&vm->journal.task, volume->lun);
		rc = not_ours(volume->lun, err);
	} else if (rc == -EOPNOTSUPP || rc == -EEXIST || rc == -ENOSPC || rc == -EBADRQC) {
		/* The array has refused it, and made nothing. */
		made_remove(&vm->journal.task, volume->lun);
	}
	return rc;
}

int create_classes_check(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < vm->create->n_volumes && rc == 0; i++) {
		rc = array_class_check(&vm->array, vm->create->volumes[i].class,
				       deadline_within(deadline, CALL_MS), err);
	}
	return rc;
}

/* Not one is made of which it is known that another cannot be. */
int create_volumes_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = create_classes_check(vm, deadline, err);

	for (size_t i = 0; i < vm->create->n_volumes && rc == 0; i++) {
		const struct create_volume *volume = &vm->create->volumes[i];
		bool missing = false;

		rc = volume_look(vm, volume, deadline_within(deadline, CALL_MS), &missing, err);
		if (rc == 0 && missing) {
			rc = volume_make(vm, volume, deadline, err);
		}
	}
	return rc;
}
