/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <glib/gstdio.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "make/template_report.h"

#define XML                                                                                        \
	"<domain type='qemu'><name>@VM@</name><uuid>@UUID@</uuid><memory>@MEMORY_KIB@</memory>"    \
	"<os><type>hvm</type></os><devices><disk type='network' device='disk'>"                    \
	"<target dev='vda' bus='virtio'/></disk></devices></domain>"
#define CONF "[template]\nmemory = 1GiB\n[drive vda]\nsize = 1MiB\nimage = disk.raw\n"

static char *top;

static void file_write(const char *folder, const char *name, const char *text, size_t bytes)
{
	g_autofree char *path = g_build_filename(top, folder, NULL);
	g_autofree char *file = g_build_filename(path, name, NULL);

	assert_int_equal(g_mkdir_with_parents(path, 0755), 0);
	assert_true(g_file_set_contents(file, text, (gssize)bytes, NULL));
	assert_int_equal(g_chmod(file, 0644), 0);
}

static int templates_make(void **state)
{
	static const char zeros[2 << 20];

	(void)state;
	top = g_dir_make_tmp("report.XXXXXX", NULL);
	file_write("good", "template.conf", CONF, strlen(CONF));
	file_write("good", "domain.xml", XML, strlen(XML));
	file_write("good", "disk.raw", zeros, 4096);
	file_write("large", "template.conf", CONF, strlen(CONF));
	file_write("large", "domain.xml", XML, strlen(XML));
	file_write("large", "disk.raw", zeros, sizeof(zeros));
	file_write("broken", "template.conf", "[template]\n", 11);
	return g_setenv("LUNMASK_TEMPLATES", top, TRUE) ? 0 : -1;
}

static int templates_remove(void **state)
{
	g_autofree char *command = g_strdup_printf("rm -rf '%s'", top);

	(void)state;
	g_free(top);
	return system(command);
}

static char *printed(const struct template_report *report, enum output_as output, bool all)
{
	char *text = NULL;
	size_t bytes;
	FILE *file = open_memstream(&text, &bytes);

	assert_int_equal(template_report_print(report, output, all, file, NULL), 0);
	(void)fclose(file);
	return text;
}

static void report__has_all_and_what_is_wrong(void **state)
{
	struct template_report report;
	char *text;

	(void)state;
	assert_int_equal(template_report_get(NULL, false, deadline_in(60000), &report, NULL), 0);
	assert_int_equal(report.n, 3);
	assert_true(report.wrong);
	assert_null(report.seen[0].template);
	assert_non_null(strstr(report.seen[0].why, "memory"));
	assert_null(report.seen[1].why);
	assert_null(report.seen[2].why);
	text = printed(&report, OUTPUT_TEXT, false);
	assert_non_null(strstr(text, "broken               wrong: "));
	free(text);
	template_report_release(&report);
}

static void report__looks_at_images(void **state)
{
	g_autofree char *program = g_find_program_in_path("qemu-img");
	struct template_report report;
	char *text;

	(void)state;
	if (program == NULL) {
		skip();
	}
	assert_int_equal(template_report_get(NULL, true, deadline_in(60000), &report, NULL), 0);
	assert_null(report.seen[1].why);
	assert_int_equal(report.seen[1].image_bytes[0], 4096);
	assert_non_null(strstr(report.seen[2].why, "has a disk of 2MiB, and drive vda only 1MiB"));
	text = printed(&report, OUTPUT_TEXT, true);
	assert_non_null(strstr(text, "raw: a disk of 4KiB"));
	free(text);
	template_report_release(&report);
}

static void report__one_that_is_not_there_is_an_error(void **state)
{
	char *names[] = {(char *)"none", NULL};
	struct template_report report;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(template_report_get(names, false, deadline_in(60000), &report, &err),
			 -ENOENT);
	assert_non_null(strstr(err_text(&err), "there are: broken, good, large"));
	template_report_release(&report);
}

static void report__is_json_and_xml(void **state)
{
	char *names[] = {(char *)"good", NULL};
	struct template_report report;
	char *text;
	json_t *json;

	(void)state;
	assert_int_equal(template_report_get(names, false, deadline_in(60000), &report, NULL), 0);
	text = printed(&report, OUTPUT_JSON, true);
	json = json_loads(text, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(json, "templates")), 1);
	json_decref(json);
	free(text);
	text = printed(&report, OUTPUT_XML, true);
	assert_non_null(strstr(text, "<drive target=\"vda\" size_bytes=\"1048576\""));
	free(text);
	template_report_release(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(report__has_all_and_what_is_wrong),
		cmocka_unit_test(report__looks_at_images),
		cmocka_unit_test(report__one_that_is_not_there_is_an_error),
		cmocka_unit_test(report__is_json_and_xml),
	};

	return cmocka_run_group_tests_name("template_report", tests, templates_make,
					   templates_remove);
}
