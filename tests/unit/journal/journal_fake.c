/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal_fake.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "tasks/tasks.h"

#define REQUESTS_MAX 256

struct journal {
	bool open;
};

struct journal_fake journal_fake;

static struct tasks *tasks;
static uint64_t entries;
static struct {
	struct id128 id;
	struct outcome outcome;
} requests[REQUESTS_MAX];
static size_t n_requests;

void journal_fake_reset(void)
{
	journal_fake_release();
	tasks = tasks_new();
	entries = 0;
	n_requests = 0;
	journal_fake = (struct journal_fake){.absent = false};
}

void journal_fake_release(void)
{
	tasks_free(tasks);
	tasks = NULL;
	free(journal_fake.question);
	journal_fake.question = NULL;
}

static struct outcome apply(const struct journal_op *op)
{
	uint8_t data[JOURNAL_RECORD_BYTES_MAX];
	size_t bytes = journal_op_encode(op, data);
	struct outcome outcome;

	tasks_machine_ops.apply(tasks, ++entries, data, bytes, &outcome);
	return outcome;
}

int journal_fake_apply(const struct journal_op *op)
{
	return apply(op).status;
}

const struct journal_task *journal_fake_task(const char *vm)
{
	return tasks_find_vm(tasks, vm);
}

bool journal_fake_released(const char *vm, const char *node)
{
	const struct journal_release *row = tasks_find_release(tasks, vm, node);

	return row != NULL && !row->granted;
}

static int connected(void)
{
	if (journal_fake.drops > 0) {
		journal_fake.drops--;
		return -ENOTCONN;
	}
	return journal_fake.absent ? -ENOTCONN : 0;
}

int journal_open(struct deadline deadline, struct journal **ret, struct err *err)
{
	(void)deadline;
	(void)err;
	*ret = NULL;
	if (journal_fake.absent) {
		return -ENOTCONN;
	}
	*ret = calloc(1, sizeof(**ret));
	return *ret == NULL ? -ENOMEM : 0;
}

void journal_close(struct journal *journal)
{
	free(journal);
}

int journal_domain_get(struct journal *journal, const char *vm, struct deadline deadline,
		       enum journal_domain *ret, struct err *err)
{
	(void)journal, (void)vm, (void)deadline, (void)err;
	*ret = journal_fake.domain;
	return connected();
}

int journal_ask(struct journal *journal, const char *node, enum journal_ask_kind kind,
		const char *body, struct deadline deadline, char **ret, size_t *ret_bytes,
		struct err *err)
{
	const char *answer = journal_fake.answers[kind];
	int rc = connected();

	(void)journal, (void)deadline;
	journal_fake.asked[kind]++;
	free(journal_fake.question);
	journal_fake.question = strdup(body);
	if (rc == 0 && answer == NULL) {
		rc = err_set(err, -EOPNOTSUPP, "%s is older", node);
	}
	if (rc == 0) {
		*ret = strdup(answer);
		*ret_bytes = strlen(answer);
	}
	return rc;
}

/* Each id once. */
static struct outcome apply_once(const struct journal_op *op, const struct id128 *request,
				 bool gated)
{
	for (size_t i = 0; i < n_requests; i++) {
		if (id128_equal(&requests[i].id, request)) {
			return requests[i].outcome;
		}
	}
	if (n_requests == REQUESTS_MAX) {
		abort();
	}
	requests[n_requests].id = *request;
	requests[n_requests].outcome = apply(op);
	journal_fake.commits++;
	journal_fake.gated += gated ? 1 : 0;
	return requests[n_requests++].outcome;
}

static void answer_fill(const struct journal_op *op, struct outcome outcome,
			struct journal_answer *ret)
{
	const struct journal_task *current = NULL;

	*ret = (struct journal_answer){
		.verdict = JOURNAL_COMMITTED,
		.status = outcome.status,
		.revision = outcome.revision,
	};
	if (!journal_op_has_release(op->kind)) {
		current = tasks_find_vm(tasks, op->task.vm);
	}
	if (outcome.status != 0 && current != NULL) {
		ret->has_current = true;
		ret->current = *current;
	}
}

int journal_submit(struct journal *journal, const struct journal_op *op,
		   const struct id128 *request, unsigned int flags, struct deadline deadline,
		   struct journal_answer *ret, struct err *err)
{
	void (*before)(void) = journal_fake.before_submit;
	struct outcome outcome;
	int rc = connected();

