/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal_probe: one question to the journal, for tests.
 *
 *	journal_probe status          role=... active=0|1 applied=N commit=N ballot=N.N
 *	                              solo=-|ready|not-ready heard_ms=N voters=N,N,
 *	journal_probe dump            every task, and the number of the last entry
 *	journal_probe write VM [S]    commits a task of the VM that is done; waits S seconds (5)
 *	journal_probe read VM         linearizable
 *
 * 0: yes. 1: no, with the reason. 2: wrong usage.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal/journal.h"

#define WAIT_MS 60000

static int fail(const struct err *err)
{
	(void)printf("%s\n", err_text(err));
	return EXIT_FAILURE;
}

static int status_print(struct journal *journal, struct err *err)
{
	static const char *const solos[JOURNAL_SOLO_MAX] = {"-", "ready", "not-ready"};
	struct journal_status status;

	if (journal_status_get(journal, deadline_in(WAIT_MS), &status, err) < 0) {
		return fail(err);
	}
	(void)printf("role=%s active=%d quorate=%d applied=%" PRIu64 " commit=%" PRIu64
		     " last=%" PRIu64 " durable=%" PRIu64 " ballot=%" PRIu64 ".%u dropped=%" PRIu64
		     " solo=%s heard_ms=%" PRIu64 " voters=",
		     status.role, status.active, status.quorate, status.applied, status.commit,
		     status.last, status.durable, status.ballot_counter, status.ballot_node,
		     status.dropped, solos[status.solo], status.solo_heard_ms);
	for (size_t i = 0; i < status.n_voters; i++) {
		(void)printf("%u,", status.voters[i].node);
	}
	(void)printf("\n");
	return EXIT_SUCCESS;
}

static void task_print(const struct journal_task *task)
{
	char uuid[ID128_TEXT];

	id128_to_str(&task->uuid, uuid);
	(void)printf("%s %s rev=%" PRIu64 " %s step=%s tries=%u actor=%s/%s/%d/%" PRIu64
		     " changed=%" PRId64 " %s\n",
		     task->vm, uuid, task->revision, journal_state_to_str(task->state), task->step,
		     task->tries, task->actor.node, task->actor.boot_id, task->actor.pid,
		     task->actor.start_time, task->changed_ms, task->reason);
}

static int dump_print(struct journal *journal, struct err *err)
{
	struct journal_task *tasks = NULL;
	uint64_t index = 0;
	size_t n = 0;

	if (journal_task_list(journal, deadline_in(WAIT_MS), &tasks, &n, &index, err) < 0) {
		return fail(err);
	}
	(void)printf("applied=%" PRIu64 "\n", index);
	for (size_t i = 0; i < n; i++) {
		task_print(&tasks[i]);
	}
	free(tasks);
	return EXIT_SUCCESS;
}

static int submit(struct journal *journal, const struct journal_op *op, struct deadline deadline,
		  struct err *err)
{
	static const char *const verdicts[JOURNAL_VERDICT_MAX] = {"", "committed", "no quorum",
								  "unknown", "busy"};
	struct journal_answer answer;
	struct id128 request;

	if (id128_random(&request) < 0 ||
	    journal_submit(journal, op, &request, 0, deadline, &answer, err) < 0) {
		return fail(err);
	}
	(void)printf("%s %d revision=%" PRIu64 "\n", verdicts[answer.verdict], answer.status,
		     answer.revision);
	return answer.verdict == JOURNAL_COMMITTED && answer.status == 0 ? EXIT_SUCCESS
									 : EXIT_FAILURE;
}

static int write_run(struct journal *journal, const char *vm, int64_t wait_ms, struct err *err)
{
	struct deadline deadline = deadline_in(wait_ms);
	struct journal_op op = {.kind = JOURNAL_OP_BEGIN};
	int status;

	op.task = (struct journal_task){
		.kind = JOURNAL_STOP,
		.state = JOURNAL_RUNNING,
		.actor = {.node = "probe", .boot_id = "probe", .pid = getpid(), .start_time = 1},
		.begun_ms = 1,
		.changed_ms = 1,
	};
	(void)snprintf(op.task.vm, sizeof(op.task.vm), "%s", vm);
	if (id128_random(&op.task.uuid) < 0) {
		return EXIT_FAILURE;
	}
	status = submit(journal, &op, deadline, err);
	if (status == EXIT_SUCCESS) {
		op.kind = JOURNAL_OP_ADVANCE;
		op.task.revision = 1;
		op.task.state = JOURNAL_DONE;
		status = submit(journal, &op, deadline, err);
	}
	return status;
}

static int read_run(struct journal *journal, const char *vm, struct err *err)
{
	struct journal_task task;

	if (journal_task_get(journal, vm, JOURNAL_LINEARIZABLE, deadline_in(WAIT_MS), &task, err) <
	    0) {
		return fail(err);
	}
	task_print(&task);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	struct err err = ERR_INIT;
	const char *verb = argc > 1 ? argv[1] : "";
	const char *vm = argc > 2 ? argv[2] : "";

	if (journal_open(deadline_in(WAIT_MS), &journal, &err) < 0) {
		return fail(&err);
	}
	if (strcmp(verb, "status") == 0) {
		return status_print(journal, &err);
	}
	if (strcmp(verb, "dump") == 0) {
		return dump_print(journal, &err);
	}
	if (strcmp(verb, "write") == 0 && *vm != '\0') {
		int64_t wait_ms = argc > 3 ? atoi(argv[3]) * INT64_C(1000) : WAIT_MS;

		return write_run(journal, vm, wait_ms, &err);
	}
	if (strcmp(verb, "read") == 0 && *vm != '\0') {
		return read_run(journal, vm, &err);
	}
	(void)fprintf(stderr, "usage: journal_probe status|dump|write VM|read VM\n");
	return 2;
}
