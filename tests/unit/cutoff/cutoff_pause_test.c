/* SPDX-License-Identifier: GPL-2.0-or-later */
/* With the controller played by children of this program, under a name of its own. */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cutoff/cutoff_pause.h"
#include "process/process.h"

static char program[PROCESS_NAME_MAX + 1];

static pid_t player_start(const char *name)
{
	char ready;
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = child_fork();
	if (pid == 0) {
		(void)prctl(PR_SET_NAME, name);
		(void)!write(fds[1], "r", 1);
		while (true) {
			(void)pause();
		}
	}
	assert_int_equal(read(fds[0], &ready, 1), 1);
	(void)close(fds[0]);
	(void)close(fds[1]);
	return pid;
}

static bool told(pid_t pid, int options)
{
	siginfo_t info = {.si_pid = 0};

	assert_int_equal(waitid(P_PID, (id_t)pid, &info, options | WNOHANG), 0);
	return info.si_pid == pid;
}

/* It may have gone on since: only what was stopped goes on. */
static void wait_stopped(pid_t pid)
{
	wait_until(told(pid, WSTOPPED | WCONTINUED | WNOWAIT));
}

static void wait_went_on(pid_t pid)
{
	wait_until(told(pid, WCONTINUED));
}

/* Nothing has happened to it. */
static bool player_untold(pid_t pid)
{
	return !told(pid, WSTOPPED | WCONTINUED);
}

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(program, sizeof(program), "unit-%09d", (int)getpid());
	return 0;
}

static void test_stops_and_goes_on(void **state)
{
	struct cutoff_pause pause = {.program = program};
	pid_t first = player_start(program);
	pid_t second = player_start(program);
	pid_t other = player_start("unit-another");
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(cutoff_pause_begin(&pause, &err), 0);
	assert_int_equal(pause.stopped.n, 2);
	wait_stopped(first);
	wait_stopped(second);
	assert_int_equal(cutoff_pause_begin(&pause, &err), 0);
	assert_int_equal(pause.stopped.n, 2);
	cutoff_pause_end(&pause);
	assert_false(cutoff_pause_is_on(&pause));
	assert_int_equal(pause.stopped.n, 0);
	wait_went_on(first);
	wait_went_on(second);
	assert_true(player_untold(other));
	child_kill(first);
	child_kill(second);
	child_kill(other);
}

static void test_none_runs(void **state)
{
	struct cutoff_pause pause = {.program = program};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(cutoff_pause_begin(&pause, &err), 0);
	assert_false(cutoff_pause_is_on(&pause));
	cutoff_pause_end(&pause);
}

static void test_it_ends_meanwhile(void **state)
{
	struct cutoff_pause pause = {.program = program};
	pid_t pid = player_start(program);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(cutoff_pause_begin(&pause, &err), 0);
	child_kill(pid);
	cutoff_pause_end(&pause);
}

/* Whatever this process does meanwhile. */
static void test_it_goes_on_in_time(void **state)
{
	struct cutoff_pause pause = {.program = program};
	pid_t pid = player_start(program);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(cutoff_pause_begin(&pause, &err), 0);
	wait_stopped(pid);
	wait_went_on(pid);
	assert_true(cutoff_pause_is_on(&pause));
	cutoff_pause_end(&pause);
	child_kill(pid);
}

/* For who is not its parent. */
static bool is_stopped(pid_t pid)
{
	char path[32], text[256];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return process_file_read(path, text, sizeof(text)) > 0 && strstr(text, ") T ") != NULL;
}

static void test_who_pauses_is_killed(void **state)
{
	pid_t pid = player_start(program);
	pid_t killed = child_fork();

	(void)state;
	if (killed == 0) {
		struct cutoff_pause pause = {.program = program};

		if (cutoff_pause_begin(&pause, NULL) < 0) {
			_exit(1);
		}
		while (!is_stopped(pid)) {
			(void)poll(NULL, 0, 1);
		}
		(void)raise(SIGKILL);
	}
	wait_went_on(pid);
	child_kill(killed);
	child_kill(pid);
}

#define TEST(name) cmocka_unit_test_teardown(name, undo_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_stops_and_goes_on),    TEST(test_none_runs),
		TEST(test_it_ends_meanwhile),    TEST(test_it_goes_on_in_time),
		TEST(test_who_pauses_is_killed),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
