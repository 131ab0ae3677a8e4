/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "journal/journal.h"
#include "journal/journal_ipc.h"
#include "journal_server.h"

static pid_t server = -1;

static int server_up(void **state)
{
	(void)state;
	server = journal_server_start();
	return server > 0 ? 0 : -1;
}

static int server_down(void **state)
{
	(void)state;
	journal_server_stop(server);
	return 0;
}

static void submit__is_committed_and_read_back(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = journal_client_open();
	struct journal_answer answer =
		journal_client_submit(journal, "web1", 1, JOURNAL_GATED, LIMIT_MS);
	struct journal_task task;

	(void)state;
	assert_int_equal(answer.verdict, JOURNAL_COMMITTED);
	assert_int_equal(answer.status, 0);
	assert_int_equal(answer.revision, 1);
	assert_false(answer.has_current);
	assert_true(journal_client_status(journal).gate); /* the flag came through */
	assert_int_equal(journal_task_get(journal, "web1", JOURNAL_LINEARIZABLE,
					  deadline_in(LIMIT_MS), &task, NULL),
			 0);
	assert_string_equal(task.vm, "web1");
	assert_int_equal(task.revision, 1);
}

static void submit__that_is_refused_brings_the_current_task(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = journal_client_open();
	struct journal_answer answer;

	(void)state;
	(void)journal_client_submit(journal, "web2", 2, 0, LIMIT_MS);
	answer = journal_client_submit(journal, "web2", 3, 0, LIMIT_MS);
	assert_int_equal(answer.verdict, JOURNAL_COMMITTED);
	assert_int_equal(answer.status, -EBUSY);
	assert_true(answer.has_current);
	assert_int_equal(answer.current.uuid.bytes[0], 2);
	assert_false(journal_client_status(journal).gate);
}

static void submit__tells_verdicts_apart(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = journal_client_open();

	(void)state;
	assert_int_equal(journal_client_submit(journal, "noquorum", 4, 0, LIMIT_MS).verdict,
			 JOURNAL_NO_QUORUM);
	assert_int_equal(journal_client_submit(journal, "busy", 5, 0, LIMIT_MS).verdict,
			 JOURNAL_BUSY);
	assert_int_equal(journal_client_submit(journal, "unknown", 6, 0, 300).verdict,
			 JOURNAL_UNKNOWN);
}

static void submit__asks_again_with_the_same_id(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = journal_client_open();
	uint64_t before = journal_client_status(journal).last;

	(void)state;
	assert_int_equal(journal_client_submit(journal, "later1", 7, 0, LIMIT_MS).verdict,
			 JOURNAL_COMMITTED);
	assert_int_equal(journal_client_status(journal).last, before + 2);
}

static void submit__that_was_unknown_once_is_not_refused(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = journal_client_open();

	(void)state;
	assert_int_equal(journal_client_submit(journal, "fading", 60, 0, 500).verdict,
			 JOURNAL_UNKNOWN);
}

static void submit__ends_in_time_and_is_cancelled(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = journal_client_open();
	struct journal_op op = journal_client_begin("silent", 8);
	struct id128 id = journal_client_id(8);
	struct journal_answer answer;
	uint64_t before = journal_client_status(journal).dropped;
	int64_t begun_ms = deadline_now_ms();

	(void)state;
	assert_int_equal(journal_submit(journal, &op, &id, 0, deadline_in(300), &answer, NULL),
			 -ETIMEDOUT);
	assert_in_range(deadline_now_ms() - begun_ms, 250, 1000);
	assert_int_equal(journal_client_status(journal).dropped,
			 before + 1); /* on a new connection */
}

static void submit__refuses_what_is_no_operation(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = journal_client_open();
	struct journal_op op = journal_client_begin("web\n", 9);
	struct id128 id = journal_client_id(9), zero = {{0}};
	struct journal_answer answer;
	struct deadline deadline = deadline_in(LIMIT_MS);

	(void)state;
	assert_int_equal(journal_submit(journal, &op, &id, 0, deadline, &answer, NULL), -EINVAL);
	op = journal_client_begin("web9", 9);
	assert_int_equal(journal_submit(journal, &op, &zero, 0, deadline, &answer, NULL), -EINVAL);
}

static void get__says_what_is_not_there(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = journal_client_open();
	struct journal_task task;
	struct journal_release release;
	struct err err = ERR_INIT;
	struct deadline deadline = deadline_in(LIMIT_MS);

	(void)state;
	assert_int_equal(journal_task_get(journal, "none", JOURNAL_STALE, deadline, &task, &err),
			 -ENOENT);
	assert_non_null(strstr(err_text(&err), "'none'"));
	assert_int_equal(
		journal_release_get(journal, "none", "n1", JOURNAL_STALE, deadline, &release, &err),
		-ENOENT);
	assert_int_equal(journal_task_get(journal, "", JOURNAL_STALE, deadline, &task, &err),
			 -EINVAL);
}

