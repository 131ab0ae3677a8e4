/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/thread.h"
#include "journal/journal.h"
#include "journal/journal_ipc.h"
#include "tests/unit/journal/journal_server.h"

#define SHORT_MS 200 /* a time in which nothing can happen; more where something must */

static void submit__is_committed_and_read_back(void **state)
{
	struct journal *journal = journal_client_open();
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
	struct journal *journal = journal_client_open();
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
	struct journal *journal = journal_client_open();

	(void)state;
	assert_int_equal(journal_client_submit(journal, "noquorum", 4, 0, LIMIT_MS).verdict,
			 JOURNAL_NO_QUORUM);
	assert_int_equal(journal_client_submit(journal, "busy", 5, 0, LIMIT_MS).verdict,
			 JOURNAL_BUSY);
}

/*
 * The verdict of an operation that is unknown for as long as it is asked for: so the time must be
 * short, but long enough for an answer.
 */
static enum journal_verdict verdict_in_time(const char *vm)
{
	struct journal *journal = journal_client_open();
	struct journal_answer answer = {0};
	int rc = -ETIMEDOUT;

	for (uint8_t turn = 0; rc == -ETIMEDOUT && turn < 8; turn++) {
		struct journal_op op = journal_client_begin(vm, (uint8_t)(60 + turn));
		struct id128 id = journal_client_id((uint8_t)(60 + turn));

		rc = journal_submit(journal, &op, &id, 0, deadline_in(2 * SHORT_MS << turn),
				    &answer, NULL);
	}
	assert_int_equal(rc, 0);
	return answer.verdict;
}

static void submit__that_stays_unknown_is_so_in_the_end(void **state)
{
	(void)state;
	assert_int_equal(verdict_in_time("unknown"), JOURNAL_UNKNOWN);
}

static void submit__asks_again_with_the_same_id(void **state)
{
	struct journal *journal = journal_client_open();
	uint64_t before = journal_client_status(journal).last;

	(void)state;
	assert_int_equal(journal_client_submit(journal, "later1", 7, 0, LIMIT_MS).verdict,
			 JOURNAL_COMMITTED);
	assert_int_equal(journal_client_status(journal).last, before + 2);
}

static void submit__that_was_unknown_once_is_not_refused(void **state)
{
	(void)state;
	assert_int_equal(verdict_in_time("fading"), JOURNAL_UNKNOWN);
}

static void submit__ends_in_time_and_is_cancelled(void **state)
{
	struct journal *journal = journal_client_open(), *watch = journal_client_open();
	struct journal_op op = journal_client_begin("silent", 8);
	struct id128 id = journal_client_id(8);
	struct journal_answer answer;
	int time_ms = SHORT_MS;

	(void)state;
	/* Until the server has got one of them before it was over. */
	do {
		assert_int_equal(
			journal_submit(journal, &op, &id, 0, deadline_in(time_ms), &answer, NULL),
			-ETIMEDOUT);
		time_ms *= 2;
	} while (journal_client_status(watch).last == 0 && time_ms < LIMIT_MS);
	wait_until(journal_client_status(watch).dropped > 0);
	wait_until(journal_client_status(watch).dropped == journal_client_status(watch).last);
	assert_int_equal(journal_client_status(journal).node, 1); /* on a new connection */
}

