/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "template/template.h"

#define HEAD "[template]\nmemory = 1GiB\n"
#define VDA "[drive vda]\nsize = 2GiB\n"

static struct template *parsed(const char *text)
{
	struct template *template = NULL;
	struct err err = ERR_INIT;

	if (template_parse(text, strlen(text), "/t/one", "one", &template, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	return template;
}

static void template_parse__fills_in_defaults(void **state)
{
	struct template *template = parsed(HEAD VDA "image = a.qcow2\n[drive sda]\nmedium = iso\n");

	(void)state;
	assert_string_equal(template->definition, "domain.xml");
	assert_int_equal(template->memory_bytes, 1 << 30);
	assert_int_equal(template->n_vcpus, 1);
	assert_string_equal(template->network, "default");
	assert_int_equal(template->n_drives, 2);
	assert_string_equal(template->drives[0].image, "/t/one/a.qcow2");
	assert_string_equal(template->drives[0].format, "qcow2");
	assert_string_equal(template->drives[0].class, "none");
	assert_int_equal(template->drives[0].size_bytes, UINT64_C(2) << 30);
	assert_string_equal(template->drives[1].medium, "iso");
	assert_null(template->drives[1].class);
	template_free(template);
}

static void template_parse__keeps_what_is_said(void **state)
{
	struct template *template =
		parsed(HEAD "vcpus = 4\nclass = mirror\nstate_size = 3GiB\n" VDA
			    "image = /srv/x.img\nformat = raw\nclass = raid6\n[drive vdb]\n"
			    "size = 1MiB\n");

	(void)state;
	assert_int_equal(template->n_vcpus, 4);
	assert_string_equal(template->drives[0].image, "/srv/x.img");
	assert_string_equal(template->drives[0].class, "raid6");
	assert_string_equal(template->drives[1].class, "mirror");
	assert_int_equal(template_state_bytes(template, 1), UINT64_C(3) << 30);
	template_free(template);
}

static void template_parse__refuses_and_says_why(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{HEAD, "there is no [drive TARGET]"},
		{"[template]\n" VDA, "memory"},
		{HEAD "color = red\n" VDA, "color"},
		{HEAD VDA "color = red\n", "color"},
		{"[template]\nmemory = 512\n" VDA, "is not a guest's memory"},
		{HEAD "vcpus = 0\n" VDA, "is not a number of CPUs"},
		{HEAD "definition = ../x.xml\n" VDA, "is not the name of a file"},
		{HEAD "[drive x]\nsize = 1GiB\n", "is not the target of a disk"},
		{HEAD "[drive vda]\n", "set size"},
		{HEAD VDA "medium = iso\n", "not both"},
		{HEAD "[drive sda]\nmedium = iso\nclass = raid5\n", "takes no image and no class"},
		{HEAD VDA "format = raw\n", "but no image"},
		{HEAD VDA "image = a\n", "set format"},
		{HEAD VDA "image = a.iso\nformat = nbd\n", "is not a format"},
		{HEAD VDA "image = ../a.iso\n", "is not the name of a file"},
		{HEAD VDA "class = a b\n", "is not a name"},
		{HEAD VDA "[drive nvram]\nsize = 528KiB\nimage = v.raw\n", "the first start fills"},
		{HEAD VDA "size = 3GiB\n", "size"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct template *template = NULL;
		struct err err = ERR_INIT;

		assert_int_equal(template_parse(rows[i].text, strlen(rows[i].text), "/t", "t",
						&template, &err),
				 -EINVAL);
		assert_null(template);
		if (strstr(err_text(&err), rows[i].why) == NULL) {
			fail_msg("%s: %s", rows[i].text, err_text(&err));
		}
	}
}

static void template_size_set__takes_drives_that_have_one(void **state)
{
	struct template *template = parsed(HEAD VDA "[drive sda]\nmedium = iso\n");
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(template_size_set(template, "vda=20GiB", NULL), 0);
	assert_int_equal(template->drives[0].size_bytes, UINT64_C(20) << 30);
	assert_int_equal(template_size_set(template, "sda=20GiB", &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "have a size: vda"));
	assert_int_equal(template_size_set(template, "vdx=1GiB", NULL), -EINVAL);
	assert_int_equal(template_size_set(template, "vda", NULL), -EINVAL);
	assert_int_equal(template_size_set(template, "vda=", NULL), -EINVAL);
	template_free(template);
}

static void template_state_bytes__has_room_for_the_memory(void **state)
{
	struct template *template = parsed(HEAD VDA);

	(void)state;
	assert_int_equal(template_state_bytes(template, UINT64_C(1) << 30),
			 (UINT64_C(1) << 30) + (128 << 20));
	assert_int_equal(template_state_bytes(template, UINT64_C(63) << 20), UINT64_C(128) << 20);
	template_free(template);
}

/* Folders */

struct place {
	char *top, *local, *shipped;
};

static void file_write(const char *folder, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	assert_int_equal(g_mkdir_with_parents(folder, 0755), 0);
	assert_true(g_file_set_contents(path, text, -1, NULL));
	assert_int_equal(g_chmod(path, 0644), 0);
}

static int place_make(void **state)
{
	struct place *place = g_new0(struct place, 1);

	place->top = g_dir_make_tmp("template.XXXXXX", NULL);
	place->local = g_build_filename(place->top, "local", NULL);
	place->shipped = g_build_filename(place->top, "shipped", NULL);
	*state = place;
	return place->top == NULL ? -1 : 0;
}

static int place_remove(void **state)
{
	struct place *place = *state;
	g_autofree char *command = g_strdup_printf("rm -rf '%s'", place->top);
	int rc = system(command);

	g_free(place->top);
	g_free(place->local);
	g_free(place->shipped);
	g_free(place);
	return rc;
}

static void one_write(const char *folder, const char *name, const char *memory)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *text = g_strdup_printf("[template]\nmemory = %s\n" VDA, memory);

	file_write(path, "template.conf", text);
	file_write(path, "domain.xml", "<domain/>");
}

static void template_find__prefers_the_first_folder(void **state)
{
	struct place *place = *state;
	const char *const folders[] = {place->local, place->shipped, NULL};
	struct template *template;
	struct err err = ERR_INIT;
	g_auto(GStrv) names = NULL;

	one_write(place->shipped, "b", "1GiB");
	one_write(place->shipped, "a", "1GiB");
	one_write(place->local, "a", "2GiB");
	assert_int_equal(template_find(folders, "a", &template, NULL), 0);
	assert_int_equal(template->memory_bytes, UINT64_C(2) << 30);
	assert_string_equal(template->xml, "<domain/>");
	template_free(template);
	names = template_names(folders);
	assert_int_equal(g_strv_length(names), 2);
	assert_string_equal(names[0], "a");
	assert_string_equal(names[1], "b");
	assert_int_equal(template_find(folders, "c", &template, &err), -ENOENT);
	assert_non_null(strstr(err_text(&err), "there are: a, b"));
	assert_int_equal(template_find(folders, "../shipped/b", &template, NULL), -ENOENT);
}

static void template_find__wants_files_that_only_root_writes(void **state)
{
	struct place *place = *state;
	const char *const folders[] = {place->local, NULL};
	g_autofree char *xml = g_build_filename(place->local, "a", "domain.xml", NULL);
	g_autofree char *conf = g_build_filename(place->local, "a", "template.conf", NULL);
	struct template *template;
	struct err err = ERR_INIT;

	one_write(place->local, "a", "1GiB");
	assert_int_equal(g_chmod(xml, 0666), 0);
	assert_int_equal(template_find(folders, "a", &template, &err), -EACCES);
	assert_non_null(strstr(err_text(&err), "domain.xml: its mode is 0666"));
	assert_int_equal(g_chmod(xml, 0644), 0);
	assert_int_equal(g_chmod(conf, 0664), 0);
	assert_int_equal(template_find(folders, "a", &template, NULL), -EACCES);
	assert_int_equal(g_chmod(conf, 0644), 0);
	assert_int_equal(g_unlink(xml), 0);
	assert_int_equal(template_find(folders, "a", &template, NULL), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(template_parse__fills_in_defaults),
		cmocka_unit_test(template_parse__keeps_what_is_said),
		cmocka_unit_test(template_parse__refuses_and_says_why),
		cmocka_unit_test(template_size_set__takes_drives_that_have_one),
		cmocka_unit_test(template_state_bytes__has_room_for_the_memory),
		cmocka_unit_test_setup_teardown(template_find__prefers_the_first_folder, place_make,
						place_remove),
		cmocka_unit_test_setup_teardown(template_find__wants_files_that_only_root_writes,
						place_make, place_remove),
	};

	return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
