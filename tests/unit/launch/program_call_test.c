/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launch/program_call.h"

/* Sockets, time and what a program may write are tested by paths_round_test. */
struct fixture {
	qb_loop_t *loop;
	char path[40];
	struct program program;
	struct program_call *calls[PROGRAM_CHILDREN_MAX];
	size_t n_calls;
	int ends;
	enum program_end end;
	char answer[64];
};

static int setup(void **state)
{
	struct fixture *fixture = g_new0(struct fixture, 1);
	int fd;

	(void)strcpy(fixture->path, "/tmp/program-call-XXXXXX");
	fd = mkstemp(fixture->path);
	fixture->program = (struct program){.socket = "/nonexistent/s", .path = fixture->path};
	fixture->loop = qb_loop_create();
	*state = fixture;
	return fd < 0 || close(fd) < 0 || chmod(fixture->path, 0700) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < fixture->n_calls; i++) {
		program_call_free(fixture->calls[i]);
	}
	(void)unlink(fixture->path);
	qb_loop_destroy(fixture->loop);
	g_free(fixture);
	return undo_all(state);
}

static void program_make(const struct fixture *fixture, const char *script)
{
	int fd = open(fixture->path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(dprintf(fd, "#!/bin/sh\n%s\n", script) > 0);
	(void)close(fd);
}

static void on_done(void *user, enum program_end end, const char *data, size_t bytes)
{
	struct fixture *fixture = user;

	fixture->ends++;
	fixture->end = end;
	assert_int_equal(strlen(data), bytes);
	(void)g_strlcpy(fixture->answer, data, sizeof(fixture->answer));
	qb_loop_stop(fixture->loop);
}

static bool whole(const char *data, size_t bytes)
{
	return bytes > 0 && data[bytes - 1] == '\n';
}

static int begin(struct fixture *fixture, int timeout_ms)
{
	const struct program_call_options options = {.request = "hello\n",
						     .request_bytes = 6,
						     .answer_bytes_max = 60,
						     .timeout_ms = timeout_ms,
						     .whole = whole};
	struct program_call *call = NULL;
	int rc = program_call_new(fixture->loop, &fixture->program, &options, on_done, fixture,
				  &call);

	if (rc == 0) {
		assert_true(fixture->n_calls < PROGRAM_CHILDREN_MAX);
		fixture->calls[fixture->n_calls++] = call;
	}
	return rc;
}

static void program_call__gives_what_the_program_says_to_a_request(void **state)
{
	struct fixture *fixture = *state;

	program_make(fixture, "read a; echo \"$a you\"; exec sleep 1800");
	assert_int_equal(begin(fixture, 60000), 0);
	qb_loop_run(fixture->loop);
	assert_int_equal(fixture->ends, 1);
	assert_int_equal(fixture->end, PROGRAM_ANSWERED);
	assert_string_equal(fixture->answer, "hello you\n");
}

static void program_call__ends_a_program_that_hangs(void **state)
{
	struct fixture *fixture = *state;

	program_make(fixture, "exec sleep 1800");
	assert_int_equal(begin(fixture, 1), 0);
	qb_loop_run(fixture->loop);
	assert_int_equal(fixture->end, PROGRAM_TIMED_OUT);
}

static void program_call__has_so_many_children_and_no_more(void **state)
{
	struct fixture *fixture = *state;

	program_make(fixture, "exec sleep 1800");
	for (size_t i = 0; i < PROGRAM_CHILDREN_MAX; i++) {
		assert_int_equal(begin(fixture, 60000), 0);
	}
	assert_int_equal(begin(fixture, 60000), -EBUSY);
	program_call_free(fixture->calls[--fixture->n_calls]);
	assert_int_equal(begin(fixture, 60000), 0);
	assert_int_equal(fixture->ends, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(program_call__gives_what_the_program_says_to_a_request),
		TEST(program_call__ends_a_program_that_hangs),
		TEST(program_call__has_so_many_children_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
