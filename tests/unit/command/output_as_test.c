/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "command/output_as.h"

static void choose__what_is_given(void **state)
{
	const struct {
		struct output_given given;
		int rc;
		enum output_as as;
		const char *text;
	} cases[] = {
		{{.as = NULL}, 0, OUTPUT_TEXT, ""},
		{{.as = (char[]){"text"}}, 0, OUTPUT_TEXT, ""},
		{{.as = (char[]){"json"}}, 0, OUTPUT_JSON, ""},
		{{.as = (char[]){"xml"}}, 0, OUTPUT_XML, ""},
		{{.json = TRUE}, 0, OUTPUT_JSON, ""},
		{{.xml = TRUE}, 0, OUTPUT_XML, ""},
		{{.as = (char[]){"xml"}, .xml = TRUE}, 0, OUTPUT_XML, ""},
		{{.as = (char[]){"JSON"}},
		 -EINVAL,
		 OUTPUT_TEXT,
		 "--output-as takes text, json or xml, not 'JSON'"},
		{{.json = TRUE, .xml = TRUE}, -EINVAL, OUTPUT_TEXT, "choose one: json or xml"},
		{{.as = (char[]){"text"}, .json = TRUE},
		 -EINVAL,
		 OUTPUT_TEXT,
		 "choose one: text or json"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		enum output_as as = OUTPUT_XML;
		struct err err = ERR_INIT;

		assert_int_equal(output_as_choose(&cases[i].given, &as, &err), cases[i].rc);
		assert_int_equal(as, cases[i].as);
		assert_string_equal(err_text(&err), cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(choose__what_is_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
