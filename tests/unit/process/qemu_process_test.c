/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/qemu_process.h"
#include "tests/unit/process/qemu_player.h"

static char vm[64];

static const char *name_arg(const char *suffix)
{
	static char text[128];

	(void)snprintf(text, sizeof(text), "guest=%s%s", vm, suffix);
	return text;
}

static pid_t player_start(const char *name, bool deaf)
{
	return qemu_player_start(deaf, (const char *const[]){"-name", name, "-S", NULL});
}

static void find__is_0_when_there_is_none(void **state)
{
	pid_t pid = 7;

	(void)state;
	assert_int_equal(qemu_process_find(vm, &pid, NULL), 0);
	assert_int_equal(pid, 0);
	assert_int_equal(qemu_process_end(vm, deadline_in(1000), NULL), 0);
}

static void find__finds_it_by_its_name(void **state)
{
	static const char *const suffixes[] = {",debug-threads=on", ""};
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		pid_t player = player_start(name_arg(suffixes[i]), false);
		pid_t pid = 0;

		assert_int_equal(qemu_process_find(vm, &pid, NULL), 0);
		assert_int_equal(pid, player);
		qemu_player_kill(player);
	}
}

static void find__takes_no_other_for_it(void **state)
{
	static const char *const suffixes[] = {"0", "0,debug-threads=on", "-a"};
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		pid_t player = player_start(name_arg(suffixes[i]), false);
		pid_t pid = 7;

		assert_int_equal(qemu_process_find(vm, &pid, NULL), 0);
		assert_int_equal(pid, 0);
		assert_int_equal(qemu_process_end(vm, deadline_in(1000), NULL), 0);
		assert_int_equal(kill(player, 0), 0);
		qemu_player_kill(player);
	}
}

/* Not even when it runs: only the pid file can name it. */
static void hold__needs_the_pid_file(void **state)
{
	pid_t player = player_start(name_arg(""), false);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(qemu_process_hold(vm, &err), -ESRCH);
	assert_non_null(strstr(err_text(&err), vm));
	qemu_player_kill(player);
}

static void end__is_polite_first(void **state)
{
	pid_t player = player_start(name_arg(""), false);
	int64_t began = deadline_now_ms();

	(void)state;
	assert_int_equal(qemu_process_end(vm, deadline_in(10000), NULL), 0);
	assert_true(deadline_now_ms() - began < 4000);
	assert_int_equal(qemu_player_reap(player), SIGTERM);
}

static void end__uses_force_at_half_time(void **state)
{
	pid_t player = player_start(name_arg(",x"), true);
	int64_t began = deadline_now_ms();

	(void)state;
	assert_int_equal(qemu_process_end(vm, deadline_in(800), NULL), 0);
	assert_true(deadline_now_ms() - began >= 390);
	assert_true(deadline_now_ms() - began < 2000);
	assert_int_equal(qemu_player_reap(player), SIGKILL);
}

static void end__sees_the_end_though_the_time_is_up(void **state)
{
	pid_t player = player_start(name_arg(",x"), true);

	(void)state;
	assert_int_equal(qemu_process_end(vm, deadline_in(0), NULL), 0);
	assert_int_equal(qemu_player_reap(player), SIGKILL);
}

static void end__ends_a_stopped_one_and_every_one(void **state)
{
	pid_t one = player_start(name_arg(",x"), false);
	pid_t two = player_start(name_arg(""), true);

	(void)state;
	assert_int_equal(kill(one, SIGSTOP), 0);
	assert_int_equal(qemu_process_end(vm, deadline_in(1000), NULL), 0);
	(void)qemu_player_reap(one);
	assert_int_equal(qemu_player_reap(two), SIGKILL);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(find__is_0_when_there_is_none),
		cmocka_unit_test(find__finds_it_by_its_name),
		cmocka_unit_test(find__takes_no_other_for_it),
		cmocka_unit_test(hold__needs_the_pid_file),
		cmocka_unit_test(end__is_polite_first),
		cmocka_unit_test(end__uses_force_at_half_time),
		cmocka_unit_test(end__sees_the_end_though_the_time_is_up),
		cmocka_unit_test(end__ends_a_stopped_one_and_every_one),
	};

	(void)argc;
	qemu_player_main(argv);
	(void)snprintf(vm, sizeof(vm), "lunmask-test-%d", (int)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
