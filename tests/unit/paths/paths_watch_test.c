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

/* What the system and the loop refuse, in place of what they would do. */
static int timer_add_rc, timerfd_errno;

int __real_qb_loop_timer_add(struct qb_loop *loop, enum qb_loop_priority priority,
			     uint64_t nsec_duration, void *data, qb_loop_timer_dispatch_fn function,
			     qb_loop_timer_handle *ret);
int __wrap_qb_loop_timer_add(struct qb_loop *loop, enum qb_loop_priority priority,
			     uint64_t nsec_duration, void *data, qb_loop_timer_dispatch_fn function,
			     qb_loop_timer_handle *ret);
int __wrap_qb_loop_timer_add(struct qb_loop *loop, enum qb_loop_priority priority,
			     uint64_t nsec_duration, void *data, qb_loop_timer_dispatch_fn function,
			     qb_loop_timer_handle *ret)
{
	return timer_add_rc != 0 ? timer_add_rc
				 : __real_qb_loop_timer_add(loop, priority, nsec_duration, data,
							    function, ret);
}

int __real_timerfd_create(int clock, int flags);
int __wrap_timerfd_create(int clock, int flags);
int __wrap_timerfd_create(int clock, int flags)
{
	if (timerfd_errno != 0) {
		errno = timerfd_errno;
		return -1;
	}
	return __real_timerfd_create(clock, flags);
}

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

static const struct paths_ops ops = {
	.changed = on_changed, .measured = on_measured, .trouble = on_trouble};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	timer_add_rc = 0;
	timerfd_errno = 0;
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
	*state = fixture;
	return paths_watch_new(fixture->loop, &fixture->launch, &settings, "node1", &ops, fixture,
			       &fixture->watch, NULL);
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

static void unknown_comes(struct fixture *fixture)
{
	const struct paths_row *row = paths_at(paths_watch_table(fixture->watch), 0);

	fixture->trouble = NULL;
	fixture->wanted = PATH_UNKNOWN;
	if (row->path.state != PATH_UNKNOWN) { /* it may have become that meanwhile */
		qb_loop_run(fixture->loop);
	}
	assert_int_equal(row->path.state, PATH_UNKNOWN);
	assert_non_null(strstr(row->path.reason, "not measured any more: "));
}

static void paths_watch__says_that_nothing_is_measured_and_goes_on(void **state)
{
	struct fixture *fixture = *state;

	becomes(fixture, UP, PATH_UP);
	fixture->trouble = "no lunmask.conf";
	file_make(fixture->answer, "failed there is no lunmask.conf\n");
	qb_loop_run(fixture->loop);
	fixture->trouble = "cannot start lunmask-paths";
	(void)unlink(fixture->program);
	qb_loop_run(fixture->loop);
	unknown_comes(fixture);
}

/* A round is over then, with that error, and the next one is begun all the same. */
static void paths_watch__goes_on_where_the_loop_has_no_timer(void **state)
{
	struct fixture *fixture = *state;

	becomes(fixture, UP, PATH_UP);
	timer_add_rc = -ENOMEM;
	fixture->trouble = strerror(ENOMEM);
	qb_loop_run(fixture->loop);
	unknown_comes(fixture);
	timer_add_rc = 0;
	becomes(fixture, DOWN, PATH_DOWN);
}

static void paths_watch_new__fails_without_a_timer(void **state)
{
	struct fixture *fixture = *state;
	struct paths_watch *watch = NULL;
	struct err err = ERR_INIT;

	timerfd_errno = EMFILE;
	assert_int_equal(paths_watch_new(fixture->loop, &fixture->launch, &settings, "node1", &ops,
					 fixture, &watch, &err),
			 -EMFILE);
	timerfd_errno = 0;
	assert_null(watch);
	assert_non_null(strstr(err_text(&err), strerror(EMFILE)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(paths_watch__follows_what_is_measured),
		TEST(paths_watch__says_that_nothing_is_measured_and_goes_on),
		TEST(paths_watch__goes_on_where_the_loop_has_no_timer),
		TEST(paths_watch_new__fails_without_a_timer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
