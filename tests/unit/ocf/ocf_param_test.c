/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "ocf/ocf_call.h"
#include "ocf/ocf_param.h"

static int check_even(const char *value, struct err *err)
{
	return strlen(value) % 2 == 0 ? 0 : err_set(err, -EINVAL, "'%s' is odd", value);
}

static const char *const modes[] = {"auto", "live", NULL};

static const struct ocf_parameter rows[] = {
	{.name = "vm", .required = true, .check = check_even, .shortdesc = "name", .longdesc = "x"},
	{.name = "count", .type = OCF_INTEGER, .fallback = "3", .min = 1, .max = 16},
	{.name = "flag", .type = OCF_BOOLEAN, .fallback = "no"},
	{.name = "mode", .type = OCF_SELECT, .options = modes, .fallback = "auto"},
	{.name = "wait", .type = OCF_TIME, .fallback = "2s", .min = 1, .max = 60000},
};
static const struct ocf_agent agent = {.name = "A", .parameters = rows, .n_parameters = 5};

static int clean_env(void **state)
{
	(void)state;
	unsetenv("OCF_RESKEY_vm");
	unsetenv("OCF_RESKEY_count");
	unsetenv("OCF_RESKEY_flag");
	unsetenv("OCF_RESKEY_mode");
	unsetenv("OCF_RESKEY_wait");
	return 0;
}

static void ocf_param_check_all__names_what_is_missing(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(ocf_param_check_all(&agent, &err), -EINVAL);
	assert_string_equal(err_text(&err), "parameter vm is not set: it is required (name)");
}

static void ocf_param_check_all__takes_empty_for_missing(void **state)
{
	(void)state;
	setenv("OCF_RESKEY_vm", "", 1);
	assert_int_equal(ocf_param_check_all(&agent, NULL), -EINVAL);
}

static void ocf_param_check_all__accepts_defaults(void **state)
{
	(void)state;
	setenv("OCF_RESKEY_vm", "ab", 1);
	assert_int_equal(ocf_param_check_all(&agent, NULL), 0);
}

static void ocf_param_check__refuses_what_the_type_does_not_allow(void **state)
{
	static const struct {
		size_t row;
		const char *value;
	} cases[] = {
		{1, "0"},     {1, "17"},  {1, "3x"},   {1, " "},     {1, "99999999999999999999"},
		{2, "maybe"}, {2, "2"},   {3, "Live"}, {3, "li"},    {4, "soon"},
		{4, "61s"},   {4, "-1s"}, {0, "odd"},  {0, "a\nbc"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(ocf_param_check(&rows[cases[i].row], cases[i].value, &err),
				 -EINVAL);
		assert_non_null(strstr(err_text(&err), rows[cases[i].row].name));
	}
}

static void ocf_param_check__says_which_options_are_legal(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	(void)ocf_param_check(&rows[3], "warm", &err);
	assert_string_equal(err_text(&err), "parameter mode: 'warm' is not one of: auto, live");
}

static void ocf_param_check__refuses_a_value_that_is_too_long(void **state)
{
	char value[OCF_VALUE_MAX + 3];

	(void)state;
	memset(value, 'a', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	assert_int_equal(ocf_param_check(&rows[0], value, NULL), -EINVAL);
	value[OCF_VALUE_MAX] = '\0';
	assert_int_equal(ocf_param_check(&rows[0], value, NULL), 0);
}

static void ocf_param_getters__read_what_is_set(void **state)
{
	(void)state;
	setenv("OCF_RESKEY_vm", "ab", 1);
	setenv("OCF_RESKEY_count", "16", 1);
	setenv("OCF_RESKEY_flag", "ON", 1);
	setenv("OCF_RESKEY_mode", "live", 1);
	setenv("OCF_RESKEY_wait", "500ms", 1);
	assert_string_equal(ocf_param_string(&agent, "vm"), "ab");
	assert_int_equal(ocf_param_integer(&agent, "count"), 16);
	assert_true(ocf_param_boolean(&agent, "flag"));
	assert_int_equal(ocf_param_select(&agent, "mode"), 1);
	assert_int_equal(ocf_param_time_ms(&agent, "wait"), 500);
}

/* Pacemaker's spelling, which its releases read with different functions. */
static void ocf_param_time_ms__knows_pacemakers_units(void **state)
{
	static const struct {
		const char *value;
		long long ms;
	} cases[] = {
		{"7", 7000},    {"7s", 7000},     {"7sec", 7000}, {"7 s", 7000},
		{"700ms", 700}, {"700msec", 700}, {"7000us", 7},  {"7000usec", 7},
		{"1m", 60000},  {"1min", 60000},  {" 7s", 7000},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		setenv("OCF_RESKEY_wait", cases[i].value, 1);
		assert_int_equal(ocf_param_time_ms(&agent, "wait"), cases[i].ms);
	}
}

static void ocf_param_boolean__knows_pacemakers_words(void **state)
{
	static const char *const yes[] = {"true", "on", "yes", "y", "1", "True"};
	static const char *const no[] = {"false", "off", "no", "n", "0", "OFF"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(yes); i++) {
		setenv("OCF_RESKEY_flag", yes[i], 1);
		assert_true(ocf_param_boolean(&agent, "flag"));
		setenv("OCF_RESKEY_flag", no[i], 1);
		assert_int_equal(ocf_param_check(&rows[2], no[i], NULL), 0);
		assert_false(ocf_param_boolean(&agent, "flag"));
	}
}

static void ocf_param_getters__give_the_default_for_a_wrong_value(void **state)
{
	(void)state;
	setenv("OCF_RESKEY_vm", "odd", 1);
	setenv("OCF_RESKEY_count", "many", 1);
	setenv("OCF_RESKEY_flag", "2", 1);
	setenv("OCF_RESKEY_mode", "warm", 1);
	assert_null(ocf_param_string(&agent, "vm"));
	assert_int_equal(ocf_param_integer(&agent, "count"), 3);
	assert_false(ocf_param_boolean(&agent, "flag"));
	assert_int_equal(ocf_param_select(&agent, "mode"), 0);
	assert_int_equal(ocf_param_time_ms(&agent, "wait"), 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ocf_param_check_all__names_what_is_missing, clean_env),
		cmocka_unit_test_setup(ocf_param_check_all__takes_empty_for_missing, clean_env),
		cmocka_unit_test_setup(ocf_param_check_all__accepts_defaults, clean_env),
		cmocka_unit_test(ocf_param_check__refuses_what_the_type_does_not_allow),
		cmocka_unit_test(ocf_param_check__says_which_options_are_legal),
		cmocka_unit_test(ocf_param_check__refuses_a_value_that_is_too_long),
		cmocka_unit_test_setup(ocf_param_getters__read_what_is_set, clean_env),
		cmocka_unit_test_setup(ocf_param_time_ms__knows_pacemakers_units, clean_env),
		cmocka_unit_test_setup(ocf_param_boolean__knows_pacemakers_words, clean_env),
		cmocka_unit_test_setup(ocf_param_getters__give_the_default_for_a_wrong_value,
				       clean_env),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
