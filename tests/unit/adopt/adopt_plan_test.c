/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <glib/gstdio.h>
#include <string.h>

#include "adopt/adopt_cluster.h"
#include "adopt/adopt_plan.h"

static void size__is_the_content_or_larger(void **state)
{
	char *sizes[] = {(char *)"vdab=1GiB", (char *)"vda=2MiB", (char *)"vdb=x", NULL};
	struct err err = ERR_INIT;
	uint64_t bytes = 0;

	(void)state;
	assert_int_equal(adopt_plan_size(NULL, "vda", 512, &bytes, &err), 0);
	assert_int_equal(bytes, 512);
	assert_int_equal(adopt_plan_size(sizes, "vdc", 1024, &bytes, &err), 0);
	assert_int_equal(bytes, 1024);
	assert_int_equal(adopt_plan_size(sizes, "vda", 512, &bytes, &err), 0);
	assert_int_equal(bytes, 2 << 20);
	assert_int_equal(adopt_plan_size(sizes, "vda", 4 << 20, &bytes, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "--size vda=2MiB is too small"));
	assert_int_equal(adopt_plan_size(sizes, "vdb", 512, &bytes, &err), -EINVAL);
}

#define DOMAIN(id, type, file)                                                                     \
	"<primitive id='" id "' class='ocf' provider='heartbeat' type='" type "'>"                 \
	"<instance_attributes id='i'><nvpair id='n' name='config' value='" file "'/>"              \
	"</instance_attributes></primitive>"

static void domains__are_found_in_groups(void **state)
{
	g_auto(GStrv) ids = adopt_cluster_domains(
		"<resources><group id='g'>" DOMAIN("one", "VirtualDomain", "/x/web1.xml")
			DOMAIN("two", "VirtualDomain", "/x/web2.xml") "</group>" DOMAIN(
				"three", "Other", "/x/web1.xml") "</resources>",
		"web1");
	g_auto(GStrv) wrong = adopt_cluster_domains("<x", "web1");

	(void)state;
	assert_int_equal(g_strv_length(ids), 1);
	assert_string_equal(ids[0], "one");
	assert_null(wrong);
}

static void file__is_known_by_its_content(void **state)
{
	g_autofree char *folder = g_dir_make_tmp("adopt.XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "other.xml", NULL);

	(void)state;
	assert_true(g_file_set_contents(path, "<domain><name>web1</name></domain>", -1, NULL));
	assert_true(adopt_cluster_file_is_of(path, "web1"));
	assert_false(adopt_cluster_file_is_of(path, "web2"));
	assert_false(adopt_cluster_file_is_of("/does/not/exist.xml", "web1"));
	assert_true(adopt_cluster_file_is_of("/does/not/exist/web1.xml", "web1"));
	assert_int_equal(g_unlink(path), 0);
	assert_int_equal(g_rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size__is_the_content_or_larger),
		cmocka_unit_test(domains__are_found_in_groups),
		cmocka_unit_test(file__is_known_by_its_content),
	};

	return cmocka_run_group_tests_name("adopt_plan", tests, NULL, NULL);
}
