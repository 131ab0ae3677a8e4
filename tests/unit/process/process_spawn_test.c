/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/process_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

/* Runs it to its end; its first output, without the newline. */
static void output_of(const char *script, unsigned int flags, int extra, char *ret, size_t size)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	int out[2];
	pid_t pid;
	int pidfd = -1;
	ssize_t bytes;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(process_spawn(&(struct process_spawn){.argv = argv,
							       .fds = {-1, out[1], out[1], extra},
							       .flags = flags},
				       &pid, &pidfd),
			 0);
	child_add(pid);
	fd_close(&out[1]);
	bytes = read(out[0], ret, size - 1);
	assert_true(bytes >= 0);
	ret[bytes] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	assert_int_equal(child_wait(pid), 0);
	fd_close(&out[0]);
	fd_close(&pidfd);
}

static void process_spawn__forbids_a_core(void **state)
{
	static const char limit[] = "awk '/^Max core/ {print $5, $6}' /proc/self/limits";
	char text[64];

	(void)state;
	output_of(limit, PROCESS_SPAWN_NO_CORE, -1, text, sizeof(text));
	assert_string_equal(text, "1 1");
}

static void process_spawn__gives_the_named_descriptors_and_no_other(void **state)
{
	static const char open_fds[] = "for n in $(seq 0 40); do "
				       "[ ! -e /proc/$$/fd/$n ] || r=$r$n' '; done; echo $r";
	char text[256];
	int zero = open("/dev/zero", O_RDONLY);
	int extra = fcntl(zero, F_DUPFD, 20); /* not close-on-exec: it would be inherited */

	(void)state;
	assert_true(extra >= 20);
	output_of(open_fds, 0, -1, text, sizeof(text));
	assert_string_equal(text, "0 1 2");
	output_of(open_fds, 0, extra, text, sizeof(text));
	assert_string_equal(text, "0 1 2 3");
	output_of("readlink /proc/$$/fd/0", 0, -1, text, sizeof(text));
	assert_string_equal(text, "/dev/null");
	output_of("readlink /proc/$$/fd/3", 0, extra, text, sizeof(text));
	assert_string_equal(text, "/dev/zero");
	(void)close(extra);
	(void)close(zero);
}

static void *fd_key(int fd)
{
	return (void *)(intptr_t)fd;
}

static int stdin_back(void *saved)
{
	int fd = (int)(intptr_t)saved;
	int rc = dup2(fd, 0);

	(void)close(fd);
	return rc;
}

/* Also where our own 0 to 3 are closed or stand in each other's place. */
static void process_spawn__places_descriptors_that_are_low(void **state)
{
	const char *const argv[] = {"sh", "-c", "echo good >&3", NULL};
	int out[2];
	char text[8] = "";
	pid_t pid;

	(void)state;
	undo_later(stdin_back, fd_key(fcntl(0, F_DUPFD_CLOEXEC, 100)));
	(void)close(0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(out[0], 0);
	assert_int_equal(
		process_spawn(&(struct process_spawn){.argv = argv, .fds = {1, 2, 1, out[1]}}, &pid,
			      NULL),
		0);
	child_add(pid);
	(void)close(out[1]);
	assert_int_equal(read(out[0], text, sizeof(text) - 1), 5);
	assert_string_equal(text, "good\n");
	assert_int_equal(child_wait(pid), 0);
}

static void process_spawn__says_why_a_program_cannot_be_run(void **state)
{
	const char *const argv[] = {"lunmask-no-such-program", NULL};
	struct process_spawn spawn = {.argv = argv, .fds = {-1, -1, -1, -1}};
	pid_t pid = 7;
	int pidfd;

	(void)state;
	assert_int_equal(process_spawn(&spawn, &pid, &pidfd), -ENOENT);
	assert_int_equal(pid, 0);
	spawn.argv = (const char *const[]){"/etc/passwd", NULL};
	assert_int_equal(process_spawn(&spawn, &pid, &pidfd), -EACCES);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* A child without room for the report's descriptor reports that, too. */
static void process_spawn__says_that_there_is_no_descriptor_left(void **state)
{
	const char *const argv[] = {"true", NULL};
	struct rlimit before, few;
	pid_t pid;
	int rc;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = 16;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	rc = process_spawn(&(struct process_spawn){.argv = argv, .fds = {-1, -1, -1, -1}}, &pid,
			   NULL);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(rc < 0);
	assert_int_equal(pid, 0);
}

static void process_spawn__resets_signals(void **state)
{
	char text[256];
	sigset_t all, before;
	uint64_t blocked, ignored;

	(void)state;
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	(void)signal(SIGPIPE, SIG_IGN);
	output_of("echo $(sed -n 's/^Sig[BI][lg][kn]:.//p' /proc/$$/status)", 0, -1, text,
		  sizeof(text));
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(sscanf(text, "%" SCNx64 " %" SCNx64, &blocked, &ignored), 2);
	assert_int_equal(blocked, 0);
	/* 32 and 33 are the C library's own, which no program may change. */
	assert_int_equal(ignored & ~(UINT64_C(3) << 31), 0);
}

static void process_spawn__makes_a_group_or_a_session(void **state)
{
	static const char group[] =
		"set -- $(cat /proc/$$/stat); [ $5 = $$ ] && echo $(($6 == $$))";
	char text[256];

	(void)state;
	output_of(group, PROCESS_SPAWN_GROUP, -1, text, sizeof(text));
	assert_string_equal(text, "0");
	output_of(group, PROCESS_SPAWN_SESSION, -1, text, sizeof(text));
	assert_string_equal(text, "1");
}

/* The one that started it dies: it does, too. */
static void process_spawn__bound_dies_with_its_parent(void **state)
{
	const char *const argv[] = {"sh", "-c", "echo on; exec sleep 1800", NULL};
	int out[2];
	char text[8];
	pid_t between;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	between = child_fork();
	if (between == 0) {
		struct process_spawn spawn = {
			.argv = argv, .fds = {-1, out[1], -1, -1}, .flags = PROCESS_SPAWN_BOUND};

		_exit(process_spawn(&spawn, &pid, NULL) == 0 ? (int)pause() : 1);
	}
	(void)close(out[1]);
	assert_int_equal(read(out[0], text, sizeof(text)), 3);
	child_kill(between);
	/* Its end of the pipe closes with it. */
	assert_int_equal(read(out[0], text, sizeof(text)), 0);
	(void)close(out[0]);
}

#define TEST(name) cmocka_unit_test_teardown(name, undo_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(process_spawn__forbids_a_core),
		TEST(process_spawn__gives_the_named_descriptors_and_no_other),
		TEST(process_spawn__places_descriptors_that_are_low),
		TEST(process_spawn__says_why_a_program_cannot_be_run),
		TEST(process_spawn__says_that_there_is_no_descriptor_left),
		TEST(process_spawn__resets_signals),
		TEST(process_spawn__makes_a_group_or_a_session),
		TEST(process_spawn__bound_dies_with_its_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
