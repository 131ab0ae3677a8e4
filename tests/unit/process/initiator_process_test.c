/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/initiator_process.h"
#include "tests/unit/process/qemu_player.h"

#define IQN "iqn.2026-11.org.example:unit-"

static char iqn[128];

/* before and after the name in the option that has it */
static pid_t player_start(const char *before, const char *after)
{
	char option[256];

	(void)snprintf(option, sizeof(option), "%s%s%s", before, iqn, after);
	return qemu_player_start(true,
				 (const char *const[]){"-name", "guest=unit-vm,debug-threads=on",
						       "-blockdev", option, NULL});
}

static void player_end(pid_t pid, bool killed_by_us)
{
	if (!killed_by_us) {
		assert_int_equal(kill(pid, SIGKILL), 0);
	}
	assert_int_equal(qemu_player_reap(pid), SIGKILL);
}

static const char *const mine[][2] = {
	{"{\"driver\":\"iscsi\",\"initiator-name\":\"", "\",\"node-name\":\"x\"}"},
	{"driver=iscsi,initiator-name=", ""},
	{"driver=iscsi,initiator-name=", ",lun=1"},
	{"{\"initiator-name\": \"iqn.2026-11.x:other\"},{\"initiator-name\": \"", "\"}"},
};

/* As hold_all(): a QEMU that is ending is nobody's. */
static struct initiator_process find(void)
{
	struct deadline limit = deadline_in(TEST_LIMIT_MS);
	struct initiator_process found;

	do {
		assert_int_equal(initiator_process_find(iqn, &found, NULL), 0);
	} while (found.pid != 0 && strcmp(found.name, "unit-vm") != 0 && !deadline_passed(limit));
	return found;
}

static void find__knows_it_in_every_notation(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(mine); i++) {
		pid_t player = player_start(mine[i][0], mine[i][1]);
		struct initiator_process found = find();

		assert_int_equal(found.pid, player);
		assert_string_equal(found.name, "unit-vm");
		player_end(player, false);
	}
}

/*
 * A QEMU of this machine that is ending has no command line any more, may be anybody's, and is
 * held, too. Other tests end QEMUs all the time; such a one is gone soon.
 */
static struct process_set hold_all(size_t n)
{
	struct deadline limit = deadline_in(TEST_LIMIT_MS);
	struct process_set set = {.n = 0};

	assert_int_equal(initiator_process_hold_all(iqn, &set, NULL), 0);
	while (set.n > n && !deadline_passed(limit)) {
		process_set_release(&set);
		set = (struct process_set){.n = 0};
		assert_int_equal(initiator_process_hold_all(iqn, &set, NULL), 0);
	}
	assert_int_equal(set.n, n);
	return set;
}

static void find__takes_no_other_for_it(void **state)
{
	static const char *const others[][2] = {
		{"initiator-name=", "0"},  {"initiator-name=", "-a,lun=1"},
		{"initiator-name=", ":a"}, {"initiator-name=x", ""},
		{"target=", ",lun=1"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		pid_t player = player_start(others[i][0], others[i][1]);

		assert_int_equal(find().pid, 0);
		(void)hold_all(0);
		assert_int_equal(kill(player, 0), 0);
		player_end(player, false);
	}
}

static void end__ends_every_one_and_stopped_ones(void **state)
{
	struct process_set set;
	pid_t players[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		players[i] = player_start(mine[0][0], mine[0][1]);
	}
	assert_int_equal(kill(players[1], SIGSTOP), 0);
	set = hold_all(3);
	assert_int_equal(process_set_end(&set, deadline_in(TEST_LIMIT_MS), NULL), 0);
	assert_int_equal(set.n, 0);
	for (size_t i = 0; i < 3; i++) {
		player_end(players[i], true);
	}
	process_set_release(&set);
}

/* A debugger keeps it in its end, as a kernel that waits for a disk would. */
static void end__names_one_that_does_not_end_in_time(void **state)
{
	pid_t player = player_start(mine[1][0], mine[1][1]);
	struct process_set set = hold_all(1);
	struct err err = ERR_INIT;
	int status;

	(void)state;
	assert_int_equal(ptrace(PTRACE_SEIZE, player, NULL, (void *)PTRACE_O_TRACEEXIT), 0);
	assert_int_equal(process_set_end(&set, deadline_in(300), &err), -ETIMEDOUT);
	assert_non_null(strstr(err_text(&err), "unit-vm"));
	assert_int_equal(waitpid(player, &status, 0), player);
	assert_true(WIFSTOPPED(status));
	process_set_release(&set);
	/* It counts still. */
	set = hold_all(1);
	assert_int_equal(ptrace(PTRACE_CONT, player, NULL, NULL), 0);
	assert_int_equal(process_set_end(&set, deadline_in(TEST_LIMIT_MS), &err), 0);
	player_end(player, true);
	process_set_release(&set);
}

/* Whoever begins after the moment of holding is none of them. */
static void hold_all__holds_those_of_now_and_no_later_ones(void **state)
{
	pid_t players[] = {player_start(mine[0][0], mine[0][1]),
			   player_start(mine[1][0], mine[1][1])};
	struct process_set set = hold_all(2);
	pid_t late;

	(void)state;
	late = player_start(mine[0][0], mine[0][1]);
	process_set_reap(&set, deadline_in(0));
	assert_int_equal(set.n, 2);
	assert_string_equal(set.held[0].name, "unit-vm");
	assert_int_equal(process_set_end(&set, deadline_in(TEST_LIMIT_MS), NULL), 0);
	assert_int_equal(set.n, 0);
	for (size_t i = 0; i < 2; i++) {
		player_end(players[i], true);
	}
	assert_int_equal(waitpid(late, NULL, WNOHANG), 0);
	player_end(late, false);
	process_set_release(&set);
}

#define TEST(name) cmocka_unit_test_teardown(name, undo_all)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(find__knows_it_in_every_notation),
		TEST(find__takes_no_other_for_it),
		TEST(end__ends_every_one_and_stopped_ones),
		TEST(end__names_one_that_does_not_end_in_time),
		TEST(hold_all__holds_those_of_now_and_no_later_ones),
	};

	(void)argc;
	qemu_player_main(argv);
	(void)snprintf(iqn, sizeof(iqn), IQN "%d", (int)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
