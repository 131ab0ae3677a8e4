/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each in a process of its own: libqb's log is one for the process. */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <qb/qbdefs.h>
#include <qb/qblog.h>

#include "service/log_target.h"

/* As a program does that reads its signals: 0, it got it. */
static int terminated(void)
{
	const struct timespec limit = {.tv_sec = TEST_LIMIT_MS / 1000};
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)kill(getpid(), SIGTERM);
	return sigtimedwait(&set, NULL, &limit) == SIGTERM ? 0 : 1;
}

static int logs(bool to_stderr)
{
	int status = -1;
	pid_t pid = child_fork();

	if (pid == 0) {
		log_target_start("unit-log", to_stderr, to_stderr, LOG_NOTICE);
		qb_log(LOG_NOTICE, "a line of a unit test");
		status = terminated();
		qb_log_fini();
		_exit(status);
	}
	return child_wait(pid);
}

/* As under systemd, where no test of a cluster in namespaces goes. */
static void log_target__to_syslog(void **state)
{
	(void)state;
	assert_int_equal(logs(false), 0);
}

static void log_target__to_stderr(void **state)
{
	(void)state;
	assert_int_equal(logs(true), 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, undo_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(log_target__to_syslog),
		TEST(log_target__to_stderr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
