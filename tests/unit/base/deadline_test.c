/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <limits.h>

#include "base/deadline.h"

static void deadline_in__counts_down(void **state)
{
	struct deadline deadline = deadline_in(60000);

	(void)state;
	assert_false(deadline_passed(deadline));
	assert_in_range(deadline_left_ms(deadline), 1, 60000);
}

static void deadline_in__past_is_passed(void **state)
{
	(void)state;
	assert_true(deadline_passed(deadline_in(0)));
	assert_true(deadline_passed(deadline_in(-5)));
	assert_int_equal(deadline_left_ms(deadline_in(-5)), 0);
}

static void deadline_within__takes_the_earlier(void **state)
{
	(void)state;
	assert_in_range(deadline_left_ms(deadline_within(deadline_in(60000), 100)), 0, 100);
	assert_in_range(deadline_left_ms(deadline_within(deadline_in(100), 60000)), 0, 100);
}

static void deadline_before__keeps_time_back(void **state)
{
	(void)state;
	assert_in_range(deadline_left_ms(deadline_before(deadline_in(60000), 59000)), 0, 1000);
	assert_true(deadline_passed(deadline_before(deadline_in(1000), 2000)));
}

static void deadline_left_ms__fits_poll(void **state)
{
	(void)state;
	assert_int_equal(deadline_left_ms(deadline_in(INT64_C(1) << 40)), INT_MAX);
}

static void deadline_keep__keeps_back_no_more_than_a_share(void **state)
{
	(void)state;
	assert_in_range(deadline_left_ms(deadline_keep(deadline_in(9000000), 1000000, 3)), 7900000,
			8000000);
	assert_in_range(deadline_left_ms(deadline_keep(deadline_in(9000000), 8000000, 3)), 5900000,
			6000000);
}

static void deadline_share__is_equal_for_what_is_left(void **state)
{
	(void)state;
	assert_in_range(deadline_left_ms(deadline_share(deadline_in(9000000), 3)), 2900000,
			3000000);
	assert_in_range(deadline_left_ms(deadline_share(deadline_in(9000000), 1)), 8000000,
			9000000);
	assert_true(deadline_passed(deadline_share(deadline_in(-5), 2)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deadline_in__counts_down),
		cmocka_unit_test(deadline_in__past_is_passed),
		cmocka_unit_test(deadline_within__takes_the_earlier),
		cmocka_unit_test(deadline_before__keeps_time_back),
		cmocka_unit_test(deadline_keep__keeps_back_no_more_than_a_share),
		cmocka_unit_test(deadline_share__is_equal_for_what_is_left),
		cmocka_unit_test(deadline_left_ms__fits_poll),
	};

	return cmocka_run_group_tests_name("deadline", tests, NULL, NULL);
}
