/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "array/array_accounts.h"

static int decode(const char *reply, struct array_accounts *ret)
{
	return array_accounts_decode(reply, strlen(reply), ret, NULL);
}

static void array_accounts_encode__asks_for_them(void **state)
{
	char *request = array_accounts_encode(1500);

	(void)state;
	assert_string_equal(request, "{\"accounts\":true,\"timeout_ms\":1500}");
	free(request);
}

static void array_accounts_decode__has_the_problem_or_none(void **state)
{
	struct array_accounts accounts;

	(void)state;
	assert_int_equal(decode("{\"portals\":[]}", &accounts), 0);
	assert_string_equal(accounts.problem, "");
	assert_int_equal(decode("{\"portals\":[],\"accounts_problem\":\"why\"}", &accounts), 0);
	assert_string_equal(accounts.problem, "why");
}

static void array_accounts_decode__refuses_what_cannot_be_shown(void **state)
{
	g_autofree char *filled = g_strnfill(ARRAY_ACCOUNTS_PROBLEM_MAX + 1, 'x');
	g_autofree char *longer = g_strdup_printf("{\"accounts_problem\":\"%s\"}", filled);
	const char *const wrong[] = {"", "[]", "{\"accounts_problem\":1}",
				     "{\"accounts_problem\":\"a\\nb\"}", longer};
	struct array_accounts accounts;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		assert_int_equal(decode(wrong[i], &accounts), -EPROTO);
		assert_string_equal(accounts.problem, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(array_accounts_encode__asks_for_them),
		cmocka_unit_test(array_accounts_decode__has_the_problem_or_none),
		cmocka_unit_test(array_accounts_decode__refuses_what_cannot_be_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
