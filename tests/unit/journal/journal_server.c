/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/journal/journal_server.h"

#include "tests/unit/test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/ipc_glance.h"
#include "ipc/ipc_server.h"
#include "journal/journal_ipc.h"

#define IDS_MAX 64

static struct {
	struct ipc_server *server;
	struct ipc_glance *glance;
	struct tasks *tasks;
	uint64_t index;
	uint64_t submits;
	uint64_t cancels;
	bool gated; /* the last one */
	struct id128 seen[IDS_MAX];
	size_t n_seen;
	uint64_t moved;
} fake;

static bool vm_is(const char *vm, const char *what)
{
	return strncmp(vm, what, strlen(what)) == 0;
}

static bool id_again(const struct id128 *id)
{
	for (size_t i = 0; i < fake.n_seen; i++) {
		if (id128_equal(&fake.seen[i], id)) {
			return true;
		}
	}
	fake.seen[fake.n_seen++ % IDS_MAX] = *id;
	return false;
}

static void fake_submit(void *shell, uint64_t token, const struct id128 *request,
			const uint8_t *data, size_t bytes, bool gated, int64_t deadline_ms)
{
	struct core_answer answer = {.verdict = CORE_COMMITTED};
	struct journal_op op;
	const char *vm = op.task.vm;

	(void)shell;
	(void)deadline_ms;
	fake.submits++;
	fake.gated = gated;
	if (journal_op_decode(data, bytes, &op) != 0) {
		abort();
	}
	vm = op.kind >= JOURNAL_OP_RELEASE ? op.release.vm : vm;
	if (vm_is(vm, "silent")) {
		return;
	}
	if (vm_is(vm, "unknown") || (vm_is(vm, "later") && !id_again(request))) {
		answer.verdict = CORE_UNKNOWN;
	} else if (vm_is(vm, "fading")) {
		answer.verdict = id_again(request) ? CORE_NO_QUORUM : CORE_UNKNOWN;
	} else if (vm_is(vm, "noquorum")) {
		answer.verdict = CORE_NO_QUORUM;
	} else if (vm_is(vm, "busy")) {
		answer.verdict = CORE_BUSY;
	} else {
		tasks_machine_ops.apply(fake.tasks, ++fake.index, data, bytes, &answer.outcome);
		ipc_server_applied(fake.server, fake.index);
	}
	ipc_server_answer(fake.server, token, &answer);
}

static void fake_read(void *shell, uint64_t token, int64_t deadline_ms)
{
	struct core_answer answer = {.verdict = CORE_READY};

	(void)shell;
	(void)deadline_ms;
	if (tasks_find_vm(fake.tasks, "partitioned") != NULL) {
		answer.verdict = CORE_NO_QUORUM;
	}
	ipc_server_answer(fake.server, token, &answer);
}

static void fake_cancel(void *shell, uint64_t token)
{
	(void)shell;
	(void)token;
	fake.cancels++;
}

static void fake_status(void *shell, struct journal_status *ret)
{
	struct ipc_server_counts counts;

	(void)shell;
	ipc_server_counts(fake.server, &counts);
	*ret = (struct journal_status){
		.node = 1,
		.role = "follower",
		.gate = fake.gated,
		.applied = fake.index,
		.last = fake.submits,
		.dropped = fake.cancels,
		.commit = counts.invalid,
		.durable = counts.refused,
		.snapshot = counts.open,
		.ballot_counter = counts.connections,
		.store_bytes = counts.in_flight,
	};
	if (tasks_find_vm(fake.tasks, "unheard") != NULL) {
		ret->solo = JOURNAL_SOLO_NOT_READY;
		(void)strcpy(ret->solo_reason, "not heard");
	} else if (tasks_find_vm(fake.tasks, "pair") != NULL) {
		ret->solo = JOURNAL_SOLO_READY;
		ret->solo_heard_ms = 7900;
	}
}

static int fake_force_solo(void *shell, const char **ret_why)
{
	(void)shell;
	*ret_why = "it is active";
	return -EPERM;
}

