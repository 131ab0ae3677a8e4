/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/vm_journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/realtime.h"
#include "cluster/cluster.h"
#include "journal/journal_actor.h"
#include "vm/vm_journal_call.h"

#define FATE_MS 5000
#define STOP_FATE_MS 1000
#define CLAIM_TRIES 8
/* Longer than a reconcile holds a VM's task. */
#define WAIT_MS 20000

static enum journal_evidence evidence_find(const struct vm_journal *journal,
					   const struct journal_task *task,
					   struct deadline deadline)
{
	const struct journal_actor *self = &journal->asker.self;
	enum cluster_node_fate fate;
	int rc;

	if (task->state != JOURNAL_RUNNING) {
		return JOURNAL_EVIDENCE_NONE;
	}
	if (strcmp(task->actor.node, self->node) == 0) {
		return journal_actor_gone(&task->actor, self);
	}
	deadline = deadline_within(deadline, vm_journal_stopping(journal) ? STOP_FATE_MS : FATE_MS);
	rc = cluster_node_fate(task->actor.node, deadline, &fate, NULL);
	return rc == 0 && fate == CLUSTER_NODE_DOWN ? JOURNAL_EVIDENCE_FENCED
						    : JOURNAL_EVIDENCE_NONE;
}

static int found_read(struct vm_journal *journal, enum journal_read how, struct deadline deadline,
		      struct err *err)
{
	int rc = vm_journal_task_read(journal, how, deadline, &journal->found, err);

	if (rc != 0) {
		journal->found = (struct journal_task){.revision = 0};
	}
	return rc == -ENOENT ? 0 : rc;
}

static const struct journal_task *found(const struct vm_journal *journal)
{
	return journal->found.revision != 0 ? &journal->found : NULL;
}

static struct journal_task task_new(const struct vm_journal *journal)
{
	static const enum journal_kind kinds[VM_ACTION_MAX] = {
		[VM_ACTION_START] = JOURNAL_START,
		[VM_ACTION_STOP] = JOURNAL_STOP,
		[VM_ACTION_MIGRATE_TO] = JOURNAL_MIGRATE,
		[VM_ACTION_MIGRATE_FROM] = JOURNAL_MIGRATE,
		[VM_ACTION_RECONCILE] = JOURNAL_RECONCILE,
		[VM_ACTION_CREATE] = JOURNAL_CREATE,
		[VM_ACTION_DESTROY] = JOURNAL_DESTROY,
	};
	const struct vm_asker *asker = &journal->asker;
	struct journal_task task = {
		.kind = kinds[asker->action],
		.state = JOURNAL_RUNNING,
		.actor = asker->self,
		.begun_ms = realtime_now_ms(),
	};

	task.changed_ms = task.begun_ms;
	memcpy(task.vm, asker->vm, sizeof(task.vm));
	memcpy(task.source, asker->source, sizeof(task.source));
	memcpy(task.target, asker->target, sizeof(task.target));
	if (task.kind == JOURNAL_STOP && journal->save) {
		strcpy(task.mode, VM_MODE_SAVED);
	}
	return task;
}

/* Continues the task that was found, with this process as its actor. */
static struct journal_op op_continue(const struct vm_journal *journal, enum journal_evidence gone)
{
	struct journal_op op = {
		.kind = gone == JOURNAL_EVIDENCE_NONE ? JOURNAL_OP_ADVANCE : JOURNAL_OP_TAKEOVER,
		.evidence = gone,
		.task = journal->found,
	};

	op.task.state = JOURNAL_RUNNING;
	op.task.actor = journal->asker.self;
	op.task.reason[0] = '\0';
	if (journal->asker.departed && strcmp(op.task.mode, VM_MODE_LIVE) == 0) {
		strcpy(op.task.mode, VM_MODE_SENT);
	}
	op.task.changed_ms = realtime_now_ms();
	return op;
}

static struct journal_op op_end(const struct vm_journal *journal, enum journal_evidence gone)
{
	struct journal_op op = op_continue(journal, gone);

	op.task.state = vm_claim_end_state(&journal->found);
	if (op.task.state == JOURNAL_FAILED) {
		(void)snprintf(op.task.reason, sizeof(op.task.reason),
			       "given up for another migration, from %.100s to %.100s",
			       journal->asker.source, journal->asker.target);
	}
	return op;
}

