/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>

#include "output/json_xml.h"

static char *printed;

/* What it returns; printed has what it printed, without the first line. */
static int print(const char *text)
{
	json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
	size_t bytes;
	FILE *file;
	int rc;

	free(printed);
	printed = NULL;
	assert_non_null(json);
	file = open_memstream(&printed, &bytes);
	rc = json_xml_print(json, "listing", file);
	assert_int_equal(fclose(file), 0);
	json_decref(json);
	return rc;
}

static void is(const char *text, const char *want)
{
	assert_int_equal(print(text), 0);
	assert_non_null(strchr(printed, '\n'));
	assert_string_equal(strchr(printed, '\n') + 1, want);
}

static int teardown(void **state)
{
	(void)state;
	free(printed);
	printed = NULL;
	return 0;
}

static void json_xml__has_every_kind_of_value(void **state)
{
	(void)state;
	is("{\"index\": 4, \"active\": true, \"why\": null, \"share\": 0.5, \"a\": \"<&\\\"\"}",
	   "<listing index=\"4\" active=\"true\" share=\"0.5\" a=\"&lt;&amp;&quot;\"/>\n");
	is("[]", "<listing/>\n");
}

static void json_xml__lists_are_elements(void **state)
{
	(void)state;
	is("{\"tasks\": [{\"vm\": \"web1\", \"luns\": [\"a\", \"b\"]}], \"none\": [1]}",
	   "<listing>\n <tasks>\n  <task vm=\"web1\">\n   <luns>\n    <lun>a</lun>\n"
	   "    <lun>b</lun>\n   </luns>\n  </task>\n </tasks>\n <none>\n"
	   "  <item>1</item>\n </none>\n</listing>\n");
	is("[{\"node\": 1}]", "<listing>\n <item node=\"1\"/>\n</listing>\n");
}

/* An attribute would lose its lines. */
static void json_xml__a_text_of_lines_is_an_element(void **state)
{
	(void)state;
	is("{\"xml\": \"<a>\\n</a>\", \"b\": \"x\\u0001\"}",
	   "<listing b=\"x?\">\n <xml>&lt;a&gt;\n&lt;/a&gt;</xml>\n</listing>\n");
}

static void json_xml__refuses_what_xml_cannot_name(void **state)
{
	(void)state;
	assert_int_equal(print("{\"a b\": 1}"), -EINVAL);
	assert_string_equal(printed, "");
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(json_xml__has_every_kind_of_value),
		TEST(json_xml__lists_are_elements),
		TEST(json_xml__a_text_of_lines_is_an_element),
		TEST(json_xml__refuses_what_xml_cannot_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
