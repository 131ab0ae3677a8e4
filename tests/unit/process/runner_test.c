/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/process.h"
#include "process/runner.h"

#define OUTPUT_MAX 65536

static const struct runner HERE = {.transport = "exec"};

static int shell_for(int time_ms, const char *script, const char *input, size_t max,
		     struct runner_result *ret, struct err *err)
{
	return runner_run(&HERE, (const char *const[]){"/bin/sh", "-c", script, NULL}, input, max,
			  deadline_in(time_ms), ret, err);
}

static int shell(const char *script, const char *input, size_t max, struct runner_result *ret,
		 struct err *err)
{
	return shell_for(TEST_LIMIT_MS, script, input, max, ret, err);
}

static void runner_run__gives_output_status_and_last_message(void **state)
{
	struct runner_result result;

	(void)state;
	assert_int_equal(shell("cat; echo one >&2; echo two >&2; exit 3", "hello", OUTPUT_MAX,
			       &result, NULL),
			 0);
	assert_string_equal(result.output, "hello");
	assert_int_equal(result.output_bytes, 5);
	assert_int_equal(result.exit_status, 3);
	assert_string_equal(result.stderr_tail, "two");
	runner_result_release(&result);
}

static void runner_run__passes_more_than_a_pipe_holds_both_ways(void **state)
{
	size_t bytes = 1u << 20;
	char *input = malloc(bytes + 1);
	struct runner_result result;

	(void)state;
	assert_non_null(input);
	memset(input, 'x', bytes);
	input[bytes] = '\0';
	assert_int_equal(shell("cat", input, bytes, &result, NULL), 0);
	assert_int_equal(result.output_bytes, bytes);
	assert_string_equal(result.output, input);
	runner_result_release(&result);
	free(input);
}

static void runner_run__survives_a_program_that_reads_nothing(void **state)
{
	char *input = calloc(1, 1u << 20);
	struct runner_result result;

	(void)state;
	assert_non_null(input);
	memset(input, 'x', (1u << 20) - 1);
	assert_int_equal(shell("exec <&-; exit 0", input, OUTPUT_MAX, &result, NULL), 0);
	runner_result_release(&result);
	free(input);
}

static void runner_run__stops_a_program_that_writes_too_much(void **state)
{
	struct runner_result result;
	struct err err = ERR_INIT;

	(void)state;
	/* It never ends by itself. */
	assert_int_equal(shell("exec cat /dev/zero", "", OUTPUT_MAX, &result, &err), -EMSGSIZE);
	assert_non_null(strstr(err_text(&err), "65536"));
}

static char file[] = "/tmp/lunmask-runner-XXXXXX";

static int file_end(void *unused)
{
	(void)unused;
	return unlink(file);
}

static void file_make(void)
{
	int fd;

	(void)strcpy(file, "/tmp/lunmask-runner-XXXXXX");
	fd = mkstemp(file);
	assert_true(fd >= 0);
	(void)close(fd);
	undo_later(file_end, NULL);
}

/* What a script has written there; 0: nothing yet. */
static pid_t file_pid(void)
{
	char text[32] = "";

	(void)process_file_read(file, text, sizeof(text));
	text[strcspn(text, "\n")] = '\0';
	return process_pid_from_str(text);
}

static void runner_run__ends_a_program_that_hangs_with_its_children(void **state)
{
	struct runner_result result;
	struct err err = ERR_INIT;
	char script[128];
	pid_t pid = 0;

	(void)state;
	file_make();
	(void)snprintf(script, sizeof(script), "sleep 1800 & echo $! >%s; sleep 1800", file);
	/* It must be long enough for the shell to begin. */
	for (int time_ms = 200; pid == 0 && time_ms < TEST_LIMIT_MS; time_ms *= 2) {
		assert_int_equal(shell_for(time_ms, script, "", OUTPUT_MAX, &result, &err),
				 -ETIMEDOUT);
		pid = file_pid();
	}
	assert_non_null(strstr(err_text(&err), "/bin/sh"));
	assert_true(pid > 0);
	wait_until(process_ended(pid));
}

/* ssh's master keeps stderr open after ssh has ended. */
static void runner_run__does_not_wait_for_a_survivor(void **state)
{
	struct runner_result result;
	char script[128];
	pid_t survivor;

	(void)state;
	file_make();
	(void)snprintf(script, sizeof(script), "sleep 1800 & echo $! >%s; echo done", file);
	assert_int_equal(shell(script, "", OUTPUT_MAX, &result, NULL), 0);
	survivor = file_pid();
	assert_true(survivor > 0);
	assert_int_equal(kill(survivor, SIGKILL), 0);
	assert_string_equal(result.output, "done\n");
	runner_result_release(&result);
}

static void runner_run__tells_missing_program_and_signal_apart(void **state)
{
	struct runner_result result;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(runner_run(&HERE, (const char *const[]){"/no/such/program", NULL}, "",
				    OUTPUT_MAX, deadline_in(TEST_LIMIT_MS), &result, &err),
			 -ENOENT);
	assert_non_null(strstr(err_text(&err), "/no/such/program"));
	assert_int_equal(shell("kill -SEGV $$", "", OUTPUT_MAX, &result, &err), -EIO);
	assert_non_null(strstr(err_text(&err), "signal 11"));
}

static void runner_run__gives_the_child_three_descriptors(void **state)
{
	struct runner_result result;
	int kept = dup(0);

	(void)state;
	assert_true(kept > 2);
	/* No pipe in the shell, which would hold its ends a moment; and not its last command. */
	assert_int_equal(shell("ls /proc/$$/fd; :", "", OUTPUT_MAX, &result, NULL), 0);
	assert_string_equal(result.output, "0\n1\n2\n");
	runner_result_release(&result);
	(void)close(kept);
}

static void runner_transport_check__knows_what_is_legal(void **state)
{
	static const char *const legal[] = {"exec", "ssh://host", "ssh://u@10.0.0.1:22",
					    "ssh://u@[fe80::1]:2222"};
	static const char *const wrong[] = {"",
					    "ssh://",
					    "http://h",
					    "ssh://-oX=y",
					    "ssh://u@h:0",
					    "ssh://u@h:x",
					    "ssh://h h",
					    "ssh://-l@h",
					    "ssh://h/path",
					    "ssh://u@h:99999"};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(legal); i++) {
		assert_int_equal(runner_transport_check(legal[i], &err), 0);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		assert_int_equal(runner_transport_check(wrong[i], &err), -EINVAL);
		assert_non_null(strstr(err_text(&err), "exec or ssh://"));
	}
}

#define TEST(name) cmocka_unit_test_teardown(name, undo_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(runner_run__gives_output_status_and_last_message),
		TEST(runner_run__passes_more_than_a_pipe_holds_both_ways),
		TEST(runner_run__survives_a_program_that_reads_nothing),
		TEST(runner_run__stops_a_program_that_writes_too_much),
		TEST(runner_run__ends_a_program_that_hangs_with_its_children),
		TEST(runner_run__does_not_wait_for_a_survivor),
		TEST(runner_run__tells_missing_program_and_signal_apart),
		TEST(runner_run__gives_the_child_three_descriptors),
		TEST(runner_transport_check__knows_what_is_legal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
