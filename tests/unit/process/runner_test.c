/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/runner.h"

#define OUTPUT_MAX 65536

static const struct runner HERE = {.transport = "exec"};

static int shell(const char *script, const char *input, size_t max, int timeout_ms,
		 struct runner_result *ret, struct err *err)
{
	return runner_run(&HERE, (const char *const[]){"/bin/sh", "-c", script, NULL}, input, max,
			  deadline_in(timeout_ms), ret, err);
}

static void runner_run__gives_output_status_and_last_message(void **state)
{
	struct runner_result result;

	(void)state;
	assert_int_equal(shell("cat; echo one >&2; echo two >&2; exit 3", "hello", OUTPUT_MAX, 5000,
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
	assert_int_equal(shell("cat", input, bytes, 10000, &result, NULL), 0);
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
	assert_int_equal(shell("exec <&-; exit 0", input, OUTPUT_MAX, 5000, &result, NULL), 0);
	runner_result_release(&result);
	free(input);
}

static void runner_run__stops_a_program_that_writes_too_much(void **state)
{
	struct runner_result result;
	struct err err = ERR_INIT;
	int64_t begin = deadline_now_ms();

	(void)state;
	assert_int_equal(
		shell("exec head -c 1073741824 /dev/zero", "", OUTPUT_MAX, 20000, &result, &err),
		-EMSGSIZE);
	assert_true(deadline_now_ms() - begin < 5000);
	assert_non_null(strstr(err_text(&err), "65536"));
}

static void runner_run__ends_a_program_that_hangs_with_its_children(void **state)
{
	struct runner_result result;
	struct err err = ERR_INIT;
	int64_t begin = deadline_now_ms();

	(void)state;
	assert_int_equal(shell("sleep 600 & sleep 600", "", OUTPUT_MAX, 200, &result, &err),
			 -ETIMEDOUT);
	assert_true(deadline_now_ms() - begin < 3000);
	assert_non_null(strstr(err_text(&err), "/bin/sh"));
}

/* ssh's master keeps stderr open after ssh has ended. */
static void runner_run__does_not_wait_for_a_survivor(void **state)
{
	struct runner_result result;
	int64_t begin = deadline_now_ms();

	(void)state;
	assert_int_equal(shell("sleep 3 & echo done", "", OUTPUT_MAX, 10000, &result, NULL), 0);
	assert_true(deadline_now_ms() - begin < 2000);
	assert_string_equal(result.output, "done\n");
	runner_result_release(&result);
}

static void runner_run__tells_missing_program_and_signal_apart(void **state)
{
	struct runner_result result;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(runner_run(&HERE, (const char *const[]){"/no/such/program", NULL}, "",
				    OUTPUT_MAX, deadline_in(1000), &result, &err),
			 -ENOENT);
	assert_non_null(strstr(err_text(&err), "/no/such/program"));
	assert_int_equal(shell("kill -SEGV $$", "", OUTPUT_MAX, 5000, &result, &err), -EIO);
	assert_non_null(strstr(err_text(&err), "signal 11"));
}

static void runner_run__gives_the_child_three_descriptors(void **state)
{
	struct runner_result result;
	int kept = dup(0);

	(void)state;
	assert_true(kept > 2);
	/* No pipe in the shell, which would hold its ends a moment; and not its last command. */
	assert_int_equal(shell("ls /proc/$$/fd; :", "", OUTPUT_MAX, 5000, &result, NULL), 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runner_run__gives_output_status_and_last_message),
		cmocka_unit_test(runner_run__passes_more_than_a_pipe_holds_both_ways),
		cmocka_unit_test(runner_run__survives_a_program_that_reads_nothing),
		cmocka_unit_test(runner_run__stops_a_program_that_writes_too_much),
		cmocka_unit_test(runner_run__ends_a_program_that_hangs_with_its_children),
		cmocka_unit_test(runner_run__does_not_wait_for_a_survivor),
		cmocka_unit_test(runner_run__tells_missing_program_and_signal_apart),
		cmocka_unit_test(runner_run__gives_the_child_three_descriptors),
		cmocka_unit_test(runner_transport_check__knows_what_is_legal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