static void submit__refuses_what_is_no_operation(void **state)
{
	struct journal *journal = journal_client_open();
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
	struct journal *journal = journal_client_open();
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
	struct journal *journal = journal_client_open();
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
	struct journal *journal = journal_client_open();
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
	struct journal *journal = journal_client_open();
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

/* The server says so itself: a client that gave up would come again on another connection. */
static void wait__without_a_change_ends_in_time(void **state)
{
	struct journal *journal = journal_client_open();
	uint64_t before, connections, index = 0;
	int time_ms = SHORT_MS;

	(void)state;
	do {
		before = journal_client_status(journal).ballot_counter;
		assert_int_equal(journal_wait(journal, journal_client_status(journal).applied,
					      deadline_in(time_ms), &index, NULL),
				 -ETIMEDOUT);
		connections = journal_client_status(journal).ballot_counter;
		time_ms *= 2;
	} while (connections != before && time_ms < LIMIT_MS);
	assert_int_equal(connections, before);
}

static void wait__ends_with_a_change(void **state)
{
	struct journal *journal = journal_client_open(), *other = journal_client_open();
	uint64_t now = journal_client_status(journal).applied, index = 0;
	pid_t child = child_fork();

	(void)state;
	if (child == 0) {
		journal_client_wait_in_flight(other, 2);
		(void)journal_client_submit(other, "woken", 11, 0, LIMIT_MS);
		_exit(0);
	}
	assert_int_equal(journal_wait(journal, now, deadline_in(LIMIT_MS), &index, NULL), 0);
	assert_int_equal(index, now + 1);
	assert_int_equal(child_wait(child), 0);
	assert_int_equal(journal_wait(journal, now, deadline_in(LIMIT_MS), &index, NULL), 0);
}

static void force_solo__hands_the_reason_on(void **state)
{
	struct journal *journal = journal_client_open();
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(journal_force_solo(journal, deadline_in(LIMIT_MS), &err), -EPERM);
	assert_non_null(strstr(err_text(&err), "it is active"));
}

static void domain_get__says_what_the_daemon_knows(void **state)
{
	struct journal *journal = journal_client_open();
	enum journal_domain domain;

	(void)state;
	assert_int_equal(
		journal_domain_get(journal, "running1", deadline_in(LIMIT_MS), &domain, NULL), 0);
	assert_int_equal(domain, JOURNAL_DOMAIN_RUNNING);
}

static size_t paths_list(struct journal *journal, char *trouble)
{
	struct journal_path *paths = NULL;
	struct err err = ERR_INIT;
	size_t n = 99;

	if (journal_path_list(journal, deadline_in(LIMIT_MS), &paths, &n, trouble, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	for (size_t i = 0; i < n; i++) {
		char node[32];

		(void)snprintf(node, sizeof(node), "node%zu", i + 1);
		assert_string_equal(paths[i].node, node);
	}
	free(paths);
	return n;
}

static void path_list__has_every_path_once(void **state)
{
	static const char *const vms[] = {"paths", "manypaths", "movingpaths"};
	static const size_t counts[] = {3, 1500, 1500};
	struct journal *journal = journal_client_open();
	char trouble[JOURNAL_REASON_MAX + 1] = "?";

	(void)state;
	assert_int_equal(paths_list(journal, trouble), 0);
	for (uint8_t i = 0; i < 3; i++) {
		(void)journal_client_submit(journal, vms[i], (uint8_t)(i + 1), 0, LIMIT_MS);
		assert_int_equal(paths_list(journal, trouble), counts[i]);
		assert_string_equal(trouble, "");
	}
	(void)journal_client_submit(journal, "nopaths", 9, 0, LIMIT_MS);
	(void)paths_list(journal, trouble);
	assert_string_equal(trouble, "lunmask.conf is missing");
}

static int false_listener(char *name, size_t size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc;

	(void)snprintf(name, size, "%s-false", getenv(JOURNAL_IPC_NAME_VARIABLE));
	(void)snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s", name);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(seteuid(65534), 0); /* whose the listener is is noted by listen() */
	rc = listen(fd, 5);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(rc, 0);
	return fd;
}

static void client__believes_root_only(void **state)
{
	struct journal *journal = NULL;
	struct err err = ERR_INIT;
	char name[96];
	int fd;

	(void)state;
	if (geteuid() != 0) {
		skip(); /* cannot become another user */
	}
	fd = false_listener(name, sizeof(name));
	undo_setenv(JOURNAL_IPC_NAME_VARIABLE, name);
	assert_int_equal(journal_open(deadline_in(LIMIT_MS), &journal, &err), -EACCES);
	assert_non_null(strstr(err_text(&err), "uid 65534"));
	(void)close(fd);
}

static void client__does_not_wait_for_a_server_that_hangs(void **state)
{
	struct journal *journal = journal_client_open();
	struct journal *other = NULL;
	struct journal_status status;

	(void)state;
	journal_server_signal(SIGSTOP);
	assert_int_equal(journal_status_get(journal, deadline_in(SHORT_MS), &status, NULL),
			 -ETIMEDOUT);
	assert_int_equal(journal_open(deadline_in(SHORT_MS), &other, NULL), -ETIMEDOUT);
	for (int i = 0; i < 8; i++) { /* more than the listener's backlog */
		assert_int_equal(journal_open(deadline_in(50), &other, NULL), -ETIMEDOUT);
	}
	journal_server_signal(SIGCONT);
	assert_int_equal(journal_client_status(journal).node, 1);
}

static void client__sees_that_the_server_has_died(void **state)
{
	struct journal *journal = journal_client_open(), *watch = journal_client_open();
	struct journal *other = NULL;
	struct err err = ERR_INIT;
	uint64_t index;
	pid_t killer = child_fork();

	(void)state;
	if (killer == 0) {
		journal_client_wait_in_flight(watch, 2);
		journal_server_signal(SIGTERM);
		_exit(0);
	}
	assert_int_equal(journal_wait(journal, UINT64_MAX, deadline_in(LIMIT_MS), &index, &err),
			 -ENOTCONN);
	assert_int_equal(child_wait(killer), 0);
	journal_server_stop();
	assert_int_equal(journal_open(deadline_in(LIMIT_MS), &other, &err), -ENOTCONN);
	assert_non_null(strstr(err_text(&err), "does not run on this node"));
	journal_server_restart();
	assert_int_equal(journal_client_status(journal).node, 1);
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
	struct journal *journal = journal_client_open();

	(void)unused;
	domain_ask(journal);
	journal_client_close(journal);
}

static int ask(struct journal *journal, const char *node, const char *body, char **ret,
	       struct err *err)
{
	size_t bytes = 0;
	int rc = journal_ask(journal, node, JOURNAL_ASK_PREFLIGHT, body, deadline_in(LIMIT_MS), ret,
			     &bytes, err);

	assert_true(rc != 0 || strlen(*ret) == bytes);
	return rc;
}

static void ask__gives_the_answer_of_the_other_node(void **state)
{
	static char longest[JOURNAL_ASK_BYTES_MAX + 2];
	struct journal *journal = journal_client_open();
	struct err err = ERR_INIT;
	char *answer = NULL;

	(void)state;
	assert_int_equal(ask(journal, "node2", "{\"a\": 1}", &answer, NULL), 0);
	assert_string_equal(answer, "{\"a\": 1}");
	free(answer);
	assert_int_equal(ask(journal, "kind", "{}", &answer, NULL), 0);
	assert_string_equal(answer, "kind 3");
	free(answer);
	memset(longest, 'x', JOURNAL_ASK_BYTES_MAX);
	assert_int_equal(ask(journal, "node2", longest, &answer, NULL), 0);
	assert_string_equal(answer, longest);
	free(answer);
	longest[JOURNAL_ASK_BYTES_MAX] = 'x';
	assert_int_equal(ask(journal, "node2", longest, &answer, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err_text(&err), "longer than 30720 bytes"));
}

static void ask__says_why_there_is_no_answer(void **state)
{
	struct journal *journal = journal_client_open();
	struct err err = ERR_INIT;
	char *answer = NULL;

	(void)state;
	assert_int_equal(ask(journal, "older", "{}", &answer, &err), -EOPNOTSUPP);
	assert_string_equal(err_text(&err), "lunmaskd: that node is too old");
	assert_int_equal(ask(journal, "node2", "unanswered", &answer, &err), -ETIMEDOUT);
	assert_string_equal(err_text(&err), "lunmaskd: that node hangs");
	assert_int_equal(ask(journal, "", "{}", &answer, &err), -EINVAL);
	/* The connection is as good as before. */
	assert_int_equal(ask(journal, "node2", "{}", &answer, NULL), 0);
	free(answer);
}

/* lunmaskd may hang, too; and a question whose client has gone is cancelled. */
static void ask__ends_in_time_and_is_cancelled(void **state)
{
	struct journal *journal = journal_client_open();
	struct journal *other = journal_client_open();
	size_t bytes;
	char *answer = NULL;

	(void)state;
	assert_int_equal(journal_ask(journal, "silent", JOURNAL_ASK_VERIFY, "{}", deadline_in(20),
				     &answer, &bytes, NULL),
			 -ETIMEDOUT);
	assert_null(answer);
	wait_until(journal_client_status(other).dropped == 1);
}

/* Several threads may ask, each through a connection of its own. */
static void *thread_ask(void *data)
{
	char *body = data;
	bool good = true;

	for (int i = 0; i < ROUNDS && good; i++) {
		struct journal *journal = NULL;
		char *answer = NULL;

		good = journal_open(deadline_in(LIMIT_MS), &journal, NULL) == 0 &&
		       ask(journal, "node2", body, &answer, NULL) == 0 && strcmp(answer, body) == 0;
		free(answer);
		journal_close(journal);
	}
	return good ? NULL : body;
}

static void ask__by_several_threads_at_once(void **state)
{
	enum { THREADS = 8 };
	pthread_t threads[THREADS];
	static char bodies[THREADS][16];

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		(void)snprintf(bodies[i], sizeof(bodies[i]), "{\"from\": %d}", i);
		assert_int_equal(thread_start(&threads[i], thread_ask, bodies[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		void *failed;

		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
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
	struct journal *journal = journal_client_open();

	(void)state;
	print_message("connect, one round trip, close: %.0f us; round trip alone: %.0f us\n",
		      microseconds(connect_and_ask, NULL), microseconds(domain_ask, journal));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, journal_server_up, undo_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(submit__is_committed_and_read_back),
		TEST(submit__that_is_refused_brings_the_current_task),
		TEST(submit__tells_verdicts_apart),
		TEST(submit__asks_again_with_the_same_id),
		TEST(submit__that_stays_unknown_is_so_in_the_end),
		TEST(submit__that_was_unknown_once_is_not_refused),
		TEST(submit__ends_in_time_and_is_cancelled),
		TEST(submit__refuses_what_is_no_operation),
		TEST(get__says_what_is_not_there),
		TEST(get__without_a_majority_is_ehostdown),
		TEST(release_list__goes_over_pages),
		TEST(task_list__has_every_task_once),
		TEST(path_list__has_every_path_once),
		TEST(wait__without_a_change_ends_in_time),
		TEST(wait__ends_with_a_change),
		TEST(force_solo__hands_the_reason_on),
		TEST(domain_get__says_what_the_daemon_knows),
		TEST(ask__gives_the_answer_of_the_other_node),
		TEST(ask__says_why_there_is_no_answer),
		TEST(ask__ends_in_time_and_is_cancelled),
		TEST(ask__by_several_threads_at_once),
		TEST(client__believes_root_only),
		TEST(client__does_not_wait_for_a_server_that_hangs),
		TEST(bench__connect_and_round_trip),
		TEST(client__sees_that_the_server_has_died),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
