/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <qb/qbipcc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/ipc_accept.h"
#include "ipc/ipc_server.h"
#include "journal/journal_ipc.h"
#include "journal/journal_link.h"
#include "tests/unit/journal/journal_server.h"

/* Only the one that asks is left, and its question. */
static void nothing_is_left(struct journal *journal)
{
	wait_until(journal_client_status(journal).snapshot == 1);    /* connections */
	wait_until(journal_client_status(journal).store_bytes == 1); /* in flight */
}

static pid_t silent_client(void (*before)(int number), int number)
{
	pid_t child = child_fork();

	if (child == 0) {
		if (before != NULL) {
			before(number);
		}
		(void)journal_client_submit(journal_client_open(), "silent", 12, 0, LIMIT_MS);
		_exit(0);
	}
	return child;
}

/* An agent that is killed in its call: the server must not keep what was its. */
static void server__cancels_the_call_of_a_client_that_dies(void **state)
{
	struct journal *journal = journal_client_open();
	pid_t child = silent_client(NULL, 0);

	(void)state;
	journal_client_wait_in_flight(journal, 2);
	child_kill(child);
	wait_until(journal_client_status(journal).dropped == 1);
	nothing_is_left(journal);
}

static void dies_soon(int number)
{
	struct itimerval soon = {.it_value.tv_usec = 1000 * (1 + number)};

	(void)setitimer(ITIMER_REAL, &soon, NULL);
}

/* At any moment, of which nobody knows which one it was: the server must not stop. */
static void server__survives_clients_that_die(void **state)
{
	struct journal *journal = journal_client_open();

	(void)state;
	for (int i = 0; i < 20; i++) {
		(void)child_wait(silent_client(dies_soon, i));
	}
	nothing_is_left(journal);
}

/* The server said that it has no room; the time must be long enough for it to say so. */
static bool is_full(void)
{
	struct journal *more = NULL;
	struct err err = ERR_INIT;
	bool said = false;

	for (int time_ms = 300; !said && time_ms < LIMIT_MS; time_ms *= 2) {
		if (journal_open(deadline_in(time_ms), &more, &err) == 0) {
			journal_close(more);
			return false;
		}
		said = strstr(err_text(&err), "as many clients as it serves") != NULL;
	}
	return said;
}

static void server__bounds_its_connections(void **state)
{
	struct journal *journals[IPC_CONNECTIONS_MAX];

	(void)state;
	for (size_t i = 0; i < IPC_CONNECTIONS_MAX; i++) {
		journals[i] = journal_client_open();
	}
	assert_true(is_full());
	assert_int_equal(journal_client_status(journals[0]).snapshot, IPC_CONNECTIONS_MAX);
	for (size_t i = 0; i < IPC_CONNECTIONS_MAX; i++) {
		journal_client_close(journals[i]);
	}
	(void)journal_client_open();
}

static int raw_end(void *raw)
{
	qb_ipcc_disconnect(raw);
	return 0;
}

static qb_ipcc_connection_t *raw_open(void)
{
	qb_ipcc_connection_t *raw =
		qb_ipcc_connect(getenv(JOURNAL_IPC_NAME_VARIABLE), JOURNAL_IPC_BYTES_MAX);

	assert_non_null(raw);
	undo_later(raw_end, raw);
	return raw;
}

/* The server has closed it. */
static void raw_is_closed(qb_ipcc_connection_t *raw)
{
	uint8_t message[JOURNAL_IPC_BYTES_MAX];

	assert_int_equal(qb_ipcc_event_recv(raw, message, sizeof(message), LIMIT_MS), -ENOTCONN);
	assert_true(undo_not(raw_end, raw));
	qb_ipcc_disconnect(raw);
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
	raw_is_closed(raw);
}

static void server__closes_on_what_is_no_request(void **state)
{
	struct journal *journal = journal_client_open();
	struct journal_ipc_request request = {.kind = JOURNAL_IPC_STATUS, .timeout_ms = 1};
	uint64_t before = journal_client_status(journal).commit;
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
	assert_int_equal(journal_client_status(journal).commit, before + 8);
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
	raw_is_closed(raw);
	(void)journal_client_open();
}

static int fd_end(void *fd)
{
	return close(*(int *)fd);
}

/* Anybody may connect and then say nothing: that must not keep others out. */
static void server__bounds_those_that_say_nothing(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct pollfd first = {.events = POLLIN};
	static int silent[3 * IPC_HANDSHAKES_MAX];

	(void)state;
	(void)snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s",
		       getenv(JOURNAL_IPC_NAME_VARIABLE));
	for (size_t i = 0; i < 3 * IPC_HANDSHAKES_MAX; i++) {
		silent[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		undo_later(fd_end, &silent[i]);
		assert_int_equal(connect(silent[i], (struct sockaddr *)&address, sizeof(address)),
				 0);
	}
	(void)journal_client_open();
	first.fd = silent[0];
	assert_int_equal(poll(&first, 1, LIMIT_MS), 1); /* closed */
	for (size_t i = 0; i < 3 * IPC_HANDSHAKES_MAX; i++) {
		assert_true(undo_not(fd_end, &silent[i]));
		(void)close(silent[i]);
	}
	(void)journal_client_open();
}

