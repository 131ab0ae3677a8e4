/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tidy/tidy_round.h"

static char told[2048];

static void on_told(void *user, const struct tidy_result *result)
{
	size_t at = strlen(told);

	(void)user;
	(void)snprintf(told + at, sizeof(told) - at, "%s|%s|%s\n", result->vm, result->revoked,
		       result->why);
}

static void parsed(const char *text, const char *wanted)
{
	struct err err = ERR_INIT;

	told[0] = '\0';
	if (tidy_round_parse(text, strlen(text), on_told, NULL, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	assert_string_equal(told, wanted);
}

static void tidy_round_parse__tells_what_was_done_and_what_was_not(void **state)
{
	(void)state;
	parsed("{\"vms\":[]}", "");
	parsed("{\"vms\":[{\"vm\":\"web1\",\"looked_at\":true,\"strays\":["
	       "{\"lun\":\"root\",\"end\":\"removed\",\"why\":\"x\"},"
	       "{\"lun\":\"data\",\"end\":\"removed\",\"why\":\"x\"}],"
	       "\"releases\":[{\"end\":\"ended\",\"why\":\"y\"}]},"
	       "{\"vm\":\"web2\",\"looked_at\":false,\"why\":\"no answer\"}]}",
	       "web1|root data|\nweb2||no answer\n");
	parsed("{\"vms\":[{\"vm\":\"web1\",\"strays\":["
	       "{\"lun\":\"root\",\"end\":\"failed\",\"why\":\"x\"}],"
	       "\"releases\":[{\"end\":\"left\",\"why\":\"y\"}]}]}",
	       "web1||x\n");
	parsed("{\"vms\":[{\"vm\":\"web1\",\"strays\":[],"
	       "\"releases\":[{\"end\":\"left\",\"why\":\"y\"}]}]}",
	       "web1||y\n");
}

static void tidy_round_parse__refuses_other_text(void **state)
{
	static const char *const texts[] = {"", "{", "[]", "{\"vms\":1}", "null", "garbage"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		assert_int_equal(tidy_round_parse(texts[i], strlen(texts[i]), on_told, NULL, NULL),
				 -EBADMSG);
	}
}

static int file_remove(void *path)
{
	int rc = unlink(path);

	g_free(path);
	return rc;
}

/* A lunmask command of this text. */
static const char *command(const char *text)
{
	char *path = g_strdup("/tmp/lunmask-tidy-XXXXXX");
	int fd = mkstemp(path);
	FILE *file;

	assert_true(fd >= 0);
	undo_later(file_remove, path);
	file = fdopen(fd, "w");
	assert_non_null(file);
	(void)fprintf(file, "#!/bin/sh\n%s\n", text);
	assert_int_equal(fchmod(fd, 0700), 0);
	(void)fclose(file);
	return path;
}

static void tidy_round__runs_the_command_for_these_vms(void **state)
{
	static const char *const vms[] = {"web1", "web2"};
	struct err err = ERR_INIT;

	(void)state;
	told[0] = '\0';
	assert_int_equal(tidy_round(command("echo \"{\\\"vms\\\":[{\\\"vm\\\":\\\"$*\\\"}]}\""),
				    vms, 2, on_told, NULL, &err),
			 0);
	assert_string_equal(told, "reconcile --own --json --timeout 20 -- web1 web2||\n");
}

static void tidy_round__says_why_there_is_no_answer(void **state)
{
	static const char *const vms[] = {"web1"};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(tidy_round(command("echo 'lunmask: no cluster' >&2; exit 7"), vms, 1,
				    on_told, NULL, &err),
			 -EIO);
	assert_string_equal(err_text(&err), "lunmask reconcile --own: lunmask: no cluster");
	err = (struct err)ERR_INIT;
	assert_int_equal(tidy_round(command("kill -9 $$"), vms, 1, on_told, NULL, &err), -EIO);
	assert_true(tidy_round("/nonexistent/lunmask", vms, 1, on_told, NULL, NULL) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tidy_round_parse__tells_what_was_done_and_what_was_not),
		cmocka_unit_test(tidy_round_parse__refuses_other_text),
		cmocka_unit_test_teardown(tidy_round__runs_the_command_for_these_vms, undo_all),
		cmocka_unit_test_teardown(tidy_round__says_why_there_is_no_answer, undo_all),
	};

	return cmocka_run_group_tests_name("tidy_round", tests, NULL, NULL);
}
