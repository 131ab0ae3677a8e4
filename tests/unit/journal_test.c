/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <qb/qbipcc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ipc_accept.h"
#include "ipc_server.h"
#include "journal.h"
#include "journal_ipc.h"
#include "journal_server.h"

#define LIMIT_MS 5000

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

static struct journal *open_here(void)
{
	struct journal *journal = NULL;
	struct err err = ERR_INIT;

	if (journal_open(deadline_in(LIMIT_MS), &journal, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	return journal;
}

static struct journal_op begin_make(const char *vm, uint8_t number)
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

static struct journal_id id_make(uint8_t number)
{
	return (struct journal_id){{number, 77}};
}

/* The operation's answer; the call must end well. */
static struct journal_answer submit(struct journal *journal, const char *vm, uint8_t number,
				    unsigned int flags, int timeout_ms)
{
	struct journal_op op = begin_make(vm, number);
	struct journal_id id = id_make(number);
	struct journal_answer answer;
	struct err err = ERR_INIT;

	if (journal_submit(journal, &op, &id, flags, deadline_in(timeout_ms), &answer, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	return answer;
}

static struct journal_status status_of(struct journal *journal)
{
	struct journal_status status;

	assert_int_equal(journal_status_get(journal, deadline_in(LIMIT_MS), &status, NULL), 0);
	return status;
}

static void submit__is_committed_and_read_back(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = open_here();
	struct journal_answer answer = submit(journal, "web1", 1, JOURNAL_GATED, LIMIT_MS);
	struct journal_task task;

	(void)state;
	assert_int_equal(answer.verdict, JOURNAL_COMMITTED);
	assert_int_equal(answer.status, 0);
	assert_int_equal(answer.revision, 1);
	assert_false(answer.has_current);
	assert_true(status_of(journal).gate); /* the flag came through */
	assert_int_equal(journal_task_get(journal, "web1", JOURNAL_LINEARIZABLE,
					  deadline_in(LIMIT_MS), &task, NULL),
			 0);
	assert_string_equal(task.vm, "web1");
	assert_int_equal(task.revision, 1);
}

static void submit__that_is_refused_brings_the_current_task(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = open_here();
	struct journal_answer answer;

	(void)state;
	(void)submit(journal, "web2", 2, 0, LIMIT_MS);
	answer = submit(journal, "web2", 3, 0, LIMIT_MS);
	assert_int_equal(answer.verdict, JOURNAL_COMMITTED);
	assert_int_equal(answer.status, -EBUSY);
	assert_true(answer.has_current);
	assert_int_equal(answer.current.uuid.bytes[0], 2);
	assert_false(status_of(journal).gate);
}

static void submit__tells_verdicts_apart(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = open_here();

	(void)state;
	assert_int_equal(submit(journal, "noquorum", 4, 0, LIMIT_MS).verdict, JOURNAL_NO_QUORUM);
	assert_int_equal(submit(journal, "busy", 5, 0, LIMIT_MS).verdict, JOURNAL_BUSY);
	assert_int_equal(submit(journal, "unknown", 6, 0, 300).verdict, JOURNAL_UNKNOWN);
}

static void submit__asks_again_with_the_same_id(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = open_here();
	uint64_t before = status_of(journal).last;

	(void)state;
	assert_int_equal(submit(journal, "later1", 7, 0, LIMIT_MS).verdict, JOURNAL_COMMITTED);
	assert_int_equal(status_of(journal).last, before + 2);
}

static void submit__ends_in_time_and_is_cancelled(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = open_here();
	struct journal_op op = begin_make("silent", 8);
	struct journal_id id = id_make(8);
	struct journal_answer answer;
	uint64_t before = status_of(journal).dropped;
	int64_t begun_ms = deadline_now_ms();

	(void)state;
	assert_int_equal(journal_submit(journal, &op, &id, 0, deadline_in(300), &answer, NULL),
			 -ETIMEDOUT);
	assert_in_range(deadline_now_ms() - begun_ms, 250, 1000);
	assert_int_equal(status_of(journal).dropped, before + 1); /* on a new connection */
}

static void submit__refuses_what_is_no_operation(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = open_here();
	struct journal_op op = begin_make("web\n", 9);
	struct journal_id id = id_make(9), zero = {{0}};
	struct journal_answer answer;
	struct deadline deadline = deadline_in(LIMIT_MS);

	(void)state;
	assert_int_equal(journal_submit(journal, &op, &id, 0, deadline, &answer, NULL), -EINVAL);
	op = begin_make("web9", 9);
	assert_int_equal(journal_submit(journal, &op, &zero, 0, deadline, &answer, NULL), -EINVAL);
}

static void get__says_what_is_not_there(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = open_here();
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
	struct journal *journal __attribute__((cleanup(journal_drop))) = open_here();
	struct journal_task task;

	(void)state;
	(void)submit(journal, "partitioned", 10, 0, LIMIT_MS);
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
	struct journal *journal __attribute__((cleanup(journal_drop))) = open_here();
	struct journal_release *releases = NULL;
	struct journal_answer answer;
	size_t n = 0;

	(void)state;
	for (unsigned int i = 0; i < 40; i++) { /* of 2 KiB each */
		struct journal_op op = release_make(i);
		struct journal_id id = {{(uint8_t)i, 2}};

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
	struct journal *journal __attribute__((cleanup(journal_drop))) = open_here();
	struct journal_task *tasks = NULL;
	char vm[16];
	uint64_t index = 0;
	size_t n = 0, found = 0;

	(void)state;
	for (uint8_t i = 0; i < 200; i++) {
		(void)snprintf(vm, sizeof(vm), "many%u", i);
		(void)submit(journal, vm, (uint8_t)(50 + i), 0, LIMIT_MS);
	}
	assert_int_equal(
		journal_task_list(journal, deadline_in(LIMIT_MS), &tasks, &n, &index, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(vm, sizeof(vm), "many%zu", found);
		found += strcmp(tasks[i].vm, vm) == 0;
	}
	assert_int_equal(found, 200);
	assert_int_equal(index, status_of(journal).applied);
	free(tasks);
}

static void wait__ends_with_a_change_or_in_time(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = open_here();
	struct journal *other __attribute__((cleanup(journal_drop))) = open_here();
	uint64_t now = status_of(journal).applied, index = 0;
	pid_t child;

	(void)state;
	assert_int_equal(journal_wait(journal, now, deadline_in(200), &index, NULL), -ETIMEDOUT);
	child = fork();
	if (child == 0) {
		(void)poll(NULL, 0, 100);
		(void)submit(other, "woken", 11, 0, LIMIT_MS);
		_exit(0);
	}
	assert_int_equal(journal_wait(journal, now, deadline_in(LIMIT_MS), &index, NULL), 0);
	assert_int_equal(index, now + 1);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(journal_wait(journal, now, deadline_in(LIMIT_MS), &index, NULL), 0);
}

static void force_solo__hands_the_reason_on(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = open_here();
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(journal_force_solo(journal, deadline_in(LIMIT_MS), &err), -EPERM);
	assert_non_null(strstr(err_text(&err), "it is active"));
}

static void domain_get__says_what_the_daemon_knows(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = open_here();
	enum journal_domain domain;

	(void)state;
	assert_int_equal(
		journal_domain_get(journal, "running1", deadline_in(LIMIT_MS), &domain, NULL), 0);
	assert_int_equal(domain, JOURNAL_DOMAIN_RUNNING);
}

/* Agents that die in the middle: the server must neither stop nor keep what was theirs. */
static void server__survives_clients_that_die(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = open_here();
	uint64_t before = status_of(journal).dropped;
	int64_t begun_ms = deadline_now_ms();

	(void)state;
	for (int i = 0; i < 20; i++) {
		pid_t child = fork();

		if (child == 0) {
			/* SIGALRM kills it in its call */
			struct itimerval soon = {.it_value.tv_usec = 1000 * (1 + i)};
			(void)setitimer(ITIMER_REAL, &soon, NULL);
			(void)submit(open_here(), "silent", 12, 0, LIMIT_MS);
			_exit(0);
		}
		assert_int_equal(waitpid(child, NULL, 0), child);
	}
	assert_in_range(deadline_now_ms() - begun_ms, 0, LIMIT_MS);
	assert_in_range(status_of(journal).dropped, before + 1, before + 20);
	assert_int_equal(status_of(journal).snapshot, 1);    /* connections: this one */
	assert_int_equal(status_of(journal).store_bytes, 1); /* in flight: the question itself */
}

static void server__bounds_its_connections(void **state)
{
	struct journal *journals[IPC_CONNECTIONS_MAX];
	struct journal *more = NULL;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < IPC_CONNECTIONS_MAX; i++) {
		journals[i] = open_here();
	}
	assert_int_equal(journal_open(deadline_in(100), &more, &err), -ETIMEDOUT);
	assert_non_null(strstr(err_text(&err), "as many clients as it can"));
	assert_int_equal(status_of(journals[0]).snapshot, IPC_CONNECTIONS_MAX);
	for (size_t i = 0; i < IPC_CONNECTIONS_MAX; i++) {
		journal_close(journals[i]);
	}
	journal_close(open_here());
}

static qb_ipcc_connection_t *raw_open(void)
{
	qb_ipcc_connection_t *raw =
		qb_ipcc_connect(getenv(JOURNAL_IPC_NAME_VARIABLE), JOURNAL_IPC_BYTES_MAX);

	assert_non_null(raw);
	return raw;
}

/* Sends bytes behind a header that claims size; the server must close the connection. */
static void raw_refused(int32_t id, int32_t size, const uint8_t *body, size_t bytes)
{
	uint8_t message[JOURNAL_IPC_BYTES_MAX];
	struct qb_ipc_request_header header = {.id = id, .size = size};
	qb_ipcc_connection_t *raw = raw_open();

	memcpy(message, &header, sizeof(header));
	memcpy(message + sizeof(header), body, bytes);
	assert_int_equal(qb_ipcc_send(raw, message, sizeof(header) + bytes),
			 sizeof(header) + bytes);
	assert_int_equal(qb_ipcc_event_recv(raw, message, sizeof(message), LIMIT_MS), -ENOTCONN);
	qb_ipcc_disconnect(raw);
}

static void server__closes_on_what_is_no_request(void **state)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = open_here();
	struct journal_ipc_request request = {.kind = JOURNAL_IPC_STATUS, .timeout_ms = 1};
	uint64_t before = status_of(journal).commit;
	uint8_t body[JOURNAL_IPC_REQUEST_MAX + 100] = {0};
	int32_t head = sizeof(struct qb_ipc_request_header);

	(void)state;
	raw_refused(1, head + 100, body, 100);
	int32_t bytes = (int32_t)journal_ipc_request_encode(&request, body);
	raw_refused(2, head + bytes, body, (size_t)bytes);     /* another id */
	raw_refused(1, head + bytes - 1, body, (size_t)bytes); /* cut off */
	raw_refused(1, head + bytes + 1, body, (size_t)bytes); /* claims more */
	raw_refused(1, -1, body, (size_t)bytes);
	raw_refused(1, 0, body, (size_t)bytes);
	raw_refused(1, INT32_MAX, body, (size_t)bytes);
	raw_refused(1, head + (int32_t)sizeof(body), body, sizeof(body)); /* too long */
	assert_int_equal(status_of(journal).commit, before + 8);
}

static void server__closes_on_a_second_request(void **state)
{
	uint8_t message[sizeof(struct qb_ipc_request_header) + JOURNAL_IPC_REQUEST_MAX];
	struct journal_ipc_request request = {
		.kind = JOURNAL_IPC_WAIT, .timeout_ms = LIMIT_MS, .index = UINT64_MAX};
	struct qb_ipc_request_header header = {.id = 1};
	qb_ipcc_connection_t *raw = raw_open();
	size_t bytes = journal_ipc_request_encode(&request, message + sizeof(header));

	(void)state;
	header.size = (int32_t)(sizeof(header) + bytes);
	memcpy(message, &header, sizeof(header));
	assert_int_equal(qb_ipcc_send(raw, message, (size_t)header.size), header.size);
	assert_int_equal(qb_ipcc_send(raw, message, (size_t)header.size), header.size);
	assert_int_equal(qb_ipcc_event_recv(raw, message, sizeof(message), LIMIT_MS), -ENOTCONN);
	qb_ipcc_disconnect(raw);
	journal_close(open_here());
}

/* Anybody may connect and then say nothing: that must not keep others out. */
static void server__bounds_those_that_say_nothing(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct pollfd first = {.events = POLLIN};
	int silent[3 * IPC_HANDSHAKES_MAX];

	(void)state;
	(void)snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s",
		       getenv(JOURNAL_IPC_NAME_VARIABLE));
	for (size_t i = 0; i < 3 * IPC_HANDSHAKES_MAX; i++) {
		silent[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		assert_int_equal(connect(silent[i], (struct sockaddr *)&address, sizeof(address)),
				 0);
	}
	journal_close(open_here());
	first.fd = silent[0];
	assert_int_equal(poll(&first, 1, LIMIT_MS), 1); /* closed */
	for (size_t i = 0; i < 3 * IPC_HANDSHAKES_MAX; i++) {
		(void)close(silent[i]);
	}
	journal_close(open_here());
}

/* What open, a read and a write say to somebody else, as rc + 1000 * the second's. */
static int as_user(uid_t uid, gid_t gid, const gid_t *groups, size_t n, bool write)
{
	struct journal_op op = begin_make("stranger", 13);
	struct journal_id id = id_make(13);
	struct journal *journal = NULL;
	struct journal_answer answer;
	struct journal_status status;
	int result = 0;
	pid_t child = fork();

	if (child == 0) {
		if (setgroups(n, groups) != 0 || setgid(gid) != 0 || setuid(uid) != 0) {
			_exit(255);
		}
		result = -journal_open(deadline_in(LIMIT_MS), &journal, NULL);
		if (result == 0 && !write) {
			result = -journal_status_get(journal, deadline_in(LIMIT_MS), &status, NULL);
		} else if (result == 0) {
			result = -journal_submit(journal, &op, &id, 0, deadline_in(LIMIT_MS),
						 &answer, NULL);
		}
		_exit(result);
	}
	assert_int_equal(waitpid(child, &result, 0), child);
	assert_true(WIFEXITED(result));
	return WEXITSTATUS(result);
}

static void server__refuses_strangers(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		skip(); /* cannot become another user */
	}
	struct journal *journal __attribute__((cleanup(journal_drop))) = open_here();
	uint64_t before = status_of(journal).durable;

	assert_int_equal(as_user(65534, 65534, NULL, 0, false), EACCES);
	assert_int_equal(status_of(journal).durable, before + 1);
}

static void server__lets_haclient_read_only(void **state)
{
	struct group *group = getgrnam("haclient");

	(void)state;
	if (geteuid() != 0 || group == NULL) {
		skip(); /* cannot become another user, or no Pacemaker here */
	}
	assert_int_equal(as_user(65534, group->gr_gid, NULL, 0, false), 0);
	assert_int_equal(as_user(65534, 65534, &group->gr_gid, 1, false), 0);
	assert_int_equal(as_user(65534, 65534, &group->gr_gid, 1, true), EACCES);
}

/* Watchers must not keep agents out. */
static void server__keeps_room_for_those_who_write(void **state)
{
	const struct group *group = getgrnam("haclient");
	struct journal *journal = NULL;
	int status, opened = 0;

	(void)state;
	if (geteuid() != 0 || group == NULL) {
		skip(); /* cannot become another user, or no Pacemaker here */
	}
	pid_t child = fork();
	if (child == 0) {
		if (setgroups(0, NULL) != 0 || setgid(group->gr_gid) != 0 || setuid(65534) != 0) {
			_exit(255);
		}
		while (opened < 100 && journal_open(deadline_in(100), &journal, NULL) == 0) {
			opened++;
		}
		_exit(opened);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), IPC_CONNECTIONS_MAX / 2);
	journal_close(open_here());
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
	struct journal *journal = open_here();
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
	struct journal *journal __attribute__((cleanup(journal_drop))) = open_here();
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

static void bench__connect_and_round_trip(void **state)
{
	enum { ROUNDS = 200 };
	enum journal_domain domain;
	struct timespec begun, ended;
	double us;

	(void)state;
	(void)clock_gettime(CLOCK_MONOTONIC, &begun);
	for (int i = 0; i < ROUNDS; i++) {
		struct journal *journal __attribute__((cleanup(journal_drop))) = open_here();

		assert_int_equal(journal_domain_get(journal, "running1", deadline_in(LIMIT_MS),
						    &domain, NULL),
				 0);
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &ended);
	us = (double)(ended.tv_sec - begun.tv_sec) * 1e6 +
	     (double)(ended.tv_nsec - begun.tv_nsec) / 1e3;
	print_message("connect, one round trip, close: %.0f us\n", us / ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(submit__is_committed_and_read_back),
		cmocka_unit_test(submit__that_is_refused_brings_the_current_task),
		cmocka_unit_test(submit__tells_verdicts_apart),
		cmocka_unit_test(submit__asks_again_with_the_same_id),
		cmocka_unit_test(submit__ends_in_time_and_is_cancelled),
		cmocka_unit_test(submit__refuses_what_is_no_operation),
		cmocka_unit_test(get__says_what_is_not_there),
		cmocka_unit_test(get__without_a_majority_is_ehostdown),
		cmocka_unit_test(release_list__goes_over_pages),
		cmocka_unit_test(task_list__has_every_task_once),
		cmocka_unit_test(wait__ends_with_a_change_or_in_time),
		cmocka_unit_test(force_solo__hands_the_reason_on),
		cmocka_unit_test(domain_get__says_what_the_daemon_knows),
		cmocka_unit_test(server__survives_clients_that_die),
		cmocka_unit_test(server__bounds_its_connections),
		cmocka_unit_test(server__closes_on_what_is_no_request),
		cmocka_unit_test(server__closes_on_a_second_request),
		cmocka_unit_test(server__bounds_those_that_say_nothing),
		cmocka_unit_test(server__refuses_strangers),
		cmocka_unit_test(server__lets_haclient_read_only),
		cmocka_unit_test(server__keeps_room_for_those_who_write),
		cmocka_unit_test(client__believes_root_only),
		cmocka_unit_test(client__does_not_wait_for_a_server_that_hangs),
		cmocka_unit_test(bench__connect_and_round_trip),
		cmocka_unit_test(client__sees_at_once_that_the_server_has_died),
	};

	return cmocka_run_group_tests(tests, server_up, server_down);
}
