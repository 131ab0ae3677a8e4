/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "paths/paths_watch.h"

/* What the program reports is in a file, which the tests write. */
struct fixture {
	qb_loop_t *loop;
	char directory[32];
	char program[64], answer[80];
	struct program launch;
	struct paths_watch *watch;
	enum path_state wanted; /* the loop ends when the path has it */
	const char *trouble;    /* or when there is this trouble */
	size_t changes;
};

static const struct paths_settings settings = {.interval_ms = 200, .timeout_ms = 100};

static void on_changed(void *user, const struct paths_row *row, enum path_state before)
{
	struct fixture *fixture = user;

	(void)before;
	fixture->changes++;
	if (row->path.state == fixture->wanted) {
		qb_loop_stop(fixture->loop);
	}
}

static void on_measured(void *user)
{
	(void)user;
}

static void on_trouble(void *user, const char *why)
{
	struct fixture *fixture = user;

	if (fixture->trouble != NULL && strstr(why, fixture->trouble) != NULL) {
		qb_loop_stop(fixture->loop);
	}
}

static void file_make(const char *path, const char *text)
{
	g_autofree char *new = g_strconcat(path, ".new", NULL);

	assert_true(g_file_set_contents(new, text, -1, NULL));
	assert_int_equal(chmod(new, 0700), 0);
	assert_int_equal(rename(new, path), 0);
}

static int setup(void **state)
{
	static const struct paths_ops ops = {
		.changed = on_changed, .measured = on_measured, .trouble = on_trouble};
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	(void)strcpy(fixture->directory, "/tmp/paths-watch-XXXXXX");
	if (mkdtemp(fixture->directory) == NULL) {
		return -1;
	}
	(void)snprintf(fixture->program, sizeof(fixture->program), "%s/program",
		       fixture->directory);
	(void)snprintf(fixture->answer, sizeof(fixture->answer), "%s.answer", fixture->program);
	file_make(fixture->program, "#!/bin/sh\n"
				    "read round\n"
				    "case $round in *ports) echo 'ports san1 told' ;;\n"
				    "*) cat $0.answer ;; esac\n"
				    "echo end\n");
	fixture->launch = (struct program){.socket = "/nonexistent/s", .path = fixture->program};
	fixture->loop = qb_loop_create();
	fixture->watch =
		paths_watch_new(fixture->loop, &fixture->launch, &settings, "node1", &ops, fixture);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	paths_watch_free(fixture->watch);
	(void)unlink(fixture->program);
	(void)unlink(fixture->answer);
	(void)rmdir(fixture->directory);
	qb_loop_destroy(fixture->loop);
	free(fixture);
	return undo_all(state);
}

static void becomes(struct fixture *fixture, const char *line, enum path_state state)
{
	file_make(fixture->answer, line);
	fixture->wanted = state;
	qb_loop_run(fixture->loop);
	assert_int_equal(paths_count(paths_watch_table(fixture->watch)), 1);
	assert_int_equal(paths_at(paths_watch_table(fixture->watch), 0)->path.state, state);
}

#define UP "path san1 10.0.0.1:3260 configured up 5 \n"
#define DOWN "path san1 10.0.0.1:3260 configured down 0 because\n"

static void paths_watch__follows_what_is_measured(void **state)
{
	struct fixture *fixture = *state;

	becomes(fixture, UP, PATH_UP);
	becomes(fixture, DOWN, PATH_DOWN);
	becomes(fixture, UP, PATH_UP);
	assert_int_equal(fixture->changes, 3);
}

static void paths_watch__says_that_nothing_is_measured_and_goes_on(void **state)
{
	struct fixture *fixture = *state;
	const struct paths_row *row;

	becomes(fixture, UP, PATH_UP);
	fixture->trouble = "no lunmask.conf";
	file_make(fixture->answer, "failed there is no lunmask.conf\n");
	qb_loop_run(fixture->loop);
	fixture->trouble = "cannot start lunmask-paths";
	(void)unlink(fixture->program);
	qb_loop_run(fixture->loop);
	fixture->trouble = NULL;
	fixture->wanted = PATH_UNKNOWN;
	row = paths_at(paths_watch_table(fixture->watch), 0);
	if (row->path.state != PATH_UNKNOWN) { /* it may have become that meanwhile */
		qb_loop_run(fixture->loop);
	}
	assert_int_equal(row->path.state, PATH_UNKNOWN);
	assert_non_null(strstr(row->path.reason, "not measured any more: "));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(paths_watch__follows_what_is_measured),
		TEST(paths_watch__says_that_nothing_is_measured_and_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
