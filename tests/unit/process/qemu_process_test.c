/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/process.h"
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
	assert_int_equal(qemu_process_end(vm, deadline_in(2000), NULL), 0);
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
		assert_int_equal(qemu_process_end(vm, deadline_in(2000), NULL), 0);
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

	(void)state;
	assert_int_equal(qemu_process_end(vm, deadline_in(TEST_LIMIT_MS), NULL), 0);
	assert_int_equal(qemu_player_reap(player), SIGTERM);
}

static void end__uses_force_when_asking_does_not_help(void **state)
{
	pid_t player = player_start(name_arg(",x"), true);

	(void)state;
	assert_int_equal(qemu_process_end(vm, deadline_in(4000), NULL), 0);
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
	assert_int_equal(qemu_process_end(vm, deadline_in(4000), NULL), 0);
	(void)qemu_player_reap(one);
	assert_int_equal(qemu_player_reap(two), SIGKILL);
}

#define TEST(name) cmocka_unit_test_teardown(name, undo_all)

static void memory__counts_what_the_process_holds(void **state)
{
	const size_t bytes = 32u << 20;
	uint64_t before = 0;
	uint64_t after = 0;
	char *held;

	(void)state;
	assert_int_equal(process_memory(getpid(), &before), 0);
	held = malloc(bytes);
	assert_non_null(held);
	memset(held, 1, bytes);
	assert_int_equal(process_memory(getpid(), &after), 0);
	assert_in_range(held[bytes / 2], 1, 1);
	free(held);
	assert_true(before > 0 && after >= before + bytes / 2);
	assert_int_equal(process_memory(INT32_MAX, &after), -ENOENT);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(memory__counts_what_the_process_holds),
		TEST(find__is_0_when_there_is_none),
		TEST(find__finds_it_by_its_name),
		TEST(find__takes_no_other_for_it),
		TEST(hold__needs_the_pid_file),
		TEST(end__is_polite_first),
		TEST(end__uses_force_when_asking_does_not_help),
		TEST(end__sees_the_end_though_the_time_is_up),
		TEST(end__ends_a_stopped_one_and_every_one),
	};

	(void)argc;
	qemu_player_main(argv);
	(void)snprintf(vm, sizeof(vm), "lunmask-test-%d", (int)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
