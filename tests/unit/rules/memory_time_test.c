/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "rules/memory_time.h"

#define MIB ((uint64_t)1024 * 1024)
#define GIB (1024 * MIB)

static void memory_time_ms__has_a_margin(void **state)
{
	(void)state;
	assert_int_equal(memory_time_ms(100 * MIB, 10 * MIB), 13500);
	assert_int_equal(memory_time_ms(0, 10 * MIB), 1000);
	assert_true(memory_time_ms(1, 0) > 1000000);
	assert_true(memory_time_ms(UINT64_MAX, 1) > 1000000);
}

static void memory_time_surely__is_what_any_array_can(void **state)
{
	(void)state;
	assert_true(memory_time_surely(128 * MIB, 60000));
	assert_false(memory_time_surely(8 * GIB, 60000));
	assert_false(memory_time_surely(0, 0));
}

/* README's stop: 120 s, of which 57 are for the save of a guest that a failed migration has left.
 */
static void memory_time_decide__does_not_freeze_what_cannot_be_saved(void **state)
{
	(void)state;
	assert_true(memory_time_decide(MEMORY_SAVE, 4 * GIB, 110 * MIB, 57000));
	assert_false(memory_time_decide(MEMORY_SAVE, 8 * GIB, 110 * MIB, 57000));
	assert_true(memory_time_decide(MEMORY_SAVE, 8 * GIB, 1000 * MIB, 57000));
	assert_false(memory_time_decide(MEMORY_SAVE, 1, 1000 * MIB, 0));
}

/* To try costs nothing that is not lost already. */
static void memory_time_decide__tries_a_restore_unless_it_is_hopeless(void **state)
{
	(void)state;
	assert_true(memory_time_decide(MEMORY_RESTORE, 8 * GIB, 110 * MIB, 57000));
	assert_false(memory_time_decide(MEMORY_RESTORE, 16 * GIB, 110 * MIB, 57000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_time_ms__has_a_margin),
		cmocka_unit_test(memory_time_surely__is_what_any_array_can),
		cmocka_unit_test(memory_time_decide__does_not_freeze_what_cannot_be_saved),
		cmocka_unit_test(memory_time_decide__tries_a_restore_unless_it_is_hopeless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