static enum journal_domain fake_domain(void *shell, const char *vm)
{
	(void)shell;
	return vm_is(vm, "running") ? JOURNAL_DOMAIN_RUNNING : JOURNAL_DOMAIN_ABSENT;
}

#define MANY_PATHS 1500
#define MOVES 3

static size_t path_count(void)
{
	return tasks_find_vm(fake.tasks, "manypaths") != NULL ||
			       tasks_find_vm(fake.tasks, "movingpaths") != NULL
		       ? MANY_PATHS
	       : tasks_find_vm(fake.tasks, "paths") != NULL ? 3
							    : 0;
}

/* up, down and refused in turn; the last is only reported. */
static bool fake_path(void *shell, size_t i, struct journal_path *ret)
{
	const size_t turn = i + (tasks_find_vm(fake.tasks, "lostpaths") != NULL);
	static const char *const reasons[] = {"", "no answer to the login within 5000 ms",
					      "login refused: Authentication failure(513)"};

	(void)shell;
	if (i >= path_count()) {
		return false;
	}
	*ret = (struct journal_path){
		.origin = i + 1 < path_count() ? JOURNAL_PATH_CONFIGURED : JOURNAL_PATH_REPORTED,
		.state = turn % 3 == 0   ? PATH_UP
			 : turn % 3 == 1 ? PATH_DOWN
					 : PATH_REFUSED,
		.age_ms = 61000 * (i + 1),
		.measured_ms = 2000,
		.latency_us = turn % 3 == 0 ? 812 : 0,
		.array = "san1",
	};
	/* Until it has moved for the last time, there is one that is not there later. */
	(void)snprintf(ret->node, sizeof(ret->node), "node%zu",
		       i + (fake.moved > 0 && fake.moved < MOVES ? 0 : 1));
	(void)strcpy(ret->portal, turn % 3 == 2 ? "[fd00:1:2:3:4:5:6:7]:3260" : "10.0.0.1:3260");
	(void)strcpy(ret->reason, reasons[turn % 3]);
	return true;
}

static const char *fake_path_state(void *shell, uint64_t *ret_generation)
{
	(void)shell;
	if (tasks_find_vm(fake.tasks, "movingpaths") != NULL && fake.moved < MOVES) {
		fake.moved++;
	}
	*ret_generation = fake.moved;
	return tasks_find_vm(fake.tasks, "nopaths") != NULL ? "lunmask.conf is missing" : "";
}

static qb_loop_t *loop;

/* An answer that comes from the loop, later. */
struct asked {
	uint64_t token;
	char body[JOURNAL_ASK_BYTES_MAX + 1];
};

static void ask_answer(void *data)
{
	struct asked *asked = data;

	if (vm_is(asked->body, "unanswered")) {
		ipc_server_asked(fake.server, asked->token, -ETIMEDOUT, "that node hangs", NULL, 0);
	} else {
		ipc_server_asked(fake.server, asked->token, 0, "", (const uint8_t *)asked->body,
				 strlen(asked->body));
	}
	free(asked);
}

static int fake_ask(void *shell, uint64_t token, const struct ipc_question *question,
		    const char **ret_why)
{
	struct asked *asked;

	(void)shell;
	if (vm_is(question->node, "older")) {
		*ret_why = "that node is too old";
		return -EOPNOTSUPP;
	}
	if (vm_is(question->node, "silent")) {
		return 0;
	}
	asked = calloc(1, sizeof(*asked));
	if (asked == NULL) {
		return -ENOMEM;
	}
	asked->token = token;
	(void)snprintf(asked->body, sizeof(asked->body), "%.*s", (int)question->bytes,
		       (const char *)question->body);
	if (vm_is(question->node, "kind")) {
		(void)snprintf(asked->body, sizeof(asked->body), "%s %llu", question->node,
			       (unsigned long long)question->kind);
	}
	return qb_loop_job_add(loop, QB_LOOP_MED, asked, ask_answer);
}

static int32_t on_signal(int32_t number, void *data)
{
	(void)number;
	(void)data;
	qb_loop_stop(loop);
	return 0;
}

