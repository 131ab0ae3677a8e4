/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm_journal.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cluster.h"
#include "journal_actor.h"

#define PATIENCE_MS 10000 /* a new sequencer is found within it */
#define ABSENT_MS 3000    /* lunmaskd is back within it when it was only restarted */
#define STOP_ABSENT_MS 1000
#define AGAIN_MS 200
#define FATE_MS 5000
#define STOP_FATE_MS 1000
#define CLAIM_TRIES 8
#define CLAIM_WAS_LOST "the task was taken over while this process stood still"

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int vm_journal_init(struct vm_journal *journal, enum vm_action action, const char *vm,
		    const char *node, const char *source, const char *target, struct err *err)
{
	struct vm_asker *asker = &journal->asker;

	*journal = (struct vm_journal){
		.asker.action = action,
		.budget_ms = VM_JOURNAL_STOP_MS,
	};
	(void)snprintf(asker->vm, sizeof(asker->vm), "%s", vm);
	(void)snprintf(asker->source, sizeof(asker->source), "%s", source);
	(void)snprintf(asker->target, sizeof(asker->target), "%s", target);
	return journal_actor_self(node, &asker->self, err);
}

void vm_journal_release(struct vm_journal *journal)
{
	journal_close(journal->connection);
	journal->connection = NULL;
}

/* Calls */

static bool stopping(const struct vm_journal *journal)
{
	return journal->asker.action == VM_ACTION_STOP;
}

static struct deadline patience(const struct vm_journal *journal, struct deadline deadline)
{
	return deadline_within(deadline, stopping(journal) ? journal->budget_ms : PATIENCE_MS);
}

/* What a call that came to nothing took is what stop has less. */
static void budget_use(struct vm_journal *journal, int64_t since_ms, int rc)
{
	int64_t used_ms = deadline_now_ms() - since_ms;

	if (rc == -EHOSTDOWN) {
		journal->budget_ms =
			used_ms < journal->budget_ms ? journal->budget_ms - (int)used_ms : 0;
	}
}

static int call_failed(int rc, struct err *err)
{
	switch (rc) {
	case -ENOTCONN:
		return err_set(
			err, -EHOSTDOWN,
			"lunmaskd does not run on this node, and nothing that gives access is "
			"done without the journal: start it (systemctl start lunmaskd)");
	case -EHOSTDOWN:
		return err_set(err, -EHOSTDOWN,
			       "the journal has no majority of its nodes, and nothing that gives "
			       "access is done without it (lunmask journal status)");
	case -ETIMEDOUT:
		return err_set(err, -EHOSTDOWN,
			       "the journal did not answer in time (lunmask journal status)");
	default: return err_prefix(err, rc, "journal");
	}
}

/* May it be asked again? Waits a little before that. */
static bool call_again(struct vm_journal *journal, int rc, int64_t since_ms,
		       struct deadline deadline)
{
	if (rc == -ENOTCONN) {
		journal_close(journal->connection);
		journal->connection = NULL;
		if (deadline_now_ms() - since_ms >
		    (stopping(journal) ? STOP_ABSENT_MS : ABSENT_MS)) {
			return false;
		}
	} else if (rc != -EHOSTDOWN && rc != -EAGAIN) {
		return false;
	}
	if (deadline_left_ms(deadline) <= AGAIN_MS) {
		return false;
	}
	(void)poll(NULL, 0, AGAIN_MS);
	return true;
}

typedef int call_fn(struct vm_journal *journal, void *data, struct deadline deadline,
		    struct err *err);

static int call(struct vm_journal *journal, call_fn *run, void *data, struct deadline deadline,
		struct err *err)
{
	struct deadline end = patience(journal, deadline);
	int64_t since_ms = deadline_now_ms();
	int rc;

	do {
		*err = (struct err)ERR_INIT;
		rc = deadline_passed(end) ? -ETIMEDOUT : 0;
		if (rc == 0 && journal->connection == NULL) {
			rc = journal_open(end, &journal->connection, err);
		}
		if (rc == 0) {
			rc = run(journal, data, end, err);
		}
	} while (rc != 0 && call_again(journal, rc, since_ms, end));
	if (rc != 0 && rc != -ENOENT) {
		rc = call_failed(rc == -EAGAIN ? -ETIMEDOUT : rc, err);
	}
	budget_use(journal, since_ms, rc);
	return rc;
}

