/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/deadline.h"
#include "watch/fencing_query.h"

struct fixture {
	qb_loop_t *loop;
	char program[64];
	struct fencing_query *query;
	int calls;
	int rc;
	struct fencing_times times;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture->loop = qb_loop_create();
	assert_non_null(fixture->loop);
	(void)snprintf(fixture->program, sizeof(fixture->program), "/tmp/fencing_query_test.%d",
		       (int)getpid());
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	char go[80];

	fencing_query_free(fixture->query);
	(void)unlink(fixture->program);
	(void)snprintf(go, sizeof(go), "%s.go", fixture->program);
	(void)unlink(go);
	qb_loop_destroy(fixture->loop);
	free(fixture);
	return 0;
}

static void on_done(void *user, int rc, const struct fencing_times *times)
{
	struct fixture *fixture = user;

	fixture->calls++;
	fixture->rc = rc;
	fixture->times = *times;
	fencing_query_free(fixture->query);
	fixture->query = NULL;
	qb_loop_stop(fixture->loop);
}

static int ask(struct fixture *fixture, const char *script)
{
	int fd = open(fixture->program, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	int rc;

	assert_true(fd >= 0);
	assert_true(dprintf(fd, "#!/bin/sh\n%s\n", script) > 0);
	(void)close(fd);
	rc = fencing_query_new(fixture->loop, fixture->program, "node2", "node1", on_done, fixture,
			       &fixture->query, NULL);
	if (rc == 0) {
		qb_loop_run(fixture->loop);
	}
	return rc;
}

static void fencing_query__asks_for_the_node_and_reads_the_time(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ask(fixture, "[ \"$*\" = 'node2 node1' ] && echo 1795419629 17"), 0);
	assert_int_equal(fixture->calls, 1);
	assert_int_equal(fixture->rc, 0);
	assert_int_equal(fixture->times.fenced, 1795419629);
	assert_int_equal(fixture->times.unfenced, 17);
}

static void on_rest(void *data)
{
	struct fixture *fixture = data;

	char path[80];

	(void)snprintf(path, sizeof(path), "%s.go", fixture->program);
	(void)close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static void fencing_query__an_answer_is_complete_with_its_line(void **state)
{
	struct fixture *fixture = *state;
	qb_loop_timer_handle timer;

	/* The rest comes after the loop has had nothing else to do. */
	assert_int_equal(qb_loop_timer_add(fixture->loop, QB_LOOP_LOW, UINT64_C(100000000), fixture,
					   on_rest, &timer),
			 0);
	assert_int_equal(ask(fixture, "printf 17; until [ -e $0.go ]; do :; done; echo 95 0; "
				      "exec sleep 1800"),
			 0);
	assert_int_equal(fixture->rc, 0);
	assert_int_equal(fixture->times.fenced, 1795);
}

static void fencing_query__no_answer_is_an_error(void **state)
{
	static const char *const scripts[] = {
		"exit 1",     "printf 17", "echo nonsense",
		"echo 1 -5",  "echo",      "echo 1 2222222222222222222222222222222222222222222222",
		"kill -9 $$",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(scripts); i++) {
		fixture->rc = 0;
		assert_int_equal(ask(fixture, scripts[i]), 0);
		assert_true(fixture->rc < 0);
		assert_int_equal(fixture->calls, i + 1);
	}
}

static void fencing_query__a_program_that_is_not_there_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct err err;

	assert_int_equal(fencing_query_new(fixture->loop, "/nonexistent/x", "n", "m", on_done,
					   fixture, &fixture->query, &err),
			 -ENOENT);
	assert_non_null(strstr(err_text(&err), "/nonexistent/x"));
	assert_int_equal(fixture->calls, 0);
}

static void fencing_query_free__ends_the_program(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(fencing_query_new(fixture->loop, "/bin/cat", "/dev/zero", "/dev/zero",
					   on_done, fixture, &fixture->query, NULL),
			 0);
	fencing_query_free(fixture->query);
	fixture->query = NULL;
	assert_int_equal(fixture->calls, 0);
}

static void fencing_query_parse__takes_two_numbers_and_nothing_else(void **state)
{
	static const char *const wrong[] = {
		"",        "\n",       "1",       "1\n",
		"1 \n",    " 1\n",     "1\n2\n",  "1 2",
		"1 2 3\n", "1  2\n",   "1 0x1\n", "1 99999999999999999999\n",
		"1 2\n\n", "1 2\n3\n", "1 -2\n",  "99999999999999999999 1\n",
	};
	struct fencing_times times = {-1, -1};

	(void)state;
	assert_int_equal(fencing_query_parse("0 12\n", 5, &times), 0);
	assert_int_equal(times.fenced, 0);
	assert_int_equal(times.unfenced, 12);
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		assert_int_equal(fencing_query_parse(wrong[i], strlen(wrong[i]), &times), -EBADMSG);
	}
	assert_int_equal(times.unfenced, 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(fencing_query__asks_for_the_node_and_reads_the_time,
						setup, teardown),
		cmocka_unit_test_setup_teardown(fencing_query__an_answer_is_complete_with_its_line,
						setup, teardown),
		cmocka_unit_test_setup_teardown(fencing_query__no_answer_is_an_error, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			fencing_query__a_program_that_is_not_there_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(fencing_query_free__ends_the_program, setup,
						teardown),
		cmocka_unit_test(fencing_query_parse__takes_two_numbers_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
