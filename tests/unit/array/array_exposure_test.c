/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "array/array_exposure.h"

static const char *const NAMES[] = {"a", "b"};
static struct array_exposure exposures[2];

static int decode(const char *reply)
{
	return array_exposure_decode(reply, strlen(reply), NAMES, 2, exposures, NULL);
}

static void array_exposure_decode__without_portals_it_is_everywhere(void **state)
{
	(void)state;
	assert_int_equal(decode("{\"luns\":[{\"name\":\"b\"},{\"name\":\"c\",\"portals\":1},"
				"{\"name\":\"a\",\"new\":1}]}"),
			 0);
	assert_true(exposures[0].everywhere);
	assert_true(array_exposure_has(&exposures[1], "10.0.0.9:3260"));
}

static void array_exposure_decode__keeps_each_portal_once(void **state)
{
	(void)state;
	assert_int_equal(decode("{\"luns\":[{\"name\":\"b\",\"portals\":[]},{\"name\":\"a\","
				"\"portals\":[\"10.0.0.1:3260\",\"10.0.0.1:3260\",\"san:3260\","
				"\"[fd00::1]:3260\"]}]}"),
			 0);
	assert_false(exposures[0].everywhere);
	assert_int_equal(exposures[0].n_portals, 2);
	assert_true(array_exposure_has(&exposures[0], "[fd00::1]:3260"));
	assert_false(array_exposure_has(&exposures[0], "10.0.0.2:3260"));
	assert_int_equal(exposures[1].n_portals, 0);
	assert_false(array_exposure_has(&exposures[1], "10.0.0.1:3260"));
}

static void array_exposure_decode__keeps_no_more_than_it_has_room_for(void **state)
{
	g_autoptr(GString) reply = g_string_new("{\"luns\":[{\"name\":\"a\"},{\"name\":\"b\","
						"\"portals\":[\"10.0.0.200:3260\"");

	(void)state;
	for (int i = 0; i < 2 * PORTALS_MAX; i++) {
		g_string_append_printf(reply, ",\"10.0.0.%d:3260\"", i);
	}
	g_string_append(reply, "]}]}");
	assert_int_equal(decode(reply->str), 0);
	assert_int_equal(exposures[1].n_portals, PORTALS_MAX);
}

static void array_exposure_decode__refuses_what_is_no_reply(void **state)
{
	static const char *const replies[] = {
		"",
		"{}",
		"{\"luns\":1}",
		"{\"luns\":[{\"name\":\"a\"}]}",
		"{\"luns\":[{\"name\":\"a\"},{\"name\":\"a\"},{\"name\":\"b\"}]}",
		"{\"luns\":[{\"name\":\"a\"},{\"name\":\"b\",\"portals\":{}}]}",
		"{\"luns\":[{\"name\":\"a\"},{\"name\":\"b\",\"portals\":[1]}]}",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(replies); i++) {
		assert_int_equal(decode(replies[i]), -EPROTO);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(array_exposure_decode__without_portals_it_is_everywhere),
		cmocka_unit_test(array_exposure_decode__keeps_each_portal_once),
		cmocka_unit_test(array_exposure_decode__keeps_no_more_than_it_has_room_for),
		cmocka_unit_test(array_exposure_decode__refuses_what_is_no_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