struct submission {
	const struct journal_op *op;
	struct journal_id id;
	bool gated;
	struct journal_answer answer;
};

static int submit_once(struct vm_journal *journal, void *data, struct deadline deadline,
		       struct err *err)
{
	struct submission *submission = data;
	int rc = journal_submit(journal->connection, submission->op, &submission->id,
				submission->gated ? JOURNAL_GATED : 0, deadline,
				&submission->answer, err);

	if (rc != 0) {
		return rc;
	}
	switch (submission->answer.verdict) {
	case JOURNAL_COMMITTED: return 0;
	case JOURNAL_NO_QUORUM: return -EHOSTDOWN;
	default: return -EAGAIN;
	}
}

/* One operation has one id however often it is asked for; no two different ones have the same. */
static void request_id(const struct vm_journal *journal, const struct journal_op *op,
		       struct journal_id *ret)
{
	const struct journal_actor *self = &journal->asker.self;
	bool of_task = op->kind != JOURNAL_OP_RELEASE && op->kind != JOURNAL_OP_REVOKED;
	char what[96];
	char who[96];
	char uuid[JOURNAL_ID_TEXT] = "";

	if (of_task) {
		journal_id_to_str(&op->task.uuid, uuid);
	}
	(void)snprintf(what, sizeof(what), "%d %d %" PRIu64 " %" PRId64, (int)op->kind,
		       of_task ? (int)op->task.state : 0,
		       of_task ? op->task.revision : op->release.revision,
		       of_task ? op->task.changed_ms : op->release.since_ms);
	(void)snprintf(who, sizeof(who), "%s %" PRId32 " %" PRIu64, self->boot_id, self->pid,
		       self->start_time);
	journal_id_derive(ret, uuid, what, who, self->node, of_task ? op->task.vm : op->release.vm,
			  of_task ? op->task.step : op->release.node, NULL);
}

int vm_journal_submit(struct vm_journal *journal, const struct journal_op *op, bool gated,
		      struct deadline deadline, struct journal_answer *ret, struct err *err)
{
	struct submission submission = {.op = op, .gated = gated};
	struct err own = ERR_INIT;
	int rc;

	request_id(journal, op, &submission.id);
	rc = call(journal, submit_once, &submission, deadline, &own);
	*ret = submission.answer;
	return rc == 0 ? 0 : err_set(err, rc, "%s", err_text(&own));
}

struct reading {
	enum journal_read how;
	const char *node;
	struct journal_task task;
	struct journal_release release;
};

static int task_read_once(struct vm_journal *journal, void *data, struct deadline deadline,
			  struct err *err)
{
	struct reading *reading = data;

	return journal_task_get(journal->connection, journal->asker.vm, reading->how, deadline,
				&reading->task, err);
}

static int release_read_once(struct vm_journal *journal, void *data, struct deadline deadline,
			     struct err *err)
{
	struct reading *reading = data;

	return journal_release_get(journal->connection, journal->asker.vm, reading->node,
				   reading->how, deadline, &reading->release, err);
}

int vm_journal_release_find(struct vm_journal *journal, const char *node, struct deadline deadline,
			    struct journal_release *ret, struct err *err)
{
	struct reading reading = {.how = JOURNAL_LINEARIZABLE, .node = node};
	struct err own = ERR_INIT;
	int rc = call(journal, release_read_once, &reading, deadline, &own);

	*ret = reading.release;
	return rc == 0 ? 0 : err_set(err, rc, "%s", err_text(&own));
}

/* Claiming */

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
	deadline = deadline_within(deadline, stopping(journal) ? STOP_FATE_MS : FATE_MS);
	rc = cluster_node_fate(task->actor.node, deadline, &fate, NULL);
	return rc == 0 && fate == CLUSTER_NODE_DOWN ? JOURNAL_EVIDENCE_FENCED
						    : JOURNAL_EVIDENCE_NONE;
}