	(void)journal;
	(void)deadline;
	if (rc != 0) {
		return rc;
	}
	if (journal_fake.older && op->kind == JOURNAL_OP_GRANT) {
		return err_set(err, -EBADMSG, "lunmaskd: the operation cannot be decoded");
	}
	if (journal_fake.no_majority) {
		*ret = (struct journal_answer){.verdict = JOURNAL_NO_QUORUM};
		return 0;
	}
	journal_fake.before_submit = NULL;
	if (before != NULL) {
		before();
	}
	outcome = apply_once(op, request, (flags & JOURNAL_GATED) != 0);
	if (journal_fake.lose_answers > 0) {
		journal_fake.lose_answers--;
		*ret = (struct journal_answer){.verdict = JOURNAL_UNKNOWN};
		return 0;
	}
	answer_fill(op, outcome, ret);
	return 0;
}

int journal_task_get(struct journal *journal, const char *vm, enum journal_read read,
		     struct deadline deadline, struct journal_task *ret, struct err *err)
{
	const struct journal_task *task = tasks_find_vm(tasks, vm);
	int rc = connected();

	(void)journal;
	(void)deadline;
	(void)err;
	if (rc != 0) {
		return rc;
	}
	if (journal_fake.no_majority && read == JOURNAL_LINEARIZABLE) {
		return -EHOSTDOWN;
	}
	if (task == NULL) {
		return -ENOENT;
	}
	*ret = *task;
	return 0;
}

static int row_get(const char *vm, const char *node, bool granted, enum journal_read read,
		   struct journal_release *ret)
{
	const struct journal_release *row = tasks_find_release(tasks, vm, node);
	int rc = connected();

	if (rc == 0 && journal_fake.no_majority && read == JOURNAL_LINEARIZABLE) {
		return -EHOSTDOWN;
	}
	if (rc == 0 && (row == NULL || row->granted != granted)) {
		return -ENOENT;
	}
	if (rc == 0) {
		*ret = *row;
	}
	return rc;
}

int journal_release_get(struct journal *journal, const char *vm, const char *node,
			enum journal_read read, struct deadline deadline,
			struct journal_release *ret, struct err *err)
{
	(void)journal;
	(void)deadline;
	(void)err;
	return row_get(vm, node, false, read, ret);
}

int journal_grant_get(struct journal *journal, const char *vm, const char *node,
		      enum journal_read read, struct deadline deadline, struct journal_release *ret,
		      struct err *err)
{
	(void)journal;
	(void)deadline;
	(void)err;
	return row_get(vm, node, true, read, ret);
}

int journal_status_get(struct journal *journal, struct deadline deadline,
		       struct journal_status *ret, struct err *err)
{
	(void)journal;
	(void)deadline;
	(void)err;
	*ret = (struct journal_status){.applied = entries};
	return connected();
}

/* Nobody else is at it but in_wait. */
int journal_wait(struct journal *journal, uint64_t index, struct deadline deadline,
		 uint64_t *ret_index, struct err *err)
{
	void (*in_wait)(void) = journal_fake.in_wait;

	(void)journal;
	(void)err;
	journal_fake.in_wait = NULL;
	if (in_wait != NULL) {
		in_wait();
	}
	*ret_index = entries;
	if (entries > index) {
		return 0;
	}
	(void)poll(NULL, 0, deadline_left_ms(deadline));
	return -ETIMEDOUT;
}

void journal_drop(struct journal **journal)
{
	journal_close(*journal);
}

int journal_task_list(struct journal *journal, struct deadline deadline, struct journal_task **ret,
		      size_t *ret_n, uint64_t *ret_index, struct err *err)
{
	size_t n = tasks_count(tasks);
	int rc = connected();

	(void)journal;
	(void)deadline;
	(void)err;
	*ret = calloc(n + 1, sizeof(**ret));
	*ret_n = rc == 0 ? n : 0;
	*ret_index = entries;
	for (size_t i = 0; i < *ret_n; i++) {
		(*ret)[i] = *tasks_at(tasks, i);
	}
	return rc;
}

static int rows_list(bool granted, struct journal_release **ret, size_t *ret_n)
{
	size_t n = tasks_release_count(tasks);
	int rc = connected();

	*ret = calloc(n + 1, sizeof(**ret));
	*ret_n = 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (tasks_release_at(tasks, i)->granted == granted) {
			(*ret)[(*ret_n)++] = *tasks_release_at(tasks, i);
		}
	}
	return rc;
}

int journal_release_list(struct journal *journal, struct deadline deadline,
			 struct journal_release **ret, size_t *ret_n, struct err *err)
{
	(void)journal;
	(void)deadline;
	(void)err;
	return rows_list(false, ret, ret_n);
}

int journal_grant_list(struct journal *journal, struct deadline deadline,
		       struct journal_release **ret, size_t *ret_n, struct err *err)
{
	(void)journal;
	(void)deadline;
	(void)err;
	return rows_list(true, ret, ret_n);
}