static void get__without_a_majority_is_ehostdown(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = journal_client_open();
	struct journal_task task;

	(void)state;
	(void)journal_client_submit(journal, "partitioned", 10, 0, LIMIT_MS);
	assert_int_equal(journal_task_get(journal, "partitioned", JOURNAL_LINEARIZABLE,
					  deadline_in(LIMIT_MS), &task, NULL),
			 -EHOSTDOWN);
	assert_int_equal(journal_task_get(journal, "partitioned", JOURNAL_STALE,
					  deadline_in(LIMIT_MS), &task, NULL),
			 0);
}

static struct journal_op release_make(unsigned int number)
{
	struct journal_op op = {.kind = JOURNAL_OP_RELEASE, .release.n_luns = VM_LUNS_MAX};

	(void)snprintf(op.release.vm, sizeof(op.release.vm), "vm%u", number);
	(void)strcpy(op.release.node, "n1");
	(void)strcpy(op.release.array, "san1");
	for (unsigned int i = 0; i < VM_LUNS_MAX; i++) {
		(void)snprintf(op.release.luns[i], sizeof(op.release.luns[i]),
			       "a-lun-with-a-name-that-is-long-%u", i);
	}
	return op;
}

static void release_list__goes_over_pages(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = journal_client_open();
	struct journal_release *releases = NULL;
	struct journal_answer answer;
	size_t n = 0;

	(void)state;
	for (unsigned int i = 0; i < 40; i++) { /* of 2 KiB each */
		struct journal_op op = release_make(i);
		struct id128 id = {{(uint8_t)i, 2}};

		assert_int_equal(
			journal_submit(journal, &op, &id, 0, deadline_in(LIMIT_MS), &answer, NULL),
			0);
		assert_int_equal(answer.status, 0);
	}
	assert_int_equal(journal_release_list(journal, deadline_in(LIMIT_MS), &releases, &n, NULL),
			 0);
	assert_int_equal(n, 40);
	assert_string_equal(releases[39].vm, "vm39");
	assert_string_equal(releases[39].luns[64], "a-lun-with-a-name-that-is-long-64");
	free(releases);
}

static void task_list__has_every_task_once(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = journal_client_open();
	struct journal_task *tasks = NULL;
	char vm[16];
	uint64_t index = 0;
	size_t n = 0, found = 0;

	(void)state;
	for (uint8_t i = 0; i < 200; i++) {
		(void)snprintf(vm, sizeof(vm), "many%u", i);
		(void)journal_client_submit(journal, vm, (uint8_t)(50 + i), 0, LIMIT_MS);
	}
	assert_int_equal(
		journal_task_list(journal, deadline_in(LIMIT_MS), &tasks, &n, &index, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(vm, sizeof(vm), "many%zu", found);
		found += strcmp(tasks[i].vm, vm) == 0;
	}
	assert_int_equal(found, 200);
	assert_int_equal(index, journal_client_status(journal).applied);
	free(tasks);
}

static void wait__ends_with_a_change_or_in_time(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = journal_client_open();
	struct journal *other __attribute__((cleanup(journal_drop))) = journal_client_open();
	uint64_t now = journal_client_status(journal).applied, index = 0;
	uint64_t connections = journal_client_status(journal).ballot_counter;
	pid_t child;

	(void)state;
	assert_int_equal(journal_wait(journal, now, deadline_in(2000), &index, NULL), -ETIMEDOUT);
	assert_int_equal(journal_client_status(journal).ballot_counter,
			 connections); /* the server said so */
	child = fork();
	if (child == 0) {
		(void)poll(NULL, 0, 100);
		(void)journal_client_submit(other, "woken", 11, 0, LIMIT_MS);
		_exit(0);
	}
	assert_int_equal(journal_wait(journal, now, deadline_in(LIMIT_MS), &index, NULL), 0);
	assert_int_equal(index, now + 1);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(journal_wait(journal, now, deadline_in(LIMIT_MS), &index, NULL), 0);
}

static void force_solo__hands_the_reason_on(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = journal_client_open();
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(journal_force_solo(journal, deadline_in(LIMIT_MS), &err), -EPERM);
	assert_non_null(strstr(err_text(&err), "it is active"));
}

static void domain_get__says_what_the_daemon_knows(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = journal_client_open();
	enum journal_domain domain;

	(void)state;
	assert_int_equal(
		journal_domain_get(journal, "running1", deadline_in(LIMIT_MS), &domain, NULL), 0);
	assert_int_equal(domain, JOURNAL_DOMAIN_RUNNING);
}

static void client__believes_root_only(void **state)
{
	struct journal *journal = NULL;
	struct err err = ERR_INIT;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char good[64];

	(void)state;
	if (geteuid() != 0) {
		(void)close(fd);
		skip(); /* cannot become another user */
	}
	(void)snprintf(good, sizeof(good), "%s", getenv(JOURNAL_IPC_NAME_VARIABLE));
	(void)snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s-false", good);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(seteuid(65534), 0); /* whose the listener is is noted by listen() */
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(seteuid(0), 0);
	(void)setenv(JOURNAL_IPC_NAME_VARIABLE, address.sun_path + 1, 1);
	assert_int_equal(journal_open(deadline_in(LIMIT_MS), &journal, &err), -EACCES);
	assert_non_null(strstr(err_text(&err), "uid 65534"));
	(void)setenv(JOURNAL_IPC_NAME_VARIABLE, good, 1);
	(void)close(fd);
}

static void client__does_not_wait_for_a_server_that_hangs(void **state)
{
	struct journal *journal = journal_client_open();
	struct journal *other = NULL;
	struct journal_status status;
	int64_t begun_ms = deadline_now_ms();

	(void)state;
	assert_int_equal(kill(server, SIGSTOP), 0);
	assert_int_equal(journal_status_get(journal, deadline_in(200), &status, NULL), -ETIMEDOUT);
	assert_int_equal(journal_open(deadline_in(200), &other, NULL), -ETIMEDOUT);
	for (int i = 0; i < 8; i++) { /* more than the listener's backlog */
		assert_int_equal(journal_open(deadline_in(50), &other, NULL), -ETIMEDOUT);
	}
	assert_in_range(deadline_now_ms() - begun_ms, 700, 2000);
	assert_int_equal(kill(server, SIGCONT), 0);
	assert_int_equal(journal_status_get(journal, deadline_in(LIMIT_MS), &status, NULL), 0);
	journal_close(journal);
}

/* The last one: it ends the server. */
static void client__sees_at_once_that_the_server_has_died(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = journal_client_open();
	struct journal *other = NULL;
	struct err err = ERR_INIT;
	uint64_t index;
	int64_t begun_ms;
	pid_t killer = fork();

	(void)state;
	if (killer == 0) {
		(void)poll(NULL, 0, 100);
		(void)kill(server, SIGTERM);
		_exit(0);
	}
	begun_ms = deadline_now_ms();
	assert_int_equal(journal_wait(journal, UINT64_MAX, deadline_in(LIMIT_MS), &index, &err),
			 -ENOTCONN);
	assert_in_range(deadline_now_ms() - begun_ms, 50, 1000);
	assert_int_equal(waitpid(killer, NULL, 0), killer);
	server_down(state);
	assert_int_equal(journal_open(deadline_in(LIMIT_MS), &other, &err), -ENOTCONN);
	assert_non_null(strstr(err_text(&err), "does not run on this node"));
	assert_int_equal(server_up(state), 0);
	assert_int_equal(journal_wait(journal, 1, deadline_in(100), &index, &err), -ETIMEDOUT);
}

enum { ROUNDS = 200 };

static void domain_ask(struct journal *journal)
{
	enum journal_domain domain;

	assert_int_equal(
		journal_domain_get(journal, "running1", deadline_in(LIMIT_MS), &domain, NULL), 0);
}

static void connect_and_ask(struct journal *unused)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = journal_client_open();

	(void)unused;
	domain_ask(journal);
}

