/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver/account/account_file.h"
#include "driver/account/account_mark.h"

#define SECRET "q7Rw-2mZx.Lt"
#define OTHER "bN8k,Vd3Tf=5Yh"
#define GOOD "host iqn.2026-11.org.example:h1 " SECRET "\n"

static int read_text(const char *text, size_t bytes, mode_t mode, struct account_file *ret,
		     struct err *err)
{
	char path[] = "/tmp/account_file_test.XXXXXX";
	int fd = mkstemp(path);
	int rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, bytes), bytes);
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
	rc = account_file_read(path, ret, err);
	(void)unlink(path);
	return rc;
}

static void account_file_read__has_hosts_and_the_array(void **state)
{
	struct account_file file;
	struct err err = ERR_INIT;
	static const char text[] = "# who user secret\n\n" GOOD "\t array  san1\t" OTHER "  \n"
				   "host second " OTHER "2";

	(void)state;
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	assert_int_equal(read_text(text, strlen(text), 0600, &file, &err), 0);
	assert_int_equal(file.count, 3);
	assert_false(file.accounts[0].outgoing);
	assert_string_equal(file.accounts[0].user, "iqn.2026-11.org.example:h1");
	assert_string_equal(file.accounts[0].secret, SECRET);
	assert_true(file.accounts[1].outgoing);
	assert_string_equal(file.accounts[1].user, "san1");
	assert_string_equal(file.accounts[1].secret, OTHER);
	assert_string_equal(file.accounts[2].secret, OTHER "2");
	account_file_release(&file);
	assert_null(file.accounts);
	assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
}

static void account_file_read__refuses_what_others_may_read(void **state)
{
	struct account_file file;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(read_text(GOOD, strlen(GOOD), 0640, &file, &err), -EACCES);
	assert_non_null(strstr(err_text(&err), "chmod 0600"));
	assert_int_equal(account_file_read("/nowhere/accounts", &file, &err), -ENOENT);
	assert_non_null(strstr(err_text(&err), "/nowhere/accounts"));
}

static void account_file_read__says_where_and_never_what(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{"", "no host"},
		{"array san1 " SECRET "\n", "no host"},
		{GOOD "guest u " SECRET, ":2: a line is"},
		{GOOD "host u\n", ":2: a line is"},
		{GOOD "host u " SECRET " more\n", ":2: a line is"},
		{GOOD "host u too-short\n", ":2: the secret must be"},
		{GOOD "host u,v " SECRET, ":2: the user must be"},
		{GOOD "host u=v " SECRET, ":2: the user must be"},
		{GOOD "host lunmask:x " SECRET, ":2: the user must be"},
		{GOOD "host u\xc3\xa4 " SECRET, ":2: the user must be"},
		{GOOD "# c\n" GOOD, ":3: this user is in line 1"},
		{GOOD "array a " OTHER "\narray b " OTHER "2\n", ":3: there is one array"},
		{GOOD "array a " SECRET "\n", "other than those of the hosts"},
		{"array a " SECRET "\n" GOOD, "other than those of the hosts"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct account_file file;
		struct err err = ERR_INIT;

		assert_int_equal(read_text(rows[i].text, strlen(rows[i].text), 0600, &file, &err),
				 -EINVAL);
		if (strstr(err_text(&err), rows[i].why) == NULL ||
		    strstr(err_text(&err), SECRET) != NULL) {
			fail_msg("'%s', not '%s'", err_text(&err), rows[i].why);
		}
		assert_null(file.accounts);
	}
}

static void account_file_read__refuses_binary_and_endless_files(void **state)
{
	struct account_file file;
	struct err err = ERR_INIT;
	g_autofree char *many = g_strnfill(ACCOUNT_FILE_MAX_BYTES + 1, '\n');
	g_autoptr(GString) rows = g_string_new("");

	(void)state;
	assert_int_equal(read_text(GOOD "\0", strlen(GOOD) + 1, 0600, &file, &err), -EINVAL);
	assert_int_equal(read_text(many, ACCOUNT_FILE_MAX_BYTES + 1, 0600, &file, &err), -EINVAL);
	for (int i = 0; i <= ACCOUNT_FILE_MAX; i++) {
		g_string_append_printf(rows, "host u%d " SECRET "\n", i);
	}
	assert_int_equal(read_text(rows->str, rows->len, 0600, &file, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), ":257: "));
}

static void account_mark_new__fits_one_secret(void **state)
{
	g_autofree char *mark = account_mark_new("u1", SECRET);
	g_autofree char *again = account_mark_new("u1", SECRET);

	(void)state;
	assert_string_equal(account_mark_user(mark), "u1");
	assert_string_not_equal(mark, again);
	assert_true(account_mark_fits(mark, "u1", SECRET));
	assert_true(account_mark_fits(again, "u1", SECRET));
	assert_false(account_mark_fits(mark, "u1", OTHER));
	assert_false(account_mark_fits(mark, "u2", SECRET));
	assert_false(account_mark_fits("u1", "u1", SECRET));
	assert_null(account_mark_user("u1"));
	assert_null(account_mark_user("lunmask:closed"));
	assert_null(strstr(mark, SECRET));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(account_file_read__has_hosts_and_the_array),
		cmocka_unit_test(account_file_read__refuses_what_others_may_read),
		cmocka_unit_test(account_file_read__says_where_and_never_what),
		cmocka_unit_test(account_file_read__refuses_binary_and_endless_files),
		cmocka_unit_test(account_mark_new__fits_one_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
