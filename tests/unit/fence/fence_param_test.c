/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fence/fence_param.h"
#include "fence_fixture.h"

static struct fence_call call;

static int call_begin(void **state)
{
	(void)state;
	call = (struct fence_call){.agent = &fixture_agent};
	return 0;
}

static int call_end(void **state)
{
	(void)state;
	fence_param_release(&call);
	return 0;
}

static int input(const char *text, struct err *err)
{
	FILE *stream = fmemopen((void *)(size_t)text, strlen(text), "r");
	int rc;

	assert_non_null(stream);
	rc = fence_param_read(&call, stream, err);
	(void)fclose(stream);
	return rc;
}

static int arguments(struct err *err, int argc, const char *const *words)
{
	char *argv[16] = {NULL};
	int rc;

	for (int i = 0; i < argc; i++) {
		argv[i] = strdup(words[i]);
	}
	rc = fence_param_parse(&call, argc, argv, err);
	for (int i = 0; i < argc; i++) {
		free(argv[i]);
	}
	return rc;
}
#define ARGUMENTS(err, ...)                                                                        \
	arguments(                                                                                 \
		err,                                                                               \
		(int)(sizeof((const char *const[]){"fence_unit", __VA_ARGS__}) / sizeof(char *)),  \
		(const char *const[]){"fence_unit", __VA_ARGS__})

static void read__takes_what_the_table_has(void **state)
{
	(void)state;
	assert_int_equal(input("# a comment\n\n  action = off \r\nunheard_of=1\njunk\n"
			       "power-timeout=7\nsure\nplug=node=1\n#plug=node2\narrays=",
			       NULL),
			 0);
	assert_string_equal(fence_param_get(&call, "action"), "off");
	assert_string_equal(fence_param_get(&call, "plug"), "node=1");
	assert_int_equal(fence_param_seconds(&call, "power_timeout"), 7);
	assert_true(fence_param_flag(&call, "sure"));
	assert_null(fence_param_get(&call, "arrays"));
	assert_false(fence_param_flag(&call, "help"));
}

/* As the field's own agents take them; only a pair of the same quotes is one. */
static void read__takes_quoted_values(void **state)
{
	static const char *const rows[][2] = {
		{"plug=\"node 1\"", "node 1"}, {"plug = 'node1' ", "node1"},
		{"plug=\"node1", "\"node1"},   {"plug=\"", "\""},
		{"plug=\"node1'", "\"node1'"}, {"plug=a\"b\"", "a\"b\""},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		assert_int_equal(input(rows[i][0], NULL), 0);
		assert_string_equal(fence_param_get(&call, "plug"), rows[i][1]);
	}
	assert_int_equal(input("plug=\"\"", NULL), 0);
	assert_null(fence_param_get(&call, "plug"));
}

/* Pacemaker gives port and nodename, and plug where the table has it. */
static void get__knows_what_stands_for_what(void **state)
{
	(void)state;
	assert_int_equal(input("nodename=c\n", NULL), 0);
	assert_string_equal(fence_param_get(&call, "plug"), "c");
	assert_int_equal(input("port=b\n", NULL), 0);
	assert_string_equal(fence_param_get(&call, "plug"), "b");
	assert_int_equal(input("plug=a\noption=status\n", NULL), 0);
	assert_string_equal(fence_param_get(&call, "plug"), "a");
	assert_string_equal(fence_param_get(&call, "action"), "status");
}

static void read__has_limits(void **state)
{
	char *text = malloc(FENCE_VALUE_MAX + 200);
	struct err err = ERR_INIT;

	(void)state;
	memset(text, 'a', FENCE_VALUE_MAX + 200);
	memcpy(text, "arrays=", 7);
	text[7 + FENCE_VALUE_MAX] = '\0';
	assert_int_equal(input(text, &err), 0);
	assert_int_equal(fence_param_check(&call, &err), 0);
	text[7 + FENCE_VALUE_MAX] = 'a';
	text[FENCE_VALUE_MAX + 199] = '\0';
	assert_int_equal(input(text, &err), -EINVAL);
	for (size_t i = 0; i < FENCE_LINES_MAX + 1; i++) {
		text[2 * i] = 'k';
		text[2 * i + 1] = '\n';
	}
	text[2 * (FENCE_LINES_MAX + 1)] = '\0';
	assert_int_equal(input(text, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "lines"));
	free(text);
}

static void parse__takes_short_and_long_options(void **state)
{
	(void)state;
	assert_int_equal(ARGUMENTS(NULL, "-o", "off", "--plug=node1", "-s", "--power-timeout", "9"),
			 0);
	assert_string_equal(fence_param_get(&call, "action"), "off");
	assert_string_equal(fence_param_get(&call, "plug"), "node1");
	assert_true(fence_param_flag(&call, "sure"));
	assert_int_equal(fence_param_seconds(&call, "power_timeout"), 9);
	assert_int_equal(ARGUMENTS(NULL, "--action=status"), 0);
	assert_string_equal(fence_param_get(&call, "action"), "status");
}

static void parse__refuses_what_it_does_not_know(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(ARGUMENTS(&err, "--unheard-of"), -EINVAL);
	assert_non_null(strstr(err_text(&err), "--unheard-of"));
	/* It would be the opposite of what is meant. */
	assert_int_equal(ARGUMENTS(&err, "--sure=no"), -EINVAL);
	assert_non_null(strstr(err_text(&err), "--sure=no"));
	assert_int_equal(ARGUMENTS(&err, "-x"), -EINVAL);
	assert_int_equal(ARGUMENTS(&err, "--nodename=a"), -EINVAL);
	assert_int_equal(ARGUMENTS(&err, "--plug"), -EINVAL);
	assert_non_null(strstr(err_text(&err), "Missing argument for"));
	assert_int_equal(ARGUMENTS(&err, "-o", "off", "node1"), -EINVAL);
	assert_non_null(strstr(err_text(&err), "'node1' is no option"));
}

static void check__is_by_type_and_row(void **state)
{
	static const struct {
		const char *line, *text; /* text NULL: legal */
	} rows[] = {
		{"power_timeout=1", NULL},
		{"power_timeout=60s", NULL},
		{"power_timeout=0", "power_timeout: '0' is not a whole number of seconds from 1"},
		{"power_timeout=601", "from 1 to 600"},
		{"power_timeout=soon", "'soon' is not"},
		{"power_timeout=1m", "'1m' is not"},
		{"power_timeout=99999999999999999999", "is not"},
		{"sure=yes", NULL},
		{"sure=OFF", NULL},
		{"sure=maybe", "sure: 'maybe' is neither 1 nor 0"},
		{"arrays=a", NULL},
		{"arrays=xa", "arrays: 'xa' begins with x"},
		{"plug=a\tb", "control character"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(input(rows[i].line, NULL), 0);
		assert_int_equal(fence_param_check(&call, &err),
				 rows[i].text == NULL ? 0 : -EINVAL);
		if (rows[i].text != NULL && strstr(err_text(&err), rows[i].text) == NULL) {
			fail_msg("%s: %s", rows[i].line, err_text(&err));
		}
		fence_param_release(&call);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, call_begin, call_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(read__takes_what_the_table_has),
		TEST(read__takes_quoted_values),
		TEST(get__knows_what_stands_for_what),
		TEST(read__has_limits),
		TEST(parse__takes_short_and_long_options),
		TEST(parse__refuses_what_it_does_not_know),
		TEST(check__is_by_type_and_row),
	};

	(void)fixture_run;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