static double microseconds(void (*what)(struct journal *), struct journal *journal)
{
	struct timespec begun, ended;

	(void)clock_gettime(CLOCK_MONOTONIC, &begun);
	for (int i = 0; i < ROUNDS; i++) {
		what(journal);
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &ended);
	return ((double)(ended.tv_sec - begun.tv_sec) * 1e6 +
		(double)(ended.tv_nsec - begun.tv_nsec) / 1e3) /
	       ROUNDS;
}

/* Told, not judged: the machine may be busy. */
static void bench__connect_and_round_trip(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = journal_client_open();

	(void)state;
	print_message("connect, one round trip, close: %.0f us; round trip alone: %.0f us\n",
		      microseconds(connect_and_ask, NULL), microseconds(domain_ask, journal));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(submit__is_committed_and_read_back),
		cmocka_unit_test(submit__that_is_refused_brings_the_current_task),
		cmocka_unit_test(submit__tells_verdicts_apart),
		cmocka_unit_test(submit__asks_again_with_the_same_id),
		cmocka_unit_test(submit__that_was_unknown_once_is_not_refused),
		cmocka_unit_test(submit__ends_in_time_and_is_cancelled),
		cmocka_unit_test(submit__refuses_what_is_no_operation),
		cmocka_unit_test(get__says_what_is_not_there),
		cmocka_unit_test(get__without_a_majority_is_ehostdown),
		cmocka_unit_test(release_list__goes_over_pages),
		cmocka_unit_test(task_list__has_every_task_once),
		cmocka_unit_test(wait__ends_with_a_change_or_in_time),
		cmocka_unit_test(force_solo__hands_the_reason_on),
		cmocka_unit_test(domain_get__says_what_the_daemon_knows),
		cmocka_unit_test(client__believes_root_only),
		cmocka_unit_test(client__does_not_wait_for_a_server_that_hangs),
		cmocka_unit_test(bench__connect_and_round_trip),
		cmocka_unit_test(client__sees_at_once_that_the_server_has_died),
	};

	return cmocka_run_group_tests(tests, server_up, server_down);
}