static void serve(int ready)
{
	static const struct ipc_server_ops ops = {
		.submit = fake_submit,
		.read = fake_read,
		.cancel = fake_cancel,
		.status = fake_status,
		.force_solo = fake_force_solo,
		.domain = fake_domain,
		.path = fake_path,
		.path_state = fake_path_state,
		.ask = fake_ask,
	};
	struct err err = ERR_INIT;
	qb_loop_signal_handle handle;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	loop = qb_loop_create();
	fake.tasks = tasks_new();
	if (ipc_server_new(loop, getenv(JOURNAL_IPC_NAME_VARIABLE), &ops, NULL, fake.tasks,
			   &fake.server, &err) != 0 ||
	    ipc_glance_new(loop, fake_domain, NULL, &fake.glance, &err) != 0 ||
	    qb_loop_signal_add(loop, QB_LOOP_HIGH, SIGTERM, NULL, on_signal, &handle) != 0 ||
	    write(ready, "!", 1) != 1) {
		(void)fprintf(stderr, "no server: %s\n", err_text(&err));
		exit(1);
	}
	qb_loop_run(loop);
	(void)signal(SIGTERM, SIG_IGN); /* a second one must not end it before it has cleaned up */
	ipc_glance_free(fake.glance);
	ipc_server_free(fake.server);
	tasks_free(fake.tasks);
	qb_loop_destroy(loop);
	exit(0);
}

static pid_t server; /* 0: none */

static int server_end(void *unused)
{
	int status = 0;
	pid_t pid = server;

	(void)unused;
	server = 0;
	if (pid == 0) {
		return 0;
	}
	/* A test may have stopped it. Not later: the leak sanitizer stops a process that ends. */
	(void)kill(pid, SIGCONT);
	(void)kill(pid, SIGTERM);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		(void)fprintf(stderr, "the server ended with status %#x\n", (unsigned int)status);
		return -1;
	}
	return 0;
}

static int server_start(void)
{
	char byte;
	int ready[2];

	if (pipe(ready) != 0) {
		return -1;
	}
	server = fork();
	if (server == 0) {
		serve(ready[1]);
	}
	(void)close(ready[1]);
	if (server > 0 && read(ready[0], &byte, 1) != 1) {
		(void)waitpid(server, NULL, 0);
		server = 0;
	}
	(void)close(ready[0]);
	return server > 0 ? 0 : -1;
}

int journal_server_up(void **state)
{
	char name[64], path[64];

	(void)state;
	(void)snprintf(name, sizeof(name), "lunmask-test-%d", getpid());
	(void)snprintf(path, sizeof(path), "/tmp/lunmask-test-%d.socket", getpid());
	undo_setenv(JOURNAL_IPC_NAME_VARIABLE, name);
	undo_setenv(JOURNAL_GLANCE_VARIABLE, path);
	undo_later(server_end, NULL);
	return server_start();
}

void journal_server_stop(void)
{
	assert_int_equal(server_end(NULL), 0);
}

void journal_server_restart(void)
{
	journal_server_stop();
	assert_int_equal(server_start(), 0);
}

void journal_server_signal(int signal)
{
	assert_int_equal(kill(server, signal), 0);
}

static int client_end(void *journal)
{
	journal_close(journal);
	return 0;
}

struct journal *journal_client_open(void)
{
	struct journal *journal = NULL;
	struct err err = ERR_INIT;

	if (journal_open(deadline_in(LIMIT_MS), &journal, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	undo_later(client_end, journal);
	return journal;
}

void journal_client_close(struct journal *journal)
{
	assert_true(undo_not(client_end, journal));
	journal_close(journal);
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

struct id128 journal_client_id(uint8_t number)
{
	return (struct id128){{number, 77}};
}

/* The operation's answer; the call must end well. */
struct journal_answer journal_client_submit(struct journal *journal, const char *vm, uint8_t number,
					    unsigned int flags, int timeout_ms)
{
	struct journal_op op = journal_client_begin(vm, number);
	struct id128 id = journal_client_id(number);
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

void journal_client_wait_in_flight(struct journal *journal, uint64_t n)
{
	wait_until(journal_client_status(journal).store_bytes == n);
}
