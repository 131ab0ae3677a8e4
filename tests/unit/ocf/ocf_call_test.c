/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "ocf/ocf_call.h"

static const struct ocf_action rows[] = {
	{.name = "start"},
	{.name = "monitor"},
	{.name = "monitor", .depth = 10},
	{.name = "monitor", .depth = 20},
};
static const struct ocf_agent agent = {.name = "A", .actions = rows, .n_actions = 4};

static int clean_env(void **state)
{
	(void)state;
	unsetenv("OCF_CHECK_LEVEL");
	unsetenv("OCF_RESOURCE_INSTANCE");
	unsetenv("OCF_RESKEY_CRM_meta_timeout");
	unsetenv("OCF_RESKEY_CRM_meta_interval");
	unsetenv("OCF_RESKEY_CRM_meta_on_node");
	unsetenv("OCF_RESKEY_CRM_meta_migrate_source");
	unsetenv("OCF_RESKEY_CRM_meta_migrate_target");
	return 0;
}

static void ocf_call_reserve_ms__is_a_tenth_within_bounds(void **state)
{
	(void)state;
	assert_int_equal(ocf_call_reserve_ms(50000), 5000);
	assert_int_equal(ocf_call_reserve_ms(5000), 1000);
	assert_int_equal(ocf_call_reserve_ms(600000), 10000);
	assert_int_equal(ocf_call_reserve_ms(1000), 500);
}

static void ocf_call_read__has_defaults(void **state)
{
	struct ocf_call call;

	(void)state;
	assert_int_equal(ocf_call_read(&agent, &rows[1], &call, NULL), 0);
	assert_int_equal(call.timeout_ms, OCF_TIMEOUT_DEFAULT_MS);
	assert_true(call.is_probe);
	assert_int_equal(call.check_level, 0);
	assert_null(call.node);
	assert_string_equal(call.instance, "");
}

static void ocf_call_read__keeps_a_reserve_of_the_timeout(void **state)
{
	struct ocf_call call;
	int left_ms;

	(void)state;
	setenv("OCF_RESKEY_CRM_meta_timeout", "3000000", 1);
	assert_int_equal(ocf_call_read(&agent, &rows[0], &call, NULL), 0);
	left_ms = deadline_left_ms(call.deadline);
	assert_in_range(left_ms, 2900000, 2990000);
}

static void ocf_call_read__takes_timeout_0_for_the_default(void **state)
{
	struct ocf_call call;

	(void)state;
	setenv("OCF_RESKEY_CRM_meta_timeout", "0", 1);
	assert_int_equal(ocf_call_read(&agent, &rows[0], &call, NULL), 0);
	assert_int_equal(call.timeout_ms, OCF_TIMEOUT_DEFAULT_MS);
}

static void ocf_call_read__knows_a_probe_from_a_recurring_monitor(void **state)
{
	struct ocf_call call;

	(void)state;
	setenv("OCF_RESKEY_CRM_meta_interval", "10000", 1);
	(void)ocf_call_read(&agent, &rows[1], &call, NULL);
	assert_false(call.is_probe);
	setenv("OCF_RESKEY_CRM_meta_interval", "0", 1);
	(void)ocf_call_read(&agent, &rows[1], &call, NULL);
	assert_true(call.is_probe);
	(void)ocf_call_read(&agent, &rows[0], &call, NULL);
	assert_false(call.is_probe);
}

static void ocf_call_read__takes_the_next_lower_check_level(void **state)
{
	static const struct {
		const char *wanted;
		int level;
	} cases[] = {{"0", 0}, {"5", 0}, {"10", 10}, {"19", 10}, {"20", 20}, {"255", 20}};
	struct ocf_call call;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		setenv("OCF_CHECK_LEVEL", cases[i].wanted, 1);
		assert_int_equal(ocf_call_read(&agent, &rows[1], &call, NULL), 0);
		assert_int_equal(call.check_level, cases[i].level);
		(void)ocf_call_read(&agent, &rows[0], &call, NULL);
		assert_int_equal(call.check_level, 0);
	}
}

static void ocf_call_read__tells_what_is_wrong_and_reads_the_rest(void **state)
{
	struct err err = ERR_INIT;
	struct ocf_call call;

	(void)state;
	setenv("OCF_RESKEY_CRM_meta_timeout", "20s", 1);
	setenv("OCF_RESKEY_CRM_meta_migrate_source", "node1", 1);
	setenv("OCF_RESKEY_CRM_meta_migrate_target", "../node2", 1);
	assert_int_equal(ocf_call_read(&agent, &rows[0], &call, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "migrate_target is '../node2'"));
	assert_int_equal(call.timeout_ms, OCF_TIMEOUT_DEFAULT_MS);
	assert_string_equal(call.migrate_source, "node1");
	assert_null(call.migrate_target);
}

static void ocf_call_read__refuses_numbers_out_of_bounds(void **state)
{
	static const char *const wrong[] = {"-1", "1e3", "99999999999999999999", "86400001"};
	struct ocf_call call;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		setenv("OCF_RESKEY_CRM_meta_timeout", wrong[i], 1);
		assert_int_equal(ocf_call_read(&agent, &rows[0], &call, NULL), -EINVAL);
		assert_int_equal(call.timeout_ms, OCF_TIMEOUT_DEFAULT_MS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ocf_call_reserve_ms__is_a_tenth_within_bounds),
		cmocka_unit_test_setup(ocf_call_read__has_defaults, clean_env),
		cmocka_unit_test_setup(ocf_call_read__keeps_a_reserve_of_the_timeout, clean_env),
		cmocka_unit_test_setup(ocf_call_read__takes_timeout_0_for_the_default, clean_env),
		cmocka_unit_test_setup(ocf_call_read__knows_a_probe_from_a_recurring_monitor,
				       clean_env),
		cmocka_unit_test_setup(ocf_call_read__takes_the_next_lower_check_level, clean_env),
		cmocka_unit_test_setup(ocf_call_read__tells_what_is_wrong_and_reads_the_rest,
				       clean_env),
		cmocka_unit_test_setup(ocf_call_read__refuses_numbers_out_of_bounds, clean_env),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
