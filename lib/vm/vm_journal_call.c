/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/vm_journal_call.h"

#include <inttypes.h>
#include <stdio.h>

#define PATIENCE_MS 10000 /* a new sequencer is elected within this time */
#define ABSENT_MS 3000    /* a restart of lunmaskd takes less than this time */
#define STOP_ABSENT_MS 1000
#define AGAIN_MS 200

static struct deadline patience(const struct vm_journal *journal, struct deadline deadline)
{
	return deadline_within(deadline,
			       vm_journal_stopping(journal) ? journal->budget_ms : PATIENCE_MS);
}

/* A call that gets no answer shortens the time that stop has left for the journal. */
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
			"start lunmaskd on this node (systemctl start lunmaskd): it does not run, "
			"and without the journal nothing that gives access is done");
	case -EHOSTDOWN:
		return err_set(err, -EHOSTDOWN,
			       "the journal has no majority of its nodes (see lunmask journal "
			       "status), and without it nothing that gives access is done");
	case -ETIMEDOUT:
		return err_set(err, -EHOSTDOWN,
			       "the journal did not answer in time (lunmask journal status)");
	default: return err_prefix(err, rc, "journal");
	}
}

/* May the call be repeated? If so, waits AGAIN_MS first. */
static bool call_again(struct vm_journal *journal, int rc, int64_t since_ms,
		       struct deadline deadline)
{
	if (rc == -ENOTCONN) {
		journal_close(journal->connection);
		journal->connection = NULL;
		if (deadline_now_ms() - since_ms >
		    (vm_journal_stopping(journal) ? STOP_ABSENT_MS : ABSENT_MS)) {
			return false;
		}
	} else if (rc != -EHOSTDOWN && rc != -EAGAIN) {
		return false;
	}
	return deadline_pause(deadline, AGAIN_MS);
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
	struct id128 id;
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

/* Every try of one operation has the same id; two different operations never have the same. */
static void request_id(const struct vm_journal *journal, const struct journal_op *op,
		       struct id128 *ret)
{
	const struct journal_actor *self = &journal->asker.self;
	bool of_task = !journal_op_has_release(op->kind);
	char what[96];
	char who[96];
	char uuid[ID128_TEXT] = "";

	if (of_task) {
		id128_to_str(&op->task.uuid, uuid);
	}
	(void)snprintf(what, sizeof(what), "%d %d %" PRIu64 " %" PRId64, (int)op->kind,
		       of_task ? (int)op->task.state : 0,
		       of_task ? op->task.revision : op->release.revision,
		       of_task ? op->task.changed_ms : op->release.since_ms);
	(void)snprintf(who, sizeof(who), "%s %" PRId32 " %" PRIu64, self->boot_id, self->pid,
		       self->start_time);
	id128_derive(ret, uuid, what, who, self->node, of_task ? op->task.vm : op->release.vm,
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
	bool granted;
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

	return (reading->granted ? journal_grant_get : journal_release_get)(
		journal->connection, journal->asker.vm, reading->node, reading->how, deadline,
		&reading->release, err);
}

int vm_journal_task_read(struct vm_journal *journal, enum journal_read how,
			 struct deadline deadline, struct journal_task *ret, struct err *err)
{
	struct reading reading = {.how = how};
	int rc = call(journal, task_read_once, &reading, deadline, err);

	*ret = reading.task;
	return rc;
}

static int row_find(struct vm_journal *journal, const char *node, bool granted,
		    struct deadline deadline, struct journal_release *ret, struct err *err)
{
	struct reading reading = {.how = JOURNAL_LINEARIZABLE, .node = node, .granted = granted};
	struct err own = ERR_INIT;
	int rc = call(journal, release_read_once, &reading, deadline, &own);

	*ret = reading.release;
	return rc == 0 ? 0 : err_set(err, rc, "%s", err_text(&own));
}

int vm_journal_release_find(struct vm_journal *journal, const char *node, struct deadline deadline,
			    struct journal_release *ret, struct err *err)
{
	return row_find(journal, node, false, deadline, ret, err);
}

int vm_journal_grant_find(struct vm_journal *journal, const char *node, struct deadline deadline,
			  struct journal_release *ret, struct err *err)
{
	return row_find(journal, node, true, deadline, ret, err);
}

static int change_wait_once(struct vm_journal *journal, void *data, struct deadline deadline,
			    struct err *err)
{
	struct journal_status status;
	uint64_t *index = data;
	int rc;

	if (*index != 0) {
		rc = journal_wait(journal->connection, *index, deadline, index, err);
		return rc == -ETIMEDOUT ? 0 : rc;
	}
	rc = journal_status_get(journal->connection, deadline, &status, err);
	*index = rc == 0 ? status.applied : 0;
	return rc;
}

int vm_journal_change_wait(struct vm_journal *journal, uint64_t *index, struct deadline deadline,
			   struct err *err)
{
	return call(journal, change_wait_once, index, deadline, err);
}