static int found_read(struct vm_journal *journal, enum journal_read how, struct deadline deadline,
		      struct err *err)
{
	struct reading reading = {.how = how};
	int rc = call(journal, task_read_once, &reading, deadline, err);

	if (rc == 0) {
		journal->found = reading.task;
	} else {
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
	};
	const struct vm_asker *asker = &journal->asker;
	struct journal_task task = {
		.kind = kinds[asker->action],
		.state = JOURNAL_RUNNING,
		.actor = asker->self,
		.begun_ms = now_ms(),
	};

	task.changed_ms = task.begun_ms;
	memcpy(task.vm, asker->vm, sizeof(task.vm));
	memcpy(task.source, asker->source, sizeof(task.source));
	memcpy(task.target, asker->target, sizeof(task.target));
	if (task.kind == JOURNAL_STOP && journal->save) {
		strcpy(task.mode, "saved");
	}
	return task;
}

/* The task that was found, with this process as its actor from now on. */
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
	op.task.changed_ms = now_ms();
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
	return journal_id_random(&ret->task.uuid);
}

static void time_to_str(int64_t ms, char *text, size_t size)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm local;

	if (localtime_r(&seconds, &local) == NULL ||
	    strftime(text, size, "%Y-%m-%d %H:%M:%S", &local) == 0) {
		(void)snprintf(text, size, "%" PRId64 " ms", ms);
	}
}

static int refused(const struct vm_asker *asker, const struct journal_task *task, struct err *err)
{
	char uuid[JOURNAL_ID_TEXT];
	char since[64];

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
	journal_id_to_str(&task->uuid, uuid);
	time_to_str(task->changed_ms, since, sizeof(since));
	return err_set(
		err, -EBUSY,
		"%s %s of %s is another's: process %" PRId32 " on %s, at step '%s' since %s; "
		"wait for it, or stop the resource there (crm_resource --force-stop on %s) if "
		"that process is no more",
		journal_kind_to_str(task->kind), uuid, asker->vm, task->actor.pid, task->actor.node,
		task->step, since, task->actor.node);
}

static int commit_refused(const struct journal_answer *answer, struct err *err)
{
	switch (answer->status) {
	case -EBUSY:
	case -EEXIST:
	case -ENOENT:
	case -ESTALE:
		return err_set(err, -ECANCELED,
			       CLAIM_WAS_LOST ": it is %s now, at step '%s', by %s",
			       answer->has_current ? journal_state_to_str(answer->current.state)
						   : "not there",
			       answer->current.step,
			       answer->current.actor.node[0] != '\0' ? answer->current.actor.node
								     : "nobody");
	case -ENOSPC:
		return err_set(err, -ENOSPC, "the journal is full of open tasks (lunmask tasks)");
	default:
		return err_set(err, -EIO, "the journal refused the record: %s",
			       strerror(-answer->status));
	}
}

static bool overtaken(int status)
{
	return status == -EBUSY || status == -EEXIST || status == -ENOENT || status == -ESTALE;
}

static void claim_take(struct vm_journal *journal, const struct journal_op *op,
		       const struct journal_answer *answer)
{
	journal->task = op->task;
	journal->task.revision = answer->revision;
	journal->claimed = true;
	journal->continued = op->kind != JOURNAL_OP_BEGIN;
}

/* -EAGAIN: the journal has changed since it was read. */
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
	journal->save = vm_claim_saves(&journal->asker, found(journal), gone, now_ms());
	claim = vm_claim_decide(&journal->asker, found(journal), gone);
	if (claim == VM_CLAIM_REFUSE) {
		return refused(&journal->asker, found(journal), err);
	}
	if (claim == VM_CLAIM_LEAVE || (claim == VM_CLAIM_BEGIN && journal->only_open)) {
		return 0;
	}
	rc = op_make(journal, claim, gone, &op);
	if (rc != 0) {
		return err_set(err, rc, "cannot make a task's uuid: %s", strerror(-rc));
	}
	rc = vm_journal_submit(journal, &op, !stopping(journal), deadline, &answer, err);
	if (rc != 0) {
		return rc;
	}
	if (answer.status != 0) {
		return overtaken(answer.status) ? -EAGAIN : commit_refused(&answer, err);
	}
	if (claim == VM_CLAIM_END_FIRST) {
		return -EAGAIN;
	}
	claim_take(journal, &op, &answer);
	return 0;
}

