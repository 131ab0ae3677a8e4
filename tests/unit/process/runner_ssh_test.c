/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/process.h"
#include "process/runner_ssh.h"

static const char *const WORDS[] = {"lunmask-array-x", "masks", NULL};

static char dir[32];

static const char *in_dir(const char *name)
{
	static char path[64];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int dir_end(void *unused)
{
	static const char *const names[] = {"ssh", "pid", "go", "done"};

	(void)unused;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		(void)unlink(in_dir(names[i]));
	}
	return rmdir(dir);
}

/* Puts a script named ssh first in PATH. $d is its directory. */
static void script_put(const char *script)
{
	char path[1024];
	FILE *stream;

	if (undo_not(dir_end, NULL)) {
		(void)dir_end(NULL);
	}
	(void)strcpy(dir, "/tmp/lunmask-ssh-XXXXXX");
	assert_non_null(mkdtemp(dir));
	undo_later(dir_end, NULL);
	(void)snprintf(path, sizeof(path), "%s:%s", dir, getenv("PATH"));
	undo_setenv("PATH", path);
	stream = fopen(in_dir("ssh"), "we");
	assert_non_null(stream);
	fprintf(stream, "#!/bin/sh\nd=%s\n%s\n", dir, script);
	assert_int_equal(fclose(stream), 0);
	assert_int_equal(chmod(in_dir("ssh"), 0700), 0);
}

static int words_run(const char *transport, const char *const words[], struct runner_result *result,
		     struct err *err)
{
	const struct runner runner = {.transport = transport};

	return runner_run(&runner, words, "{}", 65536, deadline_in(TEST_LIMIT_MS), result, err);
}

/* Runs the words through this ssh. */
static int fake_ssh(const char *script, struct runner_result *result, struct err *err)
{
	script_put(script);
	return words_run("ssh://u@array", WORDS, result, err);
}

static bool has(const struct runner_ssh *ssh, const char *word)
{
	for (size_t i = 0; ssh->argv[i] != NULL; i++) {
		if (strcmp(ssh->argv[i], word) == 0) {
			return true;
		}
	}
	return false;
}

static void runner_ssh_init__never_asks_and_never_guesses(void **state)
{
	const struct runner runner = {.transport = "ssh://u@[fe80::1]:2222"};
	struct runner_ssh ssh;

	(void)state;
	assert_int_equal(runner_ssh_init(&ssh, &runner, WORDS, false, deadline_in(4000), NULL), 0);
	assert_true(has(&ssh, "BatchMode=yes"));
	assert_true(has(&ssh, "StrictHostKeyChecking=yes"));
	assert_true(has(&ssh, "ControlPath=none"));
	assert_true(has(&ssh, "fe80::1") && has(&ssh, "2222") && has(&ssh, "u"));
	assert_true(has(&ssh, "masks"));
}

static void runner_ssh_init__refuses_words_for_a_shell(void **state)
{
	static const char *const bad[] = {"a b", "a;b", "$(x)", "a'b", "", "a\nb"};
	const struct runner runner = {.transport = "ssh://h"};
	struct runner_ssh ssh;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		const char *const words[] = {"driver", bad[i], NULL};

		assert_int_equal(
			runner_ssh_init(&ssh, &runner, words, false, deadline_in(1000), NULL),
			-EINVAL);
	}
}

static void runner_ssh_init__refuses_a_key_that_others_may_read(void **state)
{
	char file[] = "/tmp/lunmask-key-XXXXXX";
	const struct runner runner = {.transport = "ssh://h", .identity = file};
	struct runner_ssh ssh;
	struct err err = ERR_INIT;
	int fd = mkstemp(file);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_int_equal(runner_ssh_init(&ssh, &runner, WORDS, false, deadline_in(1000), &err),
			 -EACCES);
	assert_non_null(strstr(err_text(&err), "chmod 600"));
	assert_int_equal(fchmod(fd, 0400), 0);
	assert_int_equal(runner_ssh_init(&ssh, &runner, WORDS, false, deadline_in(1000), &err), 0);
	(void)close(fd);
	(void)unlink(file);
	assert_int_equal(runner_ssh_init(&ssh, &runner, WORDS, false, deadline_in(1000), &err),
			 -EACCES);
}

