/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "action/vm_record.h"

#include <stdio.h>
#include <string.h>

#include "state/image.h"
#include "step/vm_peer.h"
#include "still/still_record.h"

/* Limits a commit that is only a record: the guest runs, and must not be given up for it. */
#define TELL_MS 5000
/*
 * At most this long, and at most half of the time for undo, goes into asking whether undo may
 * begin.
 */
#define CONFIRM_MS 5000
#define MEND_MS 5000

static bool stopping(const struct vm_context *vm)
{
	return vm->journal.asker.action == VM_ACTION_STOP;
}

/*
 * The grant of this action, and in *ret_node the node it is for. NULL: the action grants nothing.
 */
static struct vm_grant *grant_of(struct vm_context *vm, const char **ret_node)
{
	switch (vm->journal.asker.action) {
	case VM_ACTION_START:
	case VM_ACTION_CREATE:
	case VM_ACTION_DESTROY: *ret_node = vm->node; return &vm->grant;
	case VM_ACTION_MIGRATE_TO:
		*ret_node = vm->journal.asker.target;
		return vm->peer != NULL ? &vm->peer->grant : NULL;
	default: return NULL;
	}
}

static bool lun_listed(const struct journal_task *task, const char *lun)
{
	for (size_t i = 0; i < task->n_luns; i++) {
		if (strcmp(task->luns[i], lun) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * Records what this task adds: all LUNs that were missing when one of its processes first looked.
 */
static void grant_fill(struct vm_context *vm)
{
	struct journal_task *task = &vm->journal.task;
	const char *node;
	const struct vm_grant *grant = grant_of(vm, &node);

	for (size_t i = 0; grant != NULL && i < grant->missing.n_granted; i++) {
		const char *lun = grant->missing.granted[i];

		(void)snprintf(task->granted_to, sizeof(task->granted_to), "%s", node);
		if (task->n_luns < VM_LUNS_MAX && !lun_listed(task, lun)) {
			(void)snprintf(task->luns[task->n_luns++], sizeof(task->luns[0]), "%s",
				       lun);
		}
	}
}

static void grant_forget(struct journal_task *task)
{
	task->granted_to[0] = '\0';
	memset(task->luns, 0, sizeof(task->luns));
	task->n_luns = 0;
}

/* Only processes of this task can have added the LUNs that were missing. */
static int grant_resume(struct vm_context *vm, struct err *err)
{
	const struct journal_task *task = &vm->journal.task;
	const char *node;
	struct vm_grant *grant = grant_of(vm, &node);

	if (grant == NULL || !vm->journal.continued || strcmp(task->granted_to, node) != 0) {
		return 0;
	}
	return vm_grant_note(grant, task->luns, task->n_luns, err);
}

int vm_record_open(struct vm_context *vm, enum vm_action action, const char *source,
		   const char *target, struct deadline deadline, struct err *err)
{
	int rc = vm_journal_init(&vm->journal, action, vm->settings->vm, vm->node, source, target,
				 err);

	/* No action begins with a guest that a snapshot has left standing still. */
	(void)still_mend(vm->settings->vm, deadline_within(deadline, MEND_MS), NULL);
	if (rc == 0 && action != VM_ACTION_STOP) {
		rc = vm_journal_claim(&vm->journal, deadline, err);
	}
	vm->recorded = rc == 0;
	return rc == 0 ? grant_resume(vm, err) : rc;
}

int vm_record_open_left(struct vm_context *vm, enum vm_action action, struct deadline deadline,
			struct err *err)
{
	int rc = vm_journal_init(&vm->journal, action, vm->settings->vm, vm->node, "", vm->node,
				 err);

	vm->journal.only_open = true;
	rc = rc != 0 ? rc : vm_journal_claim(&vm->journal, deadline, err);
	if (rc == 0 && !vm->journal.claimed) {
		rc = err_set(err, -ENOENT, "the journal has no open task of VM '%s' to undo",
			     vm->settings->vm);
	}
	vm->recorded = rc == 0;
	return rc == 0 ? grant_resume(vm, err) : rc;
}

/* A live migration that a dead process started may still run. */
int vm_record_resume(struct vm_context *vm, struct err *err)
{
	const struct journal_task *task = &vm->journal.task;

	vm->peer->departed = vm->journal.continued && strcmp(task->mode, VM_MODE_SENT) == 0;
	vm->peer->guest_touched =
		vm->journal.continued && (vm->peer->departed || strcmp(task->step, "live") == 0);
	return grant_resume(vm, err);
}

void vm_record_mode(struct vm_context *vm, const char *mode)
{
	(void)snprintf(vm->journal.task.mode, sizeof(vm->journal.task.mode), "%s", mode);
}

static void tell(struct vm_context *vm, int64_t since_ms, const struct err *why)
{
	struct task_event event = {
		.kind = TASK_STEP_FAILED,
		.task = stopping(vm) ? "stop" : "task",
		.step = "journal",
		.duration_ms = deadline_now_ms() - since_ms,
		.text = err_text(why),
	};

	vm_report_event(vm, &event);
}

/* Other nodes learn from the claim that the guest was sent on, if migrate_to could not say so. */
static bool departed_here(struct vm_context *vm, struct deadline deadline)
{
	enum domain_state state;

	return vm_domain_state(vm, deadline_within(deadline, TELL_MS), &state, NULL) == 0 &&
	       state == DOMAIN_ABSENT && vm_domain_departed(vm, deadline);
}

static int stop_step_begin(struct vm_context *vm, const struct task_step *step,
			   struct deadline deadline)
{
	struct vm_journal *journal = &vm->journal;
	int64_t since_ms = deadline_now_ms();
	struct err why = ERR_INIT;
	int rc = 0;

	if (!journal->claimed && !vm->record_asked) {
		vm->record_asked = true;
		journal->asker.departed = departed_here(vm, deadline);
		rc = vm_journal_claim(journal, deadline, &why);
	}
	if (rc == 0 && journal->claimed) {
		rc = vm_journal_step(journal, step->name, false, deadline, &why);
	}
	if (rc != 0) {
		tell(vm, since_ms, &why);
	}
	return 0;
}

/* A step that widens nothing needs one record, before its first try. */
static bool told_already(const struct vm_journal *journal, const struct task_step *step)
{
	return (step->flags & TASK_WIDENS) == 0 && journal->claimed &&
	       journal->task.step_state == JOURNAL_STEP_BEGUN &&
	       strcmp(journal->task.step, step->name) == 0;
}

static int step_begin(void *data, const struct task_step *step, struct deadline deadline,
		      struct err *err)
{
	struct vm_context *vm = data;

	if (told_already(&vm->journal, step)) {
		return 0;
	}
	/* A destroy says there what it does to the data, and an adopt that it is one. */
	if (vm->state_known && vm->journal.asker.action != VM_ACTION_DESTROY &&
	    strcmp(vm->journal.task.image, JOURNAL_IMAGE_ADOPT) != 0) {
		(void)snprintf(vm->journal.task.image, sizeof(vm->journal.task.image), "%s",
			       image_state_to_str(vm->image));
	}
	grant_fill(vm);
	if (stopping(vm)) {
		return stop_step_begin(vm, step, deadline);
	}
	return vm_journal_step(&vm->journal, step->name, (step->flags & TASK_WIDENS) != 0, deadline,
			       err);
}

static void step_end(void *data, const struct task_step *step, int rc)
{
	struct vm_context *vm = data;
	struct journal_task *task = &vm->journal.task;

	if (rc == 0) {
		vm->no_return = vm->no_return || (step->flags & TASK_NO_RETURN) != 0;
		(void)snprintf(task->step, sizeof(task->step), "%s", step->name);
		task->step_state = JOURNAL_STEP_ENDED;
	}
}

static bool step_ours(void *data, const struct task_step *step)
{
	struct vm_context *vm = data;
	const char *node;
	const struct vm_grant *grant = grant_of(vm, &node);

	if ((step->flags & TASK_MAKES) != 0) {
		return vm->journal.task.n_luns > 0;
	}
	if ((step->flags & TASK_TAKES) != 0) {
		return vm->owes;
	}
	return (step->flags & TASK_GRANTS) != 0 && grant != NULL && grant->added.n_granted > 0;
}

static int undo_begin(void *data, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = data;
	int half_ms = deadline_left_ms(deadline) / 2;

	return vm_journal_confirm(
		&vm->journal,
		deadline_within(deadline, half_ms < CONFIRM_MS ? half_ms : CONFIRM_MS), err);
}

static const struct task_journal_ops record_ops = {
	.step_begin = step_begin,
	.step_end = step_end,
	.step_ours = step_ours,
	.undo_begin = undo_begin,
};

/* The state in which the task ends, or waits for the next action. */
struct ending {
	enum journal_state state;
	const char *step;
	bool must;    /* the next action depends on this record */
	bool granted; /* what was granted is still the task's to revoke */
};

/* Has this task added grants that no process of it has revoked? */
static bool grant_left(struct vm_context *vm)
{
	const char *node;
	const struct vm_grant *grant = grant_of(vm, &node);

	return grant != NULL ? grant->added.n_granted > 0 : vm->journal.task.n_luns > 0;
}

/* What was made and is not deleted yet stays recorded, so that somebody deletes it. */
static struct ending create_ending(const struct vm_context *vm, int rc)
{
	const struct vm_journal *journal = &vm->journal;

	if (rc != 0 && (journal->task.n_luns > 0 || vm->owes || rc == -ENOTRECOVERABLE)) {
		return (struct ending){.state = JOURNAL_BROKEN, .granted = true};
	}
	return (struct ending){.state = rc != 0 || journal->only_open ? JOURNAL_FAILED
								      : JOURNAL_DONE};
}

/*
 * What is not deleted yet stays recorded. Until something was overwritten or deleted (no_return),
 * nothing has happened to the VM.
 */
static struct ending destroy_ending(struct vm_context *vm, int rc)
{
	if (rc != 0 && (vm->no_return || rc == -ENOTRECOVERABLE || grant_left(vm))) {
		return (struct ending){.state = JOURNAL_BROKEN, .granted = true};
	}
	return (struct ending){.state = rc != 0 || vm->journal.only_open ? JOURNAL_FAILED
									 : JOURNAL_DONE};
}

static struct ending widening_ending(struct vm_context *vm, int rc)
{
	enum vm_action action = vm->journal.asker.action;

	if (action == VM_ACTION_CREATE) {
		return create_ending(vm, rc);
	}
	if (action == VM_ACTION_DESTROY) {
		return destroy_ending(vm, rc);
	}
	if (rc != 0) {
		bool undone = rc != -ENOTRECOVERABLE && !vm->no_return &&
			      action != VM_ACTION_MIGRATE_FROM && !grant_left(vm);

		return undone ? (struct ending){.state = JOURNAL_FAILED}
			      : (struct ending){.state = JOURNAL_BROKEN, .granted = true};
	}
	switch (action) {
	case VM_ACTION_MIGRATE_TO:
		return (struct ending){JOURNAL_WAITING, VM_STEP_SENT, true, true};
	case VM_ACTION_MIGRATE_FROM: return (struct ending){JOURNAL_WAITING, VM_STEP_ARRIVED, 0, 0};
	default: return (struct ending){.state = JOURNAL_DONE};
	}
}

static struct ending stop_ending(const struct vm_context *vm, int rc)
{
	const struct vm_journal *journal = &vm->journal;
	bool migration = journal->task.kind == JOURNAL_MIGRATE;
	bool source = strcmp(journal->task.source, vm->node) == 0;

	if (migration && !source) {
		return (struct ending){.state = JOURNAL_BROKEN, .granted = rc != 0};
	}
	if (rc == 0) {
		return (struct ending){.state = JOURNAL_DONE};
	}
	/* A migration that has come this far does not fail because its source cannot be cleared. */
	return migration ? (struct ending){JOURNAL_WAITING, journal->found.step, false, true}
			 : (struct ending){.state = JOURNAL_BROKEN, .granted = true};
}

/*
 * stop either found nothing to do, or found a task whose owner may be gone by now. It still ends a
 * task that a killed action left open, because that would block a start elsewhere.
 */
static void open_claim(struct vm_context *vm, struct deadline deadline)
{
	int64_t since_ms = deadline_now_ms();
	struct err why = ERR_INIT;
	bool told = vm->record_asked;

	if (!told) {
		vm->journal.asker.departed = departed_here(vm, deadline);
	}
	vm->record_asked = true;
	vm->journal.only_open = true;
	if (vm_journal_claim(&vm->journal, deadline, &why) != 0 && !told) {
		tell(vm, since_ms, &why);
	}
}

int vm_record_close(struct vm_context *vm, int rc, struct deadline deadline, struct err *err)
{
	struct vm_journal *journal = &vm->journal;
	int64_t since_ms = deadline_now_ms();
	struct err why = ERR_INIT;
	struct ending ending;
	int end_rc;

	if (vm->recorded && stopping(vm) && !journal->claimed) {
		open_claim(vm, deadline);
	}
	if (!vm->recorded || !journal->claimed) {
		return rc;
	}
	ending = stopping(vm) ? stop_ending(vm, rc) : widening_ending(vm, rc);
	if (rc == 0 && journal->asker.action == VM_ACTION_MIGRATE_TO &&
	    strcmp(journal->task.mode, VM_MODE_LIVE) == 0) {
		vm_record_mode(vm, VM_MODE_SENT);
	}
	if (!ending.granted) {
		grant_forget(&journal->task);
	}
	end_rc = vm_journal_end(journal, ending.state, ending.step, rc == 0 ? "" : err_text(err),
				ending.must ? deadline : deadline_within(deadline, TELL_MS), &why);
	if (end_rc == 0) {
		return rc;
	}
	if (rc == 0 && ending.must) {
		return err_set(err, end_rc,
			       "the guest has left this node, but this could not be recorded for "
			       "the next action: %s",
			       err_text(&why));
	}
	tell(vm, since_ms, &why);
	return rc;
}

static void observe(void *observer, const struct task_event *event)
{
	vm_report_event(observer, event);
}

int vm_task_run(struct vm_context *vm, const char *name, const struct task_step *steps,
		size_t n_steps, int undo_reserve_ms, struct deadline deadline, struct err *err)
{
	struct task task = {
		.name = name,
		.steps = steps,
		.n_steps = n_steps,
		.context = vm,
		.gate = vm_gate_quorum,
		.observe = observe,
		.observer = vm,
		.journal = vm->recorded ? &record_ops : NULL,
		.journal_data = vm,
		.undo_reserve_ms = undo_reserve_ms,
	};

	return task_run(&task, deadline, err);
}
