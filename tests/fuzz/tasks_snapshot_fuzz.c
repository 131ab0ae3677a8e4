/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * libFuzzer target: a table of tasks as another node sends it. What is loaded must be saved as the
 * same bytes, and be a table that can be worked with; what is refused must leave the old one.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tasks/tasks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_or_abort(struct tasks *tasks, const uint8_t *data, size_t size)
{
	uint8_t *again;
	size_t bytes;

	if (tasks_machine_ops.save(tasks, &again, &bytes) != 0 || bytes != size ||
	    memcmp(again, data, size) != 0) {
		abort();
	}
	free(again);
}

/* Each open task is ended, each release revoked: nothing may be left. */
static void end_all(struct tasks *tasks)
{
	static uint8_t data[JOURNAL_RECORD_BYTES_MAX];
	struct outcome outcome;
	struct journal_op op;

	for (size_t i = 0; i < tasks_count(tasks); i++) {
		memset(&op, 0, sizeof(op));
		op.kind = JOURNAL_OP_ADVANCE;
		op.task = *tasks_at(tasks, i);
		if (!journal_state_open(op.task.state)) {
			continue;
		}
		if (op.task.state != JOURNAL_RUNNING) {
			op.task.actor = (struct journal_actor){"n1", "b-1", 1, 1};
		}
		op.task.state = JOURNAL_DONE;
		tasks_machine_ops.apply(tasks, 1, data, journal_op_encode(&op, data), &outcome);
		/* One may be forgotten for it: look again from the beginning. */
		i = outcome.status == 0 ? (size_t)-1 : i;
	}
	while (tasks_release_count(tasks) > 0) {
		memset(&op, 0, sizeof(op));
		op.kind = JOURNAL_OP_REVOKED;
		op.release = *tasks_release_at(tasks, 0);
		tasks_machine_ops.apply(tasks, 1, data, journal_op_encode(&op, data), &outcome);
		if (outcome.status != 0) {
			abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tasks *tasks;
	size_t count;

	if (tasks == NULL) {
		tasks = tasks_new();
	}
	count = tasks_count(tasks);
	if (tasks_machine_ops.load(tasks, data, size) != 0) {
		if (tasks_count(tasks) != count) {
			abort();
		}
		return 0;
	}
	if (size > 0) {
		same_or_abort(tasks, data, size);
	}
	end_all(tasks);
	return 0;
}