static void runner_run__tells_why_ssh_failed(void **state)
{
	static const struct {
		const char *script;
		int rc;
		const char *says;
	} rows[] = {
		{"echo 'u@h: Permission denied (publickey).' >&2; exit 255", -EACCES, "ssh key"},
		{"echo 'Received disconnect: Too many authentication failures' >&2; exit 255",
		 -EACCES, "was refused"},
		/* ssh's last line is the same for a host that is not known, and for another key. */
		{"echo 'No ED25519 host key is known for h and you have requested strict "
		 "checking.' >&2; echo 'Host key verification failed.' >&2; exit 255",
		 -EACCES, "known_hosts has no host key for it, or another"},
		{"echo 'connect to host h port 22: Connection refused' >&2; exit 255",
		 -EHOSTUNREACH, "Connection refused"},
		{"echo 'ssh: Could not resolve hostname h: Name or service not known' >&2; "
		 "exit 255",
		 -EHOSTUNREACH, "Could not resolve"},
		{"echo 'Bad owner or permissions on /root/.ssh/config' >&2; exit 255",
		 -EHOSTUNREACH, "/root/.ssh/config"},
		{"exit 255", -EHOSTUNREACH, "ssh gave no reason"},
		{"echo 'sh: lunmask-array-x: not found' >&2; exit 127", -ENOENT,
		 "'lunmask-array-x' was not found"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct runner_result result;
		struct err err = ERR_INIT;

		assert_int_equal(fake_ssh(rows[i].script, &result, &err), rows[i].rc);
		assert_non_null(strstr(err_text(&err), "ssh://u@array"));
		assert_non_null(strstr(err_text(&err), rows[i].says));
	}
}

static void runner_run__retries_once_without_a_broken_master(void **state)
{
	struct runner_result result;
	struct err err = ERR_INIT;
	static const char script[] =
		"case \"$*\" in *ControlPath=none*) echo fine; exit 0;; esac\n"
		"echo 'mux_client_hello_exchange: read packet failed' >&2; exit 255";

	(void)state;
	assert_int_equal(fake_ssh(script, &result, &err), 0);
	assert_string_equal(result.output, "fine\n");
	runner_result_release(&result);
}

/* The process that waits for the words is killed while they run. Their pid. */
static pid_t kill_in_the_middle(const char *transport, const char *const words[])
{
	struct runner_result result;
	char text[32] = "";
	pid_t agent = child_fork();

	if (agent == 0) {
		(void)words_run(transport, words, &result, NULL);
		_exit(0);
	}
	wait_until(process_file_read(in_dir("pid"), text, sizeof(text)) > 1);
	child_kill(agent);
	text[strcspn(text, "\n")] = '\0';
	return process_pid_from_str(text);
}

/* What is still on its way never arrives. */
static void runner_run__ssh_ends_with_who_started_it(void **state)
{
	pid_t ssh;

	(void)state;
	script_put("trap '' TERM HUP; echo $$ >$d/pid; exec sleep 1800");
	ssh = kill_in_the_middle("ssh://u@array", WORDS);
	assert_true(ssh > 0);
	wait_until(process_ended(ssh));
}

/* It holds the array's lock: half of a batch would be worse than all of it. */
static void runner_run__a_driver_here_goes_on(void **state)
{
	const char *words[] = {NULL, NULL};

	(void)state;
	script_put("echo $$ >$d/pid; until [ -e $d/go ]; do :; done; echo >$d/done");
	words[0] = g_intern_string(in_dir("ssh"));
	assert_true(kill_in_the_middle("exec", words) > 0);
	assert_int_equal(symlink("/dev/null", in_dir("go")), 0);
	wait_until(access(in_dir("done"), F_OK) == 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, undo_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(runner_ssh_init__never_asks_and_never_guesses),
		TEST(runner_ssh_init__refuses_words_for_a_shell),
		TEST(runner_ssh_init__refuses_a_key_that_others_may_read),
		TEST(runner_run__tells_why_ssh_failed),
		TEST(runner_run__retries_once_without_a_broken_master),
		TEST(runner_run__ssh_ends_with_who_started_it),
		TEST(runner_run__a_driver_here_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