static int op_make(const struct vm_journal *journal, enum vm_claim claim,
		   enum journal_evidence gone, struct journal_op *ret)
{
	switch (claim) {
	case VM_CLAIM_CONTINUE: *ret = op_continue(journal, gone); return 0;
	case VM_CLAIM_END_FIRST: *ret = op_end(journal, gone); return 0;
	default: break;
	}
	*ret = (struct journal_op){.kind = JOURNAL_OP_BEGIN, .task = task_new(journal)};
	if (claim == VM_CLAIM_REPLACE) {
		ret->evidence = gone;
		ret->replaces.uuid = journal->found.uuid;
		ret->replaces.revision = journal->found.revision;
		ret->replaces.state = vm_claim_end_state(&journal->found);
	}
	return id128_random(&ret->task.uuid);
}

static int refused(const struct vm_asker *asker, const struct journal_task *task, struct err *err)
{
	char uuid[ID128_TEXT];
	char since[REALTIME_TEXT];

	if (asker->action == VM_ACTION_MIGRATE_FROM &&
	    (task == NULL || task->state != JOURNAL_RUNNING)) {
		return err_set(
			err, -EPERM,
			"no migration of %s from %s to %s is under way: the last task in the "
			"journal is %s%s%s",
			asker->vm, asker->source, asker->target,
			task == NULL ? "none" : journal_kind_to_str(task->kind),
			task == NULL ? "" : ", ",
			task == NULL ? "" : journal_state_to_str(task->state));
	}
	id128_to_str(&task->uuid, uuid);
	(void)realtime_to_str(task->changed_ms, since);
	if (task->kind == JOURNAL_RECONCILE) {
		return err_set(
			err, -EBUSY,
			"lunmask reconcile or image is working on %s: process %" PRId32
			" on %s, since %s; if that process no longer exists, lunmask reconcile "
			"on %s ends its task",
			asker->vm, task->actor.pid, task->actor.node, since, task->actor.node);
	}
	if (task->kind == JOURNAL_CREATE || task->kind == JOURNAL_DESTROY) {
		bool makes = task->kind == JOURNAL_CREATE;

		return err_set(err, -EBUSY,
			       "finish 'lunmask %s %s', or %s it with --abort: process %" PRId32
			       " on %s is %s the VM, at step '%s' since %s (pid 0: none is)",
			       journal_kind_to_str(task->kind), asker->vm,
			       makes ? "undo" : "give up", task->actor.pid,
			       task->actor.node[0] != '\0' ? task->actor.node : task->target,
			       makes ? "making" : "destroying", task->step, since);
	}
	return err_set(err, -EBUSY,
		       "%s %s of %s belongs to process %" PRId32 " on %s, at step '%s' since %s: "
		       "wait for it; if that process no longer exists, stop the resource there "
		       "(crm_resource --force-stop on %s)",
		       journal_kind_to_str(task->kind), uuid, asker->vm, task->actor.pid,
		       task->actor.node, task->step, since, task->actor.node);
}

static void claim_take(struct vm_journal *journal, const struct journal_op *op,
		       const struct journal_answer *answer)
{
	journal->task = op->task;
	journal->task.revision = answer->revision;
	journal->claimed = true;
	journal->continued = op->kind != JOURNAL_OP_BEGIN;
}

bool vm_journal_sent(const struct vm_journal *journal)
{
	return vm_claim_sent(found(journal), journal->asker.self.node);
}

/* May the source still say how the migration to this node ended? */
static bool source_may_tell(const struct vm_journal *journal)
{
	const struct journal_task *task = found(journal);

	return task != NULL && task->kind == JOURNAL_MIGRATE &&
	       strcmp(task->target, journal->asker.self.node) == 0 &&
	       journal_state_open(task->state) && !vm_journal_sent(journal);
}

bool vm_journal_sent_wait(struct vm_journal *journal, struct deadline deadline)
{
	struct err ignored = ERR_INIT;
	uint64_t index = 0;

	while (source_may_tell(journal) && !deadline_passed(deadline) &&
	       vm_journal_change_wait(journal, &index, deadline, &ignored) == 0 &&
	       found_read(journal, JOURNAL_STALE, deadline, &ignored) == 0) {
	}
	return vm_journal_sent(journal);
}

