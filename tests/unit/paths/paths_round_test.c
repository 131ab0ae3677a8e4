/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/deadline.h"
#include "paths/paths_round.h"

#define GOOD "path san1 10.0.0.1:3260 configured up 5 \nend\n"

struct fixture {
	qb_loop_t *loop;
	char directory[32];
	char program[64], socket[64];
	struct program launch;
	struct path_request request;
	struct paths_round *round;
	int calls;
	size_t n_paths; /* (size_t)-1: no report */
	char why[200];
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	(void)strcpy(fixture->directory, "/tmp/paths-round-XXXXXX");
	if (mkdtemp(fixture->directory) == NULL) {
		return -1;
	}
	(void)snprintf(fixture->program, sizeof(fixture->program), "%s/program",
		       fixture->directory);
	(void)snprintf(fixture->socket, sizeof(fixture->socket), "%s/socket", fixture->directory);
	fixture->launch = (struct program){.socket = fixture->socket, .path = fixture->program};
	fixture->request =
		(struct path_request){.node = "node1", .timeout_ms = 5000, .ask = PATH_ASK_ALL};
	fixture->loop = qb_loop_create();
	*state = fixture;
	return fixture->loop == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	int rc = undo_all(state);

	paths_round_free(fixture->round);
	(void)unlink(fixture->program);
	(void)unlink(fixture->socket);
	(void)rmdir(fixture->directory);
	qb_loop_destroy(fixture->loop);
	free(fixture);
	return rc;
}

static void on_done(void *user, const struct path_report *report, const char *why)
{
	struct fixture *fixture = user;

	fixture->calls++;
	fixture->n_paths = report != NULL ? report->n_paths : (size_t)-1;
	(void)g_strlcpy(fixture->why, why, sizeof(fixture->why));
	paths_round_free(fixture->round);
	fixture->round = NULL;
	qb_loop_stop(fixture->loop);
}

static int begin(struct fixture *fixture, struct err *err)
{
	return paths_round_new(fixture->loop, &fixture->launch, &fixture->request, on_done, fixture,
			       &fixture->round, err);
}

static void program_make(struct fixture *fixture, const char *script)
{
	int fd = open(fixture->program, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

	assert_true(fd >= 0);
	assert_true(dprintf(fd, "#!/bin/sh\n%s\n", script) > 0);
	(void)close(fd);
}

static void run(struct fixture *fixture, const char *script)
{
	program_make(fixture, script);
	assert_int_equal(begin(fixture, NULL), 0);
	qb_loop_run(fixture->loop);
	assert_int_equal(fixture->calls, 1);
	fixture->calls = 0;
}

static void paths_round__takes_the_report_of_a_child(void **state)
{
	struct fixture *fixture = *state;

	run(fixture, "read a; read b\n"
		     "[ \"$a $b\" = 'round node1 5000 all end' ] || exit 1\n"
		     "printf '" GOOD "'");
	assert_string_equal(fixture->why, "");
	assert_int_equal(fixture->n_paths, 1);
}

static void paths_round__waits_for_no_program_that_has_reported(void **state)
{
	struct fixture *fixture = *state;

	run(fixture, "printf 'path san1 10.0.0.1:3260 configured up 5 \\nen'\n"
		     "sleep 0.05; echo d; exec sleep 1800");
	assert_int_equal(fixture->n_paths, 1);
}

static void paths_round__says_what_is_wrong_with_a_program(void **state)
{
	static const struct {
		const char *script, *why;
	} cases[] = {
		{"exit 1", "ended without a report"},
		{"kill -KILL $$", "ended without a report"},
		{"echo garbage", "no report"},
		{"printf 'path san1 10.0.0.1:3260 configured up 5 \\n'", "no report"},
		{"exec cat /dev/zero", "more than a report may have"},
		{"while :; do echo failed x; done", "more than a report may have"},
		{"echo end; echo end", ""}, /* whatever comes first */
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		run(fixture, cases[i].script);
		if (cases[i].why[0] != '\0') {
			assert_int_equal(fixture->n_paths, (size_t)-1);
			assert_non_null(strstr(fixture->why, cases[i].why));
		}
	}
}

static void paths_round__kills_its_child(void **state)
{
	struct fixture *fixture = *state;
	char text[32] = "", file[80];
	pid_t pid;

	(void)snprintf(file, sizeof(file), "%s.pid", fixture->program);
	program_make(fixture, "echo $$ >$0.tmp; mv $0.tmp $0.pid; exec sleep 1800");
	assert_int_equal(begin(fixture, NULL), 0);
	wait_until(access(file, R_OK) == 0);
	{
		int fd = open(file, O_RDONLY | O_CLOEXEC);

		assert_true(read(fd, text, sizeof(text) - 1) > 0);
		(void)close(fd);
		(void)unlink(file);
	}
	pid = atoi(text);
	assert_true(pid > 1);
	assert_false(process_ended(pid));
	paths_round_free(fixture->round);
	fixture->round = NULL;
	wait_until(process_ended(pid));
	assert_int_equal(fixture->calls, 0);
}

static void paths_round__says_that_there_is_no_program(void **state)
{
	struct fixture *fixture = *state;
	struct err err = ERR_INIT;

	assert_int_equal(begin(fixture, &err), -ENOENT);
	assert_non_null(strstr(err_text(&err), "cannot start lunmask-paths"));
	(void)strcpy(fixture->request.node, "a b");
	assert_int_equal(begin(fixture, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "a b"));
}

/* As systemd does: a program for each connection, with it as stdin and stdout. */
static void serve(struct fixture *fixture, const char *script)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)strcpy(address.sun_path, fixture->socket);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 8), 0);
	if (child_fork() == 0) {
		int fd = accept(listener, NULL, NULL);

		(void)dup2(fd, 0);
		(void)dup2(fd, 1);
		(void)execl("/bin/sh", "sh", "-c", script, NULL);
		_exit(1);
	}
	(void)close(listener);
}

static void paths_round__goes_to_the_socket_if_somebody_listens(void **state)
{
	struct fixture *fixture = *state;

	program_make(fixture, "echo 'failed not this one'; echo end");
	serve(fixture, "read a; read b; [ \"$b\" = end ] && printf '" GOOD "'");
	assert_int_equal(begin(fixture, NULL), 0);
	qb_loop_run(fixture->loop);
	assert_int_equal(fixture->n_paths, 1);
	/* It is gone, and its socket is still there. */
	assert_int_equal(begin(fixture, NULL), 0);
	qb_loop_run(fixture->loop);
	assert_int_equal(fixture->calls, 2);
	assert_int_equal(fixture->n_paths, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(paths_round__takes_the_report_of_a_child),
		TEST(paths_round__waits_for_no_program_that_has_reported),
		TEST(paths_round__says_what_is_wrong_with_a_program),
		TEST(paths_round__kills_its_child),
		TEST(paths_round__says_that_there_is_no_program),
		TEST(paths_round__goes_to_the_socket_if_somebody_listens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
