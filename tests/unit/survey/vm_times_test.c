/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <glib.h>
#include <string.h>

#include "survey/vm_times.h"

#define MIB ((uint64_t)1024 * 1024)

static char *told[CLUSTER_OP_MAX];
static size_t n_told;

static void tell(void *data, const char *text)
{
	assert_ptr_equal(data, told);
	assert_true(n_told < CLUSTER_OP_MAX);
	told[n_told++] = g_strdup(text);
}

static int forget(void **state)
{
	(void)state;
	while (n_told > 0) {
		g_free(told[--n_told]);
	}
	return 0;
}

/* The timeouts of README's examples. */
static struct cluster_vm vm_with(const char *mode)
{
	return (struct cluster_vm){
		.vm = (char *)"web1",
		.migration_mode = (char *)mode,
		.timeouts_ms = {[CLUSTER_OP_START] = 120000,
				[CLUSTER_OP_STOP] = 120000,
				[CLUSTER_OP_MIGRATE_TO] = 180000,
				[CLUSTER_OP_MIGRATE_FROM] = 60000},
	};
}

static void compare__is_silent_where_all_is_well(void **state)
{
	struct cluster_vm vm = vm_with(NULL);

	(void)state;
	vm_times_compare(&vm, 1024 * MIB, tell, told);
	assert_int_equal(n_told, 0);
}

static void compare__says_what_to_set(void **state)
{
	struct cluster_vm vm = vm_with("live");

	(void)state;
	vm_times_compare(&vm, 8192 * MIB, tell, told);
	assert_int_equal(n_told, 1);
	assert_string_equal(told[0],
			    "set \"op stop timeout=179s\": for 8192 MiB of memory at 100 MiB/s, "
			    "timeout=120s is too short; a guest whose migration has failed is shut "
			    "down, not saved");
}

static void compare__counts_a_saved_migration(void **state)
{
	struct cluster_vm vm = vm_with("saved");

	(void)state;
	vm_times_compare(&vm, 8192 * MIB, tell, told);
	assert_int_equal(n_told, 2);
	assert_non_null(strstr(told[1], "op migrate_from timeout=114s"));
	forget(NULL);
	vm.migration_mode = NULL;
	vm_times_compare(&vm, 8192 * MIB, tell, told);
	assert_int_equal(n_told, 3);
	assert_non_null(strstr(told[1], "op migrate_to timeout=534s"));
}

static void compare__knows_pacemakers_default(void **state)
{
	struct cluster_vm vm = vm_with(NULL);

	(void)state;
	vm.timeouts_ms[CLUSTER_OP_START] = -1;
	vm_times_compare(&vm, 1024 * MIB, tell, told);
	assert_int_equal(n_told, 1);
	assert_non_null(strstr(told[0], "no timeout (Pacemaker then takes op_defaults, or 20 s)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(compare__is_silent_where_all_is_well, forget),
		cmocka_unit_test_teardown(compare__says_what_to_set, forget),
		cmocka_unit_test_teardown(compare__counts_a_saved_migration, forget),
		cmocka_unit_test_teardown(compare__knows_pacemakers_default, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
