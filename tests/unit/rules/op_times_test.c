/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "rules/op_times.h"

#define MIB ((uint64_t)1024 * 1024)
#define RATE (100 * MIB)

static int64_t needed_s(enum cluster_op op, enum op_saving saving, uint64_t mib)
{
	return op_time_needed_ms(op, saving, mib * MIB, RATE) / 1000;
}

/* The examples of README: start and stop 120 s, migrate_to 180 s, migrate_from 60 s. */
static void op_time__readmes_are_enough_for_a_small_guest(void **state)
{
	(void)state;
	assert_in_range(needed_s(CLUSTER_OP_START, OP_SAVES_AS_FALLBACK, 1024), 1, 120);
	assert_in_range(needed_s(CLUSTER_OP_STOP, OP_SAVES_AS_FALLBACK, 1024), 1, 120);
	assert_in_range(needed_s(CLUSTER_OP_MIGRATE_TO, OP_SAVES_AS_FALLBACK, 1024), 1, 180);
	assert_in_range(needed_s(CLUSTER_OP_MIGRATE_FROM, OP_SAVES_AS_FALLBACK, 1024), 1, 60);
}

static void op_time__grows_with_the_memory(void **state)
{
	(void)state;
	for (int op = CLUSTER_OP_START; op < CLUSTER_OP_MAX; op++) {
		assert_true(needed_s((enum cluster_op)op, OP_SAVES_ALWAYS, 8192) >
			    needed_s((enum cluster_op)op, OP_SAVES_ALWAYS, 4096));
		assert_true(strlen(cluster_op_to_str((enum cluster_op)op)) > 0);
		assert_true(strlen(op_consequence((enum cluster_op)op)) > 0);
	}
	assert_int_equal(needed_s(CLUSTER_OP_STOP, OP_SAVES_NEVER, 8192), 179);
	assert_true(needed_s(CLUSTER_OP_MIGRATE_TO, OP_SAVES_AS_FALLBACK, 8192) ==
			    4 * needed_s(CLUSTER_OP_MIGRATE_TO, OP_SAVES_ALWAYS, 8192) ||
		    needed_s(CLUSTER_OP_MIGRATE_TO, OP_SAVES_AS_FALLBACK, 8192) + 3 >=
			    4 * needed_s(CLUSTER_OP_MIGRATE_TO, OP_SAVES_ALWAYS, 8192));
}

static void op_time__of_a_migration_does_not_matter_if_it_is_only_live(void **state)
{
	(void)state;
	assert_int_equal(needed_s(CLUSTER_OP_MIGRATE_TO, OP_SAVES_NEVER, 8192), 0);
	assert_int_equal(needed_s(CLUSTER_OP_MIGRATE_FROM, OP_SAVES_NEVER, 8192), 0);
	assert_true(needed_s(CLUSTER_OP_START, OP_SAVES_NEVER, 8192) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(op_time__readmes_are_enough_for_a_small_guest),
		cmocka_unit_test(op_time__grows_with_the_memory),
		cmocka_unit_test(op_time__of_a_migration_does_not_matter_if_it_is_only_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
