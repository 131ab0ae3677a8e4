/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cluster/fencer_history.h"

#include "tests/unit/test.h"

static char off[] = "off", reboot[] = "reboot", on[] = "on";

static void fencer_history_last__is_the_last_success_that_was_a_fencing(void **state)
{
	stonith_history_t entries[] = {
		{.action = off, .state = st_done, .completed = 10},
		{.action = reboot, .state = st_done, .completed = 20},
		{.action = off, .state = st_done, .completed = 15},
		{.action = on, .state = st_done, .completed = 30},
		{.action = off, .state = st_failed, .completed = 40},
		{.action = reboot, .state = st_exec, .completed = 50},
		{.action = NULL, .state = st_done, .completed = 60},
	};

	(void)state;
	for (size_t i = 0; i + 1 < G_N_ELEMENTS(entries); i++) {
		entries[i].next = &entries[i + 1];
	}
	assert_int_equal(fencer_history_last(&entries[0]), 20);
	assert_int_equal(fencer_history_last(&entries[2]), 15);
	assert_int_equal(fencer_history_last(&entries[3]), 0);
	assert_int_equal(fencer_history_last(NULL), 0);
	assert_int_equal(fencer_history_count(&entries[0]), 3);
	assert_int_equal(fencer_history_count(&entries[3]), 0);
	assert_int_equal(fencer_history_last_on(&entries[0]), 30);
	assert_int_equal(fencer_history_last_on(&entries[4]), 0);
	assert_int_equal(fencer_history_last_on(NULL), 0);
}

/* Of an unfencing and a fencing the later one decides, to the nanosecond. */
static void fencer_history_is_fenced__as_the_last_success_says(void **state)
{
	stonith_history_t entries[] = {
		{.action = on, .state = st_failed, .completed = 50},
		{.action = off, .state = st_failed, .completed = 40},
		{.action = on, .state = st_done, .completed = 30, .completed_nsec = 6},
		{.action = off, .state = st_done, .completed = 30, .completed_nsec = 7},
		{.action = reboot, .state = st_done, .completed = 20},
		{.action = on, .state = st_done, .completed = 10},
	};

	(void)state;
	for (size_t i = 0; i + 1 < G_N_ELEMENTS(entries); i++) {
		entries[i].next = &entries[i + 1];
	}
	assert_true(fencer_history_is_fenced(&entries[0]));
	entries[3].state = st_failed;
	assert_false(fencer_history_is_fenced(&entries[0]));
	assert_true(fencer_history_is_fenced(&entries[4]));
	assert_false(fencer_history_is_fenced(&entries[5]));
	assert_false(fencer_history_is_fenced(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fencer_history_last__is_the_last_success_that_was_a_fencing),
		cmocka_unit_test(fencer_history_is_fenced__as_the_last_success_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
