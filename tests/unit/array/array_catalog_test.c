/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "array/array_catalog.h"

#define LUN(name, more)                                                                            \
	"{\"name\":\"" name "\",\"size_bytes\":4096,\"designators\":[\"naa.6\"]" more "}"
#define REPLY(luns) "{\"luns\":[" luns "]}"

static struct array_catalog catalog;

static int decode(const char *reply)
{
	struct err err = ERR_INIT;
	int rc = array_catalog_decode(reply, strlen(reply), &catalog, &err);

	assert_int_equal(rc == 0, err_text(&err)[0] == '\0');
	return rc;
}

static void array_catalog_decode__has_what_the_driver_says(void **state)
{
	(void)state;
	assert_int_equal(
		decode(REPLY(LUN(
			"b",
			",\"class\":\"raid5\",\"pool\":\"fast\",\"health\":"
			"\"degraded\",\"health_reason\":\"1 of 3\"") "," LUN("a", ",\"health\":"
										  "\"healthy\""))),
		0);
	assert_int_equal(catalog.count, 2);
	assert_string_equal(catalog.luns[0].name, "a");
	assert_int_equal(catalog.luns[0].condition.health, LUN_HEALTHY);
	assert_string_equal(catalog.luns[0].class, "");
	assert_string_equal(catalog.luns[1].class, "raid5");
	assert_string_equal(catalog.luns[1].pool, "fast");
	assert_int_equal(catalog.luns[1].condition.health, LUN_DEGRADED);
	assert_string_equal(catalog.luns[1].condition.reason, "1 of 3");
	array_catalog_release(&catalog);
}

static void array_catalog_decode__takes_nothing_told_for_unknown(void **state)
{
	(void)state;
	assert_int_equal(decode(REPLY(LUN("a", ""))), 0);
	assert_int_equal(catalog.luns[0].condition.health, LUN_HEALTH_UNKNOWN);
	assert_string_equal(catalog.luns[0].condition.reason,
			    "the array's driver does not tell it");
	array_catalog_release(&catalog);
}

static void array_catalog_decode__refuses_what_is_not_legal(void **state)
{
	static const char *const replies[] = {
		"",
		"{}",
		REPLY("1"),
		REPLY(LUN("a", "") "," LUN("a", "")),
		REPLY(LUN("../a", "")),
		REPLY(LUN("a", ",\"health\":\"well\"")),
		REPLY(LUN("a", ",\"health\":1")),
		REPLY(LUN("a", ",\"class\":1")),
		REPLY(LUN("a", ",\"pool\":\"a\\nb\"")),
		"{\"luns\":[{\"name\":\"a\",\"size_bytes\":0,\"designators\":[\"naa.6\"]}]}",
		"{\"luns\":[{\"name\":\"a\",\"size_bytes\":1,\"designators\":[]}]}",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(replies); i++) {
		if (decode(replies[i]) != -EPROTO) {
			fail_msg("accepted: %s", replies[i]);
		}
		assert_null(catalog.luns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(array_catalog_decode__has_what_the_driver_says),
		cmocka_unit_test(array_catalog_decode__takes_nothing_told_for_unknown),
		cmocka_unit_test(array_catalog_decode__refuses_what_is_not_legal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
