/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <utime.h>

#include "base/realtime.h"
#include "foreign/adopt_chain.h"

static int decode(const char *text, struct adopt_chain *ret, struct err *err)
{
	return adopt_chain_decode(text, strlen(text), ret, err);
}

#define FIRST                                                                                      \
	"{\"filename\": \"/a\", \"virtual-size\": 1000001, \"format\": \"qcow2\", "                \
	"\"full-backing-filename\": \"/b\", \"backing-filename\": \"b\""
#define SECOND "{\"filename\": \"/b\", \"virtual-size\": 512, \"format\": \"raw\"}"

static void decode__takes_the_whole_chain(void **state)
{
	struct adopt_chain chain;

	(void)state;
	assert_int_equal(decode("[" FIRST ", \"backing-filename-format\": \"raw\"}, " SECOND "]",
				&chain, NULL),
			 0);
	assert_int_equal(chain.files->len, 2);
	assert_string_equal(g_ptr_array_index(chain.files, 1), "/b");
	assert_int_equal(chain.bytes, 1000448);
	adopt_chain_release(&chain);
}

static void decode__refuses_and_says_why(void **state)
{
	static const struct {
		const char *text;
		int rc;
		const char *why;
	} rows[] = {
		{"", -EPROTO, "no JSON list"},
		{"{}", -EPROTO, "no JSON list"},
		{"[]", -EPROTO, "lists 0 files"},
		{"[{}]", -EPROTO, "did not say"},
		{"[{\"filename\": \"/a\", \"virtual-size\": 0}]", -EPROTO, "did not say"},
		{"[" FIRST "}, " SECOND "]", -EINVAL, "qemu-img rebase -u -F FORMAT -b /b /a"},
		{"[{\"filename\": \"nbd://x\", \"virtual-size\": 1}]", -EINVAL, "is no file"},
		{"[{\"filename\": \"json:{}\", \"virtual-size\": 1}]", -EINVAL, "is no file"},
		{"[{\"filename\": \"/a\", \"virtual-size\": 1, \"encrypted\": true}]", -EINVAL,
		 "is encrypted"},
		{"[{\"filename\": \"/a\", \"virtual-size\": 1, \"format-specific\": {\"data\": "
		 "{\"data-file\": \"d\"}}}]",
		 -EINVAL, "its data in another file"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct adopt_chain chain;
		struct err err = ERR_INIT;

		assert_int_equal(decode(rows[i].text, &chain, &err), rows[i].rc);
		if (strstr(err_text(&err), rows[i].why) == NULL) {
			fail_msg("%s", err_text(&err));
		}
		assert_null(chain.files);
	}
}

static char *folder;

static int run(const char *command)
{
	g_autofree char *text = g_strdup_printf("cd %s && %s >/dev/null 2>&1", folder, command);

	return system(text);
}

static void get__reads_what_the_guest_saw(void **state)
{
	g_autofree char *over = g_build_filename(folder, "over.qcow2", NULL);
	g_autofree char *base = g_build_filename(folder, "base.raw", NULL);
	g_autofree char *before = NULL;
	g_autofree char *now = NULL;
	struct adopt_chain chain;
	struct err err = ERR_INIT;
	struct utimbuf times = {.actime = 1, .modtime = 1};

	(void)state;
	if (run("qemu-img --version") != 0) {
		skip();
	}
	assert_int_equal(run("truncate -s 1M base.raw && qemu-img create -f qcow2 -b base.raw "
			     "-F raw over.qcow2"),
			 0);
	if (adopt_chain_get(over, "qcow2", deadline_in(60000), &chain, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	assert_int_equal(chain.bytes, 1 << 20);
	assert_string_equal(g_ptr_array_index(chain.files, 1), base);
	assert_int_equal(adopt_chain_stamp(&chain, &before, NULL), 0);
	assert_int_equal(adopt_chain_unchanged_since(&chain, realtime_now_ms() + 1, NULL), 0);
	assert_int_equal(adopt_chain_unchanged_since(&chain, 1, &err), -ESTALE);
	assert_int_equal(utime(base, &times), 0);
	assert_int_equal(adopt_chain_stamp(&chain, &now, NULL), 0);
	assert_string_not_equal(before, now);
	adopt_chain_release(&chain);
}

/* The definition decides what a file is: a guest could have written the other format's first bytes.
 */
static void get__does_not_guess(void **state)
{
	g_autofree char *file = g_build_filename(folder, "a", NULL);
	g_autofree char *pipe = g_build_filename(folder, "pipe", NULL);
	struct adopt_chain chain;
	struct err err = ERR_INIT;

	(void)state;
	if (run("qemu-img create -f qcow2 a 1G && mkfifo pipe") != 0) {
		skip();
	}
	assert_int_equal(adopt_chain_get(file, "raw", deadline_in(60000), &chain, &err), 0);
	assert_true(chain.bytes < 1 << 20);
	adopt_chain_release(&chain);
	assert_int_equal(adopt_chain_get(pipe, "raw", deadline_in(60000), &chain, &err), -EINVAL);
	assert_int_equal(
		adopt_chain_get("/does/not/exist", "raw", deadline_in(60000), &chain, &err),
		-ENOENT);
}

static int folder_make(void **state)
{
	(void)state;
	folder = g_dir_make_tmp("chain.XXXXXX", NULL);
	return folder == NULL ? -1 : 0;
}

static int folder_remove(void **state)
{
	int rc = run("rm -f -- *");

	(void)state;
	rc = rc == 0 ? g_rmdir(folder) : rc;
	g_free(folder);
	return rc;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decode__takes_the_whole_chain),
		cmocka_unit_test(decode__refuses_and_says_why),
		cmocka_unit_test_setup_teardown(get__reads_what_the_guest_saw, folder_make,
						folder_remove),
		cmocka_unit_test_setup_teardown(get__does_not_guess, folder_make, folder_remove),
	};

	return cmocka_run_group_tests_name("adopt_chain", tests, NULL, NULL);
}
