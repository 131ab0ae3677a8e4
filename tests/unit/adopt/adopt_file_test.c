/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "adopt/adopt_file.h"

static char *folder, *inner;

static void store__is_roots_alone_and_comes_back(void **state)
{
	g_autofree char *path = adopt_file_path("web1");
	g_autofree char *text = NULL;
	g_autofree char *again = NULL;
	struct stat status;

	(void)state;
	assert_int_equal(adopt_file_load("web1", &text, NULL), -ENOENT);
	assert_int_equal(adopt_file_remove("web1", NULL), 0);
	assert_int_equal(adopt_file_store("web1", "<domain passwd='x'/>", NULL), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(stat(inner, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_int_equal(adopt_file_load("web1", &text, NULL), 0);
	assert_string_equal(text, "<domain passwd='x'/>");
	assert_int_equal(adopt_file_store("web1", "<domain/>", NULL), 0);
	assert_int_equal(adopt_file_load("web1", &again, NULL), 0);
	assert_string_equal(again, "<domain/>");
	assert_int_equal(adopt_file_remove("web1", NULL), 0);
	assert_int_equal(g_access(path, F_OK), -1);
}

/* What others could have written does not become a guest. */
static void load__trusts_nobody_else(void **state)
{
	g_autofree char *path = adopt_file_path("web1");
	char *text = NULL;

	(void)state;
	assert_int_equal(adopt_file_store("web1", "<domain/>", NULL), 0);
	assert_int_equal(g_chmod(path, 0644), 0);
	assert_int_equal(adopt_file_load("web1", &text, NULL), -EACCES);
	assert_null(text);
	assert_int_equal(adopt_file_remove("web1", NULL), 0);
}

static int place_make(void **state)
{
	(void)state;
	folder = g_dir_make_tmp("adopted.XXXXXX", NULL);
	inner = g_build_filename(folder, "adopted", NULL);
	return g_setenv(ADOPT_FILE_VARIABLE, inner, TRUE) ? 0 : -1;
}

static int place_remove(void **state)
{
	int rc;

	(void)state;
	(void)g_rmdir(inner);
	rc = g_rmdir(folder);
	g_free(inner);
	g_free(folder);
	return rc;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(store__is_roots_alone_and_comes_back),
		cmocka_unit_test(load__trusts_nobody_else),
	};

	return cmocka_run_group_tests_name("adopt_file", tests, place_make, place_remove);
}
