/* SPDX-License-Identifier: GPL-2.0-or-later */
/* With the controller played by children of this program, under a name of its own. */
#include "tests/unit/test.h"

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
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_NAME, name);
		(void)alarm(60);
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

static void player_end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

/* What the kernel tells of it next: stopped, or going on. */
static bool player_told(pid_t pid, int options)
{
	int status;

	for (int i = 0; i < 500; i++) {
		pid_t rc = waitpid(pid, &status, options | WNOHANG);

		if (rc == pid) {
			return options == WUNTRACED ? WIFSTOPPED(status) : WIFCONTINUED(status);
		}
		(void)usleep(10000);
	}
	return false;
}

/* Nothing has happened to it. */
static bool player_untold(pid_t pid)
{
	return waitpid(pid, NULL, WUNTRACED | WCONTINUED | WNOHANG) == 0;
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
	assert_true(player_told(first, WUNTRACED));
	assert_true(player_told(second, WUNTRACED));
	assert_int_equal(cutoff_pause_begin(&pause, &err), 0);
	assert_int_equal(pause.stopped.n, 2);
	cutoff_pause_end(&pause);
	assert_false(cutoff_pause_is_on(&pause));
	assert_int_equal(pause.stopped.n, 0);
	assert_true(player_told(first, WCONTINUED));
	assert_true(player_told(second, WCONTINUED));
	assert_true(player_untold(other));
	player_end(first);
	player_end(second);
	player_end(other);
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
	player_end(pid);
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
	assert_true(player_told(pid, WUNTRACED));
	assert_true(player_told(pid, WCONTINUED));
	assert_true(cutoff_pause_is_on(&pause));
	cutoff_pause_end(&pause);
	player_end(pid);
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
	pid_t killed = fork();

	(void)state;
	assert_true(killed >= 0);
	if (killed == 0) {
		struct cutoff_pause pause = {.program = program};

		if (cutoff_pause_begin(&pause, NULL) < 0) {
			_exit(1);
		}
		while (!is_stopped(pid)) {
			(void)usleep(1000);
		}
		(void)raise(SIGKILL);
	}
	assert_true(player_told(pid, WCONTINUED));
	player_end(killed);
	player_end(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stops_and_goes_on),
		cmocka_unit_test(test_none_runs),
		cmocka_unit_test(test_it_ends_meanwhile),
		cmocka_unit_test(test_it_goes_on_in_time),
		cmocka_unit_test(test_who_pauses_is_killed),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
