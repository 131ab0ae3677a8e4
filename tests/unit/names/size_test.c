/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "names/size.h"

static void size_from_str__takes_bytes_and_units(void **state)
{
	uint64_t bytes;

	(void)state;
	assert_int_equal(size_from_str("512", &bytes, NULL), 0);
	assert_int_equal(bytes, 512);
	assert_int_equal(size_from_str("540672", &bytes, NULL), 0);
	assert_int_equal(bytes, 540672);
	assert_int_equal(size_from_str("20GiB", &bytes, NULL), 0);
	assert_int_equal(bytes, UINT64_C(20) << 30);
}

static void size_from_str__refuses_what_is_no_size(void **state)
{
	static const char *const wrong[] = {"",     "0",      "513",   "-512", "+512",
					    "20GB", "20 GiB", "1GiBx", "0GiB", "99999999999TiB",
					    " 512"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		struct err err = ERR_INIT;
		uint64_t bytes;

		assert_int_equal(size_from_str(wrong[i], &bytes, &err), -EINVAL);
		assert_non_null(strstr(err_text(&err), "legal are"));
	}
}

static void size_to_str__takes_the_largest_unit_without_a_rest(void **state)
{
	char text[SIZE_TEXT];

	(void)state;
	assert_string_equal(size_to_str(UINT64_C(20) << 30, text), "20GiB");
	assert_string_equal(size_to_str(UINT64_C(1536) << 20, text), "1536MiB");
	assert_string_equal(size_to_str(540672, text), "528KiB");
	assert_string_equal(size_to_str(513, text), "513");
	assert_string_equal(size_to_str(0, text), "0");
	assert_string_equal(size_to_str(UINT64_MAX, text), "18446744073709551615");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_from_str__takes_bytes_and_units),
		cmocka_unit_test(size_from_str__refuses_what_is_no_size),
		cmocka_unit_test(size_to_str__takes_the_largest_unit_without_a_rest),
	};

	return cmocka_run_group_tests_name("size", tests, NULL, NULL);
}
