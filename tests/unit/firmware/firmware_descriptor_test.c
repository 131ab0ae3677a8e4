/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "firmware/firmware_descriptor.h"

#define FLASH(code, vars, features)                                                                \
	"{\"mapping\":{\"device\":\"flash\",\"executable\":{\"filename\":\"" code                  \
	"\"},\"nvram-template\":" vars "},\"features\":[" features "]}"
#define RAW(file) "{\"filename\":\"" file "\",\"format\":\"raw\"}"

static char *top;
static const char *folders[3];

static void put(size_t folder, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(folders[folder], name, NULL);

	assert_true(g_file_set_contents(path, text, -1, NULL));
}

static int setup(void **state)
{
	(void)state;
	top = g_dir_make_tmp("lunmask-firmware-XXXXXX", NULL);
	folders[0] = g_build_filename(top, "etc", NULL);
	folders[1] = g_build_filename(top, "usr", NULL);
	folders[2] = NULL;
	return g_mkdir(folders[0], 0700) != 0 || g_mkdir(folders[1], 0700) != 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		GDir *folder = g_dir_open(folders[i], 0, NULL);
		const char *name;

		while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
			g_autofree char *path = g_build_filename(folders[i], name, NULL);

			(void)g_unlink(path);
		}
		g_dir_close(folder);
		(void)g_rmdir(folders[i]);
		g_free((char *)(uintptr_t)folders[i]);
	}
	(void)g_rmdir(top);
	g_free(top);
	return 0;
}

static void template_is(const char *code, const char *const *features, int expected,
			const char *said)
{
	g_autofree char *file = NULL;
	struct err err = ERR_INIT;
	int rc = firmware_template_find(folders, code, features, &file, &err);

	assert_int_equal(rc, expected);
	if (rc == 0) {
		assert_string_equal(file, said);
	} else {
		assert_non_null(strstr(err_text(&err), said));
	}
}

static void firmware_template_find__follows_the_descriptors(void **state)
{
	static const char *const enrolled[] = {"secure-boot", "enrolled-keys", NULL};

	(void)state;
	put(1, "60-plain.json", FLASH("/c.fd", RAW("/v.fd"), ""));
	put(1, "50-secure.json", FLASH("/s.fd", RAW("/v.fd"), "\"secure-boot\""));
	put(1, "40-enrolled.json",
	    FLASH("/s.fd", RAW("/k.fd"), "\"secure-boot\",\"enrolled-keys\""));
	put(1, "30-qcow2.json",
	    FLASH("/q.fd", "{\"filename\":\"/q.qcow2\",\"format\":\"qcow2\"}", ""));
	put(1, "20-none.json", "not JSON");
	put(1, "10-bios.json", "{\"mapping\":{\"device\":\"memory\",\"filename\":\"/c.fd\"}}");
	put(1, "README", FLASH("/r.fd", RAW("/r"), ""));
	template_is("/c.fd", NULL, 0, "/v.fd");
	template_is("/s.fd", enrolled, 0, "/k.fd");
	template_is("/s.fd", enrolled + 2, 0, "/k.fd"); /* the first by name */
	template_is("/c.fd", enrolled, -ENOENT, "<nvram template=");
	template_is("/q.fd", NULL, -EINVAL, "format qcow2");
	template_is("/r.fd", NULL, -ENOENT, "'/r.fd'");
	put(0, "40-enrolled.json", "");
	template_is("/s.fd", NULL, 0, "/v.fd");
	put(0, "60-plain.json", FLASH("/c.fd", RAW("/mine.fd"), ""));
	template_is("/c.fd", NULL, 0, "/mine.fd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(firmware_template_find__follows_the_descriptors),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