/* -EAGAIN: the journal has changed since it was read. -EINPROGRESS: the task found ends soon. */
static int claim_once(struct vm_journal *journal, struct deadline deadline, struct err *err)
{
	struct journal_answer answer;
	enum journal_evidence gone;
	struct journal_op op;
	enum vm_claim claim;
	int rc = found_read(journal, JOURNAL_LINEARIZABLE, deadline, err);

	if (rc != 0) {
		return rc;
	}
	gone = found(journal) == NULL ? JOURNAL_EVIDENCE_NONE
				      : evidence_find(journal, &journal->found, deadline);
	journal->save = vm_claim_saves(&journal->asker, found(journal), gone, realtime_now_ms());
	claim = vm_claim_decide(&journal->asker, found(journal), gone);
	if (claim == VM_CLAIM_REFUSE) {
		return refused(&journal->asker, found(journal), err);
	}
	if (claim == VM_CLAIM_WAIT) {
		return -EINPROGRESS;
	}
	if (claim == VM_CLAIM_LEAVE || (claim == VM_CLAIM_BEGIN && journal->only_open)) {
		return 0;
	}
	rc = op_make(journal, claim, gone, &op);
	if (rc != 0) {
		return err_set(err, rc, "cannot make a task's uuid: %s", strerror(-rc));
	}
	rc = vm_journal_submit(journal, &op, !vm_journal_stopping(journal), deadline, &answer, err);
	if (rc != 0) {
		return rc;
	}
	if (answer.status != 0) {
		return vm_journal_overtaken(answer.status) ? -EAGAIN
							   : vm_journal_refusal(&answer, err);
	}
	journal->followed = journal->followed || claim != VM_CLAIM_BEGIN;
	if (claim == VM_CLAIM_END_FIRST) {
		return -EAGAIN;
	}
	claim_take(journal, &op, &answer);
	return 0;
}

/*
 * Without a majority, stop decides from this node's copy of the journal. It claims nothing that
 * way.
 */
static void stop_look(struct vm_journal *journal, struct deadline deadline)
{
	enum journal_evidence gone;
	struct err ignored = ERR_INIT;

	if (found_read(journal, JOURNAL_STALE, deadline, &ignored) == 0 && found(journal) != NULL) {
		gone = evidence_find(journal, &journal->found, deadline_in(0));
		journal->save =
			vm_claim_saves(&journal->asker, &journal->found, gone, realtime_now_ms());
	}
}

/* *index was read before the task. */
static int claim_wait(struct vm_journal *journal, uint64_t *index, struct deadline deadline,
		      struct err *err)
{
	int rc = deadline_passed(deadline) ? -EHOSTDOWN
					   : vm_journal_change_wait(journal, index, deadline, err);

	return rc != 0 && deadline_passed(deadline) ? refused(&journal->asker, found(journal), err)
						    : rc;
}

static int claim_or_wait(struct vm_journal *journal, struct deadline deadline, struct err *err)
{
	int share_ms = deadline_left_ms(deadline) / 4 * 3;
	struct deadline patience =
		deadline_within(deadline, share_ms < WAIT_MS ? share_ms : WAIT_MS);
	uint64_t index = 0;
	int rc;

	do {
		rc = claim_once(journal, deadline, err);
		if (rc == -EINPROGRESS) {
			rc = claim_wait(journal, &index, patience, err);
			rc = rc == 0 ? -EINPROGRESS : rc;
		}
	} while (rc == -EINPROGRESS);
	return rc;
}

int vm_journal_claim(struct vm_journal *journal, struct deadline deadline, struct err *err)
{
	struct err own = ERR_INIT;
	unsigned int tries = 0;
	int rc;

	if (vm_journal_stopping(journal)) {
		stop_look(journal, deadline);
	}
	do {
		own = (struct err)ERR_INIT;
		rc = claim_or_wait(journal, deadline, &own);
	} while (rc == -EAGAIN && ++tries < CLAIM_TRIES && !deadline_passed(deadline));
	if (rc == -EAGAIN) {
		rc = err_set(&own, -EBUSY, "try again: the owner of the task of %s keeps changing",
			     journal->asker.vm);
	}
	return rc == 0 ? 0 : err_set(err, rc, "%s", err_text(&own));
}
