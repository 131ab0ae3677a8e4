/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/chap.h"

#define SECRET "q7Rw-2mZx.Lt"
#define OTHER "bN8k,Vd3Tf=5Yh"

static char directory[64], own[96], target[96];
static struct chap chap;

static void file_write(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static int files_setup(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/chap_test.XXXXXX");
	if (mkdtemp(directory) == NULL) {
		return -1;
	}
	(void)snprintf(own, sizeof(own), "%s/own", directory);
	(void)snprintf(target, sizeof(target), "%s/target", directory);
	file_write(own, SECRET "\n", 0600);
	file_write(target, OTHER, 0400);
	chap = (struct chap){.secret_file = own, .target_user = (char *)"array"};
	chap.target_secret_file = target;
	return 0;
}

static int files_teardown(void **state)
{
	(void)unlink(own);
	(void)unlink(target);
	return undo_all(state) | rmdir(directory);
}

static void chap_read__gives_both_secrets(void **state)
{
	struct chap_secrets secrets;

	(void)state;
	assert_int_equal(chap_read(&chap, &secrets, NULL), 0);
	assert_string_equal(secrets.own, SECRET);
	assert_string_equal(secrets.target, OTHER);
	chap_wipe(&secrets);
	for (size_t i = 0; i < sizeof(secrets); i++) {
		assert_int_equal(((const char *)&secrets)[i], 0);
	}
}

static void chap_read__asks_for_no_secret_of_the_array_without_mutual_chap(void **state)
{
	struct chap_secrets secrets;

	(void)state;
	chap.target_user = chap.target_secret_file = NULL;
	assert_int_equal(chap_read(&chap, &secrets, NULL), 0);
	assert_string_equal(secrets.target, "");
}

static void chap_read__leaves_no_core(void **state)
{
	struct chap_secrets secrets;

	(void)state;
	assert_int_equal(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), 0);
	assert_int_equal(chap_read(&chap, &secrets, NULL), 0);
	assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
}

/* What is wrong is told, and never what is in the file. */
static void refused(const char *says)
{
	struct chap_secrets secrets;
	struct err err = ERR_INIT;

	assert_int_equal(chap_read(&chap, &secrets, &err), -EKEYREJECTED);
	if (strstr(err_text(&err), says) == NULL) {
		fail_msg("'%s' is not in '%s'", says, err_text(&err));
	}
	assert_null(strstr(err_text(&err), "q7Rw"));
	assert_int_equal(secrets.own[0], 0);
	assert_int_equal(secrets.target[0], 0);
}

static void chap_read__refuses_what_others_may_read(void **state)
{
	(void)state;
	assert_int_equal(chmod(own, 0640), 0);
	refused("its mode is 0640; use chmod 0600");
	assert_int_equal(chmod(own, 0600), 0);
	assert_int_equal(chmod(target, 0644), 0);
	refused("correct chap_target_secret_file '");
}

static void chap_read__refuses_what_is_no_secret(void **state)
{
	static const char *const wrong[] = {
		"",         "\n",       "q7Rw-2mZx.L", "q7Rw-2mZx.L\n",   SECRET "\n\n",
		SECRET " ", " " SECRET, SECRET "\r\n", SECRET "\xc3\xa4", SECRET "\n" SECRET "\n",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		file_write(own, wrong[i], 0600);
		refused("the secret must be one line of 12 to 128 printable characters");
	}
}

static void chap_read__knows_the_longest(void **state)
{
	g_autofree char *text = g_strnfill(CHAP_SECRET_MAX, 'x');
	g_autofree char *longer = g_strconcat(text, "x", NULL);
	struct chap_secrets secrets;

	(void)state;
	file_write(own, text, 0600);
	assert_int_equal(chap_read(&chap, &secrets, NULL), 0);
	assert_string_equal(secrets.own, text);
	file_write(own, longer, 0600);
	refused("the secret must be");
}

static void chap_read__refuses_one_secret_for_both(void **state)
{
	(void)state;
	file_write(target, SECRET, 0600);
	refused("make the secrets in '");
}

static void chap_read__tells_what_is_not_there(void **state)
{
	(void)state;
	assert_int_equal(unlink(own), 0);
	refused("' on this host: No such file or directory");
}

#define FILES_TEST(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILES_TEST(chap_read__gives_both_secrets),
		FILES_TEST(chap_read__asks_for_no_secret_of_the_array_without_mutual_chap),
		FILES_TEST(chap_read__leaves_no_core),
		FILES_TEST(chap_read__refuses_what_others_may_read),
		FILES_TEST(chap_read__refuses_what_is_no_secret),
		FILES_TEST(chap_read__knows_the_longest),
		FILES_TEST(chap_read__refuses_one_secret_for_both),
		FILES_TEST(chap_read__tells_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