/* What open, a read and a write say to somebody else, as rc + 1000 * the second's. */
static int as_user(uid_t uid, gid_t gid, const gid_t *groups, size_t n, bool write)
{
	struct journal_op op = journal_client_begin("stranger", 13);
	struct id128 id = journal_client_id(13);
	struct journal *journal = NULL;
	struct journal_answer answer;
	struct journal_status status;
	int result = 0;
	pid_t child = child_fork();

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
	result = child_wait(child);
	assert_true(WIFEXITED(result));
	return WEXITSTATUS(result);
}

static void server__refuses_strangers(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		skip(); /* cannot become another user */
	}
	struct journal *journal = journal_client_open();
	uint64_t before = journal_client_status(journal).durable;

	assert_int_equal(as_user(65534, 65534, NULL, 0, false), EACCES);
	wait_until(journal_client_status(journal).durable == before + 1);
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

/* It may ask another node no more than it may change the journal. */
static void server__asks_other_nodes_for_root_only(void **state)
{
	const struct group *group = getgrnam("haclient");
	int status;

	(void)state;
	if (geteuid() != 0 || group == NULL) {
		skip(); /* cannot become another user, or no Pacemaker here */
	}
	pid_t child = child_fork();
	if (child == 0) {
		struct journal *journal = NULL;
		char *answer = NULL;
		size_t bytes;

		if (setgroups(0, NULL) != 0 || setgid(group->gr_gid) != 0 || setuid(65534) != 0 ||
		    journal_open(deadline_in(LIMIT_MS), &journal, NULL) != 0) {
			_exit(255);
		}
		_exit(-journal_ask(journal, "node2", JOURNAL_ASK_VERIFY, "{}",
				   deadline_in(LIMIT_MS), &answer, &bytes, NULL));
	}
	status = child_wait(child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EACCES);
}

/* Watchers must not keep agents out. */
static void server__keeps_room_for_those_who_write(void **state)
{
	static struct journal *held[IPC_CONNECTIONS_MAX];
	const struct group *group = getgrnam("haclient");
	int status = 0, opened = 0;

	(void)state;
	if (geteuid() != 0 || group == NULL) {
		skip(); /* cannot become another user, or no Pacemaker here */
	}
	pid_t child = child_fork();
	if (child == 0) {
		if (setgroups(0, NULL) != 0 || setgid(group->gr_gid) != 0 || setuid(65534) != 0) {
			_exit(255);
		}
		while (opened < IPC_CONNECTIONS_MAX && !is_full() &&
		       journal_open(deadline_in(LIMIT_MS), &held[opened], NULL) == 0) {
			opened++;
		}
		_exit(opened);
	}
	status = child_wait(child);
	assert_int_equal(WEXITSTATUS(status), IPC_CONNECTIONS_MAX / 2);
	(void)journal_client_open();
}

/* While lunmask is upgraded, of a release that knew nothing of it. */
static void server__tells_an_old_client_what_it_understands(void **state)
{
	static const enum journal_solo told[] = {
		[JOURNAL_IPC_STATUS_FIRST] = JOURNAL_SOLO_NONE,
		[JOURNAL_IPC_STATUS_SOLO] = JOURNAL_SOLO_READY,
	};
	struct deadline deadline = deadline_in(LIMIT_MS);
	struct journal *journal = journal_client_open();
	struct journal_link *link = NULL;

	(void)state;
	(void)journal_client_submit(journal, "pair", 70, 0, LIMIT_MS);
	assert_int_equal(journal_client_status(journal).solo, JOURNAL_SOLO_READY);
	assert_int_equal(journal_link_open(deadline, &link, NULL), 0);
	for (size_t i = 0; i < G_N_ELEMENTS(told); i++) {
		struct journal_ipc_request request = {.kind = JOURNAL_IPC_STATUS, .index = i};
		struct journal_ipc_reply reply;
		struct journal_status status;

		assert_int_equal(journal_link_call(link, &request, deadline, &reply, NULL), 0);
		assert_int_equal(journal_ipc_status_decode(reply.rest, reply.rest_bytes, &status),
				 0);
		assert_int_equal(status.solo, told[i]);
	}
	journal_link_close(link);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, journal_server_up, undo_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(server__cancels_the_call_of_a_client_that_dies),
		TEST(server__survives_clients_that_die),
		TEST(server__bounds_its_connections),
		TEST(server__closes_on_what_is_no_request),
		TEST(server__closes_on_a_second_request),
		TEST(server__bounds_those_that_say_nothing),
		TEST(server__refuses_strangers),
		TEST(server__lets_haclient_read_only),
		TEST(server__asks_other_nodes_for_root_only),
		TEST(server__keeps_room_for_those_who_write),
		TEST(server__tells_an_old_client_what_it_understands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
