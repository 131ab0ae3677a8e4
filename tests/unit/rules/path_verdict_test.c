/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "rules/path_verdict.h"

#define N 4

/* node1's two portals of san1, then one of another array, and one of another host. */
static void table_make(struct journal_path paths[N], enum path_state first, enum path_state second)
{
	static const char *const nodes[] = {"node1", "node1", "node1", "node2"};
	static const char *const arrays[] = {"san1", "san1", "san2", "san1"};
	static const char *const portals[] = {"10.0.0.1:3260", "10.0.0.2:3260", "10.0.0.3:3260",
					      "10.0.0.4:3260"};
	const enum path_state states[] = {first, second, PATH_DOWN, PATH_DOWN};

	memset(paths, 0, N * sizeof(paths[0]));
	for (size_t i = 0; i < N; i++) {
		(void)strcpy(paths[i].node, nodes[i]);
		(void)strcpy(paths[i].array, arrays[i]);
		(void)strcpy(paths[i].portal, portals[i]);
		paths[i].origin = JOURNAL_PATH_CONFIGURED;
		paths[i].state = states[i];
	}
}

static const char *const two[] = {"10.0.0.1:3260", "10.0.0.2:3260"};

static void path_verdict_good__needs_each_to_be_up(void **state)
{
	struct journal_path paths[N];

	(void)state;
	for (int first = PATH_UNKNOWN; first < PATH_STATE_MAX; first++) {
		for (int second = PATH_UNKNOWN; second < PATH_STATE_MAX; second++) {
			table_make(paths, (enum path_state)first, (enum path_state)second);
			assert_int_equal(path_verdict_good(paths, N, "node1", "san1", two, 2),
					 first == PATH_UP && second == PATH_UP);
		}
	}
	table_make(paths, PATH_UP, PATH_UP);
	paths[1].origin = JOURNAL_PATH_REPORTED;
	assert_false(path_verdict_good(paths, N, "node1", "san1", two, 2));
}

static void path_verdict_good__needs_each_to_be_there(void **state)
{
	static const char *const more[] = {"10.0.0.1:3260", "10.0.0.2:3260", "10.0.0.3:3260"};
	static const char *const other[] = {"10.0.0.4:3260"};
	struct journal_path paths[N];

	(void)state;
	table_make(paths, PATH_UP, PATH_UP);
	paths[2].state = PATH_UP;
	paths[3].state = PATH_UP;
	assert_false(path_verdict_good(paths, N, "node1", "san1", more, 3));
	assert_false(path_verdict_good(paths, N, "node1", "san1", other, 1));
	assert_false(path_verdict_good(paths, N, "node2", "san1", two, 1));
	assert_false(path_verdict_good(paths, N, "node1", "san2", two, 1));
	assert_false(path_verdict_good(NULL, 0, "node1", "san1", two, 1));
	assert_false(path_verdict_good(paths, N, "node1", "san1", two, 0));
	assert_true(path_verdict_good(paths, N, "node1", "san1", two, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(path_verdict_good__needs_each_to_be_up),
		cmocka_unit_test(path_verdict_good__needs_each_to_be_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
