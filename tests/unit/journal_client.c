/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal_client.h"

#include "test.h"

#include <stdio.h>
#include <string.h>

struct journal *journal_client_open(void)
{
	struct journal *journal = NULL;
	struct err err = ERR_INIT;

	if (journal_open(deadline_in(LIMIT_MS), &journal, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	return journal;
}

struct journal_op journal_client_begin(const char *vm, uint8_t number)
{
	struct journal_op op = {.kind = JOURNAL_OP_BEGIN};
	struct journal_task *task = &op.task;

	task->uuid.bytes[0] = number;
	task->uuid.bytes[15] = 1;
	task->kind = JOURNAL_START;
	task->state = JOURNAL_RUNNING;
	task->actor.pid = 1;
	(void)snprintf(task->vm, sizeof(task->vm), "%s", vm);
	(void)strcpy(task->actor.node, "n1");
	(void)strcpy(task->actor.boot_id, "b1");
	return op;
}

struct journal_id journal_client_id(uint8_t number)
{
	return (struct journal_id){{number, 77}};
}

/* The operation's answer; the call must end well. */
struct journal_answer journal_client_submit(struct journal *journal, const char *vm, uint8_t number,
					    unsigned int flags, int timeout_ms)
{
	struct journal_op op = journal_client_begin(vm, number);
	struct journal_id id = journal_client_id(number);
	struct journal_answer answer;
	struct err err = ERR_INIT;

	if (journal_submit(journal, &op, &id, flags, deadline_in(timeout_ms), &answer, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	return answer;
}

struct journal_status journal_client_status(struct journal *journal)
{
	struct journal_status status;

	assert_int_equal(journal_status_get(journal, deadline_in(LIMIT_MS), &status, NULL), 0);
	return status;
}