/* Without a majority stop decides by what this node knows; nothing is claimed by that. */
static void stop_look(struct vm_journal *journal, struct deadline deadline)
{
	enum journal_evidence gone;
	struct err ignored = ERR_INIT;

	if (found_read(journal, JOURNAL_STALE, deadline, &ignored) == 0 && found(journal) != NULL) {
		gone = evidence_find(journal, &journal->found, deadline_in(0));
		journal->save = vm_claim_saves(&journal->asker, &journal->found, gone, now_ms());
	}
}

int vm_journal_claim(struct vm_journal *journal, struct deadline deadline, struct err *err)
{
	struct err own = ERR_INIT;
	unsigned int tries = 0;
	int rc;

	if (stopping(journal)) {
		stop_look(journal, deadline);
	}
	do {
		own = (struct err)ERR_INIT;
		rc = claim_once(journal, deadline, &own);
	} while (rc == -EAGAIN && ++tries < CLAIM_TRIES && !deadline_passed(deadline));
	if (rc == -EAGAIN) {
		rc = err_set(&own, -EBUSY,
			     "the task of %s changes hands as fast as it is asked for",
			     journal->asker.vm);
	}
	return rc == 0 ? 0 : err_set(err, rc, "%s", err_text(&own));
}

/* Progress */

/* What an answer that was lost on the way had recorded. */
static bool mine_already(const struct vm_journal *journal, const struct journal_answer *answer)
{
	return answer->status == -ESTALE && answer->has_current &&
	       journal_id_equal(&answer->current.uuid, &journal->task.uuid) &&
	       journal_actor_equal(&answer->current.actor, &journal->asker.self);
}

static int advance(struct vm_journal *journal, const struct journal_task *next, bool gated,
		   struct deadline deadline, struct err *err)
{
	struct journal_op op = {.kind = JOURNAL_OP_ADVANCE, .task = *next};
	struct journal_answer answer;
	int rc;

	op.task.changed_ms = now_ms();
	rc = vm_journal_submit(journal, &op, gated, deadline, &answer, err);
	if (rc == 0 && mine_already(journal, &answer)) {
		op.task.revision = answer.current.revision;
		rc = vm_journal_submit(journal, &op, gated, deadline, &answer, err);
	}
	if (rc != 0) {
		return rc;
	}
	if (answer.status != 0) {
		journal->claimed = !overtaken(answer.status);
		return commit_refused(&answer, err);
	}
	journal->task = op.task;
	journal->task.revision = answer.revision;
	journal->claimed = op.task.state == JOURNAL_RUNNING;
	return 0;
}

int vm_journal_step(struct vm_journal *journal, const char *step, bool widens,
		    struct deadline deadline, struct err *err)
{
	struct journal_task next = journal->task;

	if (!journal->claimed) {
		return stopping(journal) ? 0 : err_set(err, -ECANCELED, CLAIM_WAS_LOST);
	}
	(void)snprintf(next.step, sizeof(next.step), "%s", step);
	next.step_state = JOURNAL_STEP_BEGUN;
	return advance(journal, &next, widens, deadline, err);
}

int vm_journal_end(struct vm_journal *journal, enum journal_state state, const char *step,
		   const char *reason, struct deadline deadline, struct err *err)
{
	struct journal_task next = journal->task;

	if (!journal->claimed) {
		return 0;
	}
	next.state = state;
	if (step != NULL) {
		(void)snprintf(next.step, sizeof(next.step), "%s", step);
		next.step_state = JOURNAL_STEP_ENDED;
	}
	(void)snprintf(next.reason, sizeof(next.reason), "%s", reason);
	return advance(journal, &next, false, deadline, err);
}
