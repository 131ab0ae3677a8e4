/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TASKS_MAKE_H
#define LUNMASK_TASKS_MAKE_H

#include <stdio.h>
#include <string.h>

#include "tasks/tasks.h"
#include "tests/unit/test.h"

/* Operations for the tests of the table, and a table to apply them to. */

/* Two processes of n1, one of its next boot, and one of n2. */
static const struct journal_actor first = {"n1", "b-1", 10, 100};
static const struct journal_actor second = {"n1", "b-1", 11, 101};
static const struct journal_actor rebooted = {"n1", "b-2", 10, 100};
static const struct journal_actor elsewhere = {"n2", "b-3", 10, 100};

static struct tasks *tasks;
static uint64_t entry; /* number of the last one */

static inline int table_new(void **state)
{
	(void)state;
	tasks = tasks_new();
	entry = 0;
	return 0;
}

static inline int table_free(void **state)
{
	(void)state;
	tasks_free(tasks);
	return 0;
}

static inline struct id128 id(unsigned int number)
{
	struct id128 ret = {{0}};

	memcpy(ret.bytes, &number, sizeof(number));
	return ret;
}

static inline struct outcome apply(const struct journal_op *op)
{
	uint8_t data[JOURNAL_RECORD_BYTES_MAX];
	size_t bytes = journal_op_encode(op, data);
	struct outcome outcome;

	tasks_machine_ops.apply(tasks, ++entry, data, bytes, &outcome);
	if (outcome.status != 0) {
		assert_int_equal(outcome.revision, 0);
	}
	return outcome;
}

static inline int status(const struct journal_op *op)
{
	return apply(op).status;
}

static inline struct journal_op begin(unsigned int number, const char *vm, enum journal_kind kind,
				      const struct journal_actor *actor)
{
	struct journal_op op = {.kind = JOURNAL_OP_BEGIN};

	op.task = (struct journal_task){
		.uuid = id(number),
		.kind = kind,
		.state = JOURNAL_RUNNING,
		.actor = *actor,
		.luns = {"root"},
		.n_luns = 1,
		.begun_ms = 1000,
		.changed_ms = 1000,
	};
	snprintf(op.task.vm, sizeof(op.task.vm), "%s", vm);
	return op;
}

/* As an agent does it: the task as read, changed. */
static inline struct journal_op advance(unsigned int number, const struct journal_actor *actor,
					const char *step, enum journal_state state)
{
	const struct id128 uuid = id(number);
	struct journal_op op = {.kind = JOURNAL_OP_ADVANCE};

	op.task = *tasks_find(tasks, &uuid);
	op.task.actor = *actor;
	op.task.state = state;
	snprintf(op.task.step, sizeof(op.task.step), "%s", step);
	op.task.step_state = JOURNAL_STEP_BEGUN;
	return op;
}

static inline struct journal_op takeover(unsigned int number, const struct journal_actor *actor,
					 enum journal_evidence evidence)
{
	struct journal_op op = advance(number, actor, "look", JOURNAL_RUNNING);

	op.kind = JOURNAL_OP_TAKEOVER;
	op.evidence = evidence;
	return op;
}

static inline const struct journal_task *task(unsigned int number)
{
	const struct id128 uuid = id(number);

	return tasks_find(tasks, &uuid);
}

static inline void must(struct journal_op op)
{
	assert_int_equal(status(&op), 0);
}

static inline void begin_must(unsigned int number, const char *vm)
{
	must(begin(number, vm, JOURNAL_START, &first));
}

static inline void end_must(unsigned int number, enum journal_state state)
{
	must(advance(number, &first, "end", state));
}

static inline struct journal_op release(enum journal_op_kind kind, const char *vm, const char *node)
{
	struct journal_op op = {.kind = kind};

	op.release = (struct journal_release){
		.array = "san1", .luns = {"root"}, .n_luns = 1, .since_ms = 7};
	if (kind == JOURNAL_OP_GRANT) {
		op.release.granted = true;
		strcpy(op.release.by, "n9");
	}
	snprintf(op.release.vm, sizeof(op.release.vm), "%s", vm);
	snprintf(op.release.node, sizeof(op.release.node), "%s", node);
	return op;
}

#endif
