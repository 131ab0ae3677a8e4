/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "names/name_limits.h"
#include "names/portal.h"
#include "tests/unit/test.h"

static void portal_check__takes_addresses_with_port(void **state)
{
	(void)state;
	assert_int_equal(portal_check("10.77.0.100:3260", NULL), 0);
	assert_int_equal(portal_check("[fd00::1]:3260", NULL), 0);
	assert_int_equal(portal_check("10.0.0.1:65535", NULL), 0);
}

static void portal_check__refuses_the_rest_with_the_text(void **state)
{
	static const char *const bad[] = {
		"",
		"10.0.0.1",
		"10.0.0.1:",
		"10.0.0.1:0",
		"10.0.0.1:65536",
		"10.0.0.1:+1",
		"10.0.0.1:3260,1",
		"array.example:3260",
		":3260",
		"fd00::1:3260",
		"[fd00::1]",
		"[10.0.0.1]:3260",
		"[]:3260",
		"10.0.0.1:999999",
		"10.0.0.1 :3260",
		"[fd00::1%eth0]:3260",
	};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		assert_int_equal(portal_check(bad[i], &err), -EINVAL);
		assert_non_null(strstr(err_text(&err), bad[i]));
	}
}

static void portal_check__is_bounded(void **state)
{
	char text[ISCSI_PORTAL_MAX + 2];

	(void)state;
	memset(text, '1', sizeof(text));
	memcpy(text + sizeof(text) - 6, ":3260", 6);
	assert_int_equal(portal_check(text, NULL), -EINVAL);
}

static void portal_redirects__on_this_host_at_that_port_only(void **state)
{
	(void)state;
	assert_true(portal_redirects("127.0.0.1:860"));
	assert_true(portal_redirects("127.254.255.255:860"));
	assert_false(portal_redirects("127.0.0.1:3260"));
	assert_false(portal_redirects("128.0.0.1:860"));
	assert_false(portal_redirects("[::1]:860"));
	assert_false(portal_redirects("nonsense"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(portal_check__takes_addresses_with_port),
		cmocka_unit_test(portal_redirects__on_this_host_at_that_port_only),
		cmocka_unit_test(portal_check__refuses_the_rest_with_the_text),
		cmocka_unit_test(portal_check__is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
