/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <glib/gstdio.h>
#include <string.h>

#include "template/template_image.h"

static int decode(const char *text, const char *format, uint64_t *ret, struct err *err)
{
	return template_image_decode(text, strlen(text), format, ret, err);
}

static void decode__takes_the_size(void **state)
{
	uint64_t bytes = 0;

	(void)state;
	assert_int_equal(decode("{\"virtual-size\": 1073741824, \"format\": \"qcow2\", "
				"\"format-specific\": {\"data\": {\"compat\": \"1.1\"}}}",
				"qcow2", &bytes, NULL),
			 0);
	assert_int_equal(bytes, 1 << 30);
}

static void decode__refuses_and_says_why(void **state)
{
	static const struct {
		const char *text;
		int rc;
		const char *why;
	} rows[] = {
		{"", -EPROTO, "no JSON object"},
		{"[]", -EPROTO, "no JSON object"},
		{"{\"format\": \"raw\"}", -EPROTO, "did not say"},
		{"{\"format\": \"raw\", \"virtual-size\": -1}", -EPROTO, "did not say"},
		{"{\"format\": \"qcow2\", \"virtual-size\": 512}", -EINVAL, "looks like qcow2"},
		{"{\"format\": \"raw\", \"virtual-size\": 512, \"backing-filename\": \"x\"}",
		 -EINVAL, "refers to another file"},
		{"{\"format\": \"raw\", \"virtual-size\": 512, \"format-specific\": {\"data\": "
		 "{\"data-file\": \"x\"}}}",
		 -EINVAL, "refers to another file"},
		{"{\"format\": \"raw\", \"virtual-size\": 512, \"encrypted\": true}", -EINVAL,
		 "encrypted"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct err err = ERR_INIT;
		uint64_t bytes;

		assert_int_equal(decode(rows[i].text, "raw", &bytes, &err), rows[i].rc);
		if (strstr(err_text(&err), rows[i].why) == NULL) {
			fail_msg("%s: %s", rows[i].text, err_text(&err));
		}
	}
}

static void guess__goes_by_the_ending(void **state)
{
	g_autofree char *format = NULL;
	char *none = NULL;

	(void)state;
	assert_int_equal(template_image_format_guess("/a/b.vmdk", &format, NULL), 0);
	assert_string_equal(format, "vmdk");
	assert_int_equal(template_image_format_guess("/a/b.img", &none, NULL), -EINVAL);
	assert_null(none);
}

/* The real qemu-img, which is there wherever lunmask runs. */
static void look__asks_qemu_img(void **state)
{
	g_autofree char *program = g_find_program_in_path("qemu-img");
	g_autofree char *folder = g_dir_make_tmp("image.XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "a.raw", NULL);
	struct err err = ERR_INIT;
	uint64_t bytes = 0;
	int rc;

	(void)state;
	if (program == NULL) {
		skip();
	}
	assert_true(g_file_set_contents(path, "0123456789", 10, NULL));
	assert_int_equal(g_chmod(path, 0600), 0);
	rc = template_image_look(path, "raw", deadline_in(60000), &bytes, &err);
	if (rc != 0) {
		fail_msg("%s", err_text(&err));
	}
	assert_int_equal(bytes, 512);
	assert_int_equal(template_image_look(path, "qcow2", deadline_in(60000), &bytes, NULL),
			 -EINVAL);
	assert_int_equal(g_chmod(path, 0666), 0);
	assert_int_equal(template_image_look(path, "raw", deadline_in(60000), &bytes, NULL),
			 -EACCES);
	assert_int_equal(g_unlink(path), 0);
	assert_int_equal(template_image_look(path, "raw", deadline_in(60000), &bytes, NULL),
			 -ENOENT);
	assert_int_equal(g_rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decode__takes_the_size),
		cmocka_unit_test(decode__refuses_and_says_why),
		cmocka_unit_test(guess__goes_by_the_ending),
		cmocka_unit_test(look__asks_qemu_img),
	};

	return cmocka_run_group_tests_name("template_image", tests, NULL, NULL);
}
