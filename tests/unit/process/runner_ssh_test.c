/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/runner_ssh.h"

static const char *const WORDS[] = {"lunmask-array-x", "masks", NULL};

/* Puts a script named ssh first in PATH, and runs the words through it. */
static int fake_ssh(const char *script, struct runner_result *result, struct err *err)
{
	const struct runner runner = {.transport = "ssh://u@array"};
	char dir[] = "/tmp/lunmask-ssh-XXXXXX";
	char file[64];
	char path[1024];
	char *before = strdup(getenv("PATH"));
	FILE *stream;
	int rc;

	assert_non_null(before);
	assert_non_null(mkdtemp(dir));
	(void)snprintf(file, sizeof(file), "%s/ssh", dir);
	(void)snprintf(path, sizeof(path), "%s:%s", dir, before);
	stream = fopen(file, "w");
	assert_non_null(stream);
	fprintf(stream, "#!/bin/sh\n%s\n", script);
	assert_int_equal(fclose(stream), 0);
	assert_int_equal(chmod(file, 0700), 0);
	assert_int_equal(setenv("PATH", path, 1), 0);
	rc = runner_run(&runner, WORDS, "{}", 65536, deadline_in(5000), result, err);
	assert_int_equal(setenv("PATH", before, 1), 0);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(dir), 0);
	free(before);
	return rc;
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
	} rows[] = {
		{"echo 'u@h: Permission denied (publickey).' >&2; exit 255", -EACCES},
		{"echo 'Host key verification failed.' >&2; exit 255", -EACCES},
		{"echo 'connect to host h port 22: Connection refused' >&2; exit 255",
		 -EHOSTUNREACH},
		{"exit 255", -EHOSTUNREACH},
		{"echo 'sh: lunmask-array-x: not found' >&2; exit 127", -ENOENT},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct runner_result result;
		struct err err = ERR_INIT;

		assert_int_equal(fake_ssh(rows[i].script, &result, &err), rows[i].rc);
		assert_non_null(strstr(err_text(&err), "ssh://u@array"));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runner_ssh_init__never_asks_and_never_guesses),
		cmocka_unit_test(runner_ssh_init__refuses_words_for_a_shell),
		cmocka_unit_test(runner_ssh_init__refuses_a_key_that_others_may_read),
		cmocka_unit_test(runner_run__tells_why_ssh_failed),
		cmocka_unit_test(runner_run__retries_once_without_a_broken_master),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
