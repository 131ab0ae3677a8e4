/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/ipc_glance.h"
#include "names/name_limits.h"
#include "tests/unit/journal/journal_server.h"

/* The client against the daemon's server, in a process of its own (journal_server.h). */
static enum journal_domain domain;

static int glance(const char *vm)
{
	return journal_glance(vm, LIMIT_MS, &domain);
}

/* A client that does what it wants. undo_all() closes it. */
static int fd_end(void *fd)
{
	return close((int)(intptr_t)fd);
}

static int raw_open(void)
{
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(journal_glance_address(&address), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	undo_later(fd_end, (void *)(intptr_t)fd);
	return fd;
}

static void glance__is_what_lunmaskd_knows(void **state)
{
	char longest[VM_NAME_MAX + 1] = "running";

	(void)state;
	assert_int_equal(glance("running1"), 0);
	assert_int_equal(domain, JOURNAL_DOMAIN_RUNNING);
	assert_int_equal(glance("web1"), 0);
	assert_int_equal(domain, JOURNAL_DOMAIN_ABSENT);
	memset(longest + strlen(longest), 'x', VM_NAME_MAX - strlen(longest));
	assert_int_equal(glance(longest), 0);
	assert_int_equal(domain, JOURNAL_DOMAIN_RUNNING);
}

static void glance__without_lunmaskd_knows_nothing(void **state)
{
	struct sockaddr_un address;

	(void)state;
	domain = JOURNAL_DOMAIN_RUNNING;
	journal_server_stop();
	assert_int_equal(glance("running1"), -ENOENT);
	assert_int_equal(domain, JOURNAL_DOMAIN_UNKNOWN);
	assert_int_equal(journal_glance_address(&address), 0);
	assert_int_equal(access(address.sun_path, F_OK), -1);
}

/* One that was killed leaves its socket, and the next one takes its place. */
static void glance__after_a_kill(void **state)
{
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	(void)state;
	journal_server_stop();
	assert_int_equal(journal_glance_address(&address), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(glance("running1"), -ECONNREFUSED);
	journal_server_restart();
	assert_int_equal(glance("running1"), 0);
	assert_int_equal(domain, JOURNAL_DOMAIN_RUNNING);
}

static void glance__does_not_wait_for_a_server_that_hangs(void **state)
{
	(void)state;
	journal_server_signal(SIGSTOP);
	assert_int_equal(journal_glance("running1", 20, &domain), -ETIMEDOUT);
	assert_int_equal(domain, JOURNAL_DOMAIN_UNKNOWN);
	journal_server_signal(SIGCONT);
	assert_int_equal(glance("running1"), 0);
}

static void glance__refuses_what_is_no_name(void **state)
{
	char longer[VM_NAME_MAX + 2] = "";

	(void)state;
	memset(longer, 'x', VM_NAME_MAX + 1);
	assert_int_equal(glance(""), -EINVAL);
	assert_int_equal(glance(longer), -EINVAL);
}

static void server__answers_no_question_that_is_illegal(void **state)
{
	char longer[VM_NAME_MAX + 1];
	char answer;
	int fd;

	(void)state;
	memset(longer, 'x', sizeof(longer));
	fd = raw_open();
	assert_int_equal(send(fd, longer, sizeof(longer), 0), sizeof(longer));
	assert_int_equal(recv(fd, &answer, 1, 0), 0);
	fd = raw_open();
	assert_int_equal(send(fd, "running\0x", 9, 0), 9);
	assert_int_equal(recv(fd, &answer, 1, 0), 0);
	assert_int_equal(glance("running1"), 0);
}

static void server__answers_beside_those_who_do_not_ask(void **state)
{
	char answer;
	int oldest = raw_open();

	(void)state;
	for (int i = 0; i < IPC_GLANCES_MAX; i++) {
		(void)raw_open();
	}
	assert_int_equal(glance("running1"), 0);
	assert_int_equal(domain, JOURNAL_DOMAIN_RUNNING);
	assert_int_equal(recv(oldest, &answer, 1, 0), 0); /* it had to go */
}

static void server__lets_nobody_else_in(void **state)
{
	struct sockaddr_un address;
	struct stat there;

	(void)state;
	assert_int_equal(journal_glance_address(&address), 0);
	assert_int_equal(stat(address.sun_path, &there), 0);
	assert_int_equal(there.st_mode & 07777, 0600);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, journal_server_up, undo_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(glance__is_what_lunmaskd_knows),
		TEST(glance__without_lunmaskd_knows_nothing),
		TEST(glance__after_a_kill),
		TEST(glance__does_not_wait_for_a_server_that_hangs),
		TEST(glance__refuses_what_is_no_name),
		TEST(server__answers_no_question_that_is_illegal),
		TEST(server__answers_beside_those_who_do_not_ask),
		TEST(server__lets_nobody_else_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
