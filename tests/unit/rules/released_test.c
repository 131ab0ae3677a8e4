/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "rules/released.h"

#define R(x) .reach = RELEASED_REACH_##x
#define T(x) .task = STRAY_TASK_##x
#define ROWS_MAX 32

/* A case for each row of the table, in its order. */
static const struct row {
	struct released_facts facts;
	enum released_verdict verdict;
	const char *why;
} rows[] = {
	{{.path = true, .host = true}, RELEASED_PATH, "still has a path"},
	{{.host = true, T(UNKNOWN)}, RELEASED_UNDECIDED, "the journal cannot say"},
	{{.host = true, T(RECOVERY)}, RELEASED_KEEP, "has just failed"},
	{{.host = false}, RELEASED_UNDECIDED, "no [host] of the configuration"},
	{{.host = true, .foreign = true}, RELEASED_KEEP, "--foreign"},
	{{.host = true}, RELEASED_END, "no path to the LUNs"},
	{{.host = true, .missing = true, .automatic = true, R(NOTHING)}, RELEASED_KEEP, "is gone"},
	{{.host = true, .missing = true, R(NOTHING)}, RELEASED_END, "reaches no LUN"},
	{{.host = true, .missing = true, R(OTHER)}, RELEASED_KEEP, "reaches one that no VM names"},
	{{.host = true, .missing = true, R(UNKNOWN)}, RELEASED_UNDECIDED, "does not say"},
};

static void each_combination(void (*look)(const struct released_facts *facts))
{
	for (unsigned int flags = 0; flags < 32; flags++) {
		for (int reach = 0; reach < RELEASED_REACH_MAX; reach++) {
			for (int task = 0; task < STRAY_TASK_MAX; task++) {
				struct released_facts facts = {
					.path = flags & 1,
					.host = flags & 2,
					.foreign = flags & 4,
					.missing = flags & 8,
					.automatic = flags & 16,
					.reach = (enum released_reach)reach,
					.task = (enum stray_task)task,
				};

				look(&facts);
			}
		}
	}
}

static void released_judge__decides_row_by_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const char *why;

		assert_int_equal(released_judge(&rows[i].facts, &why), rows[i].verdict);
		assert_non_null(strstr(why, rows[i].why));
	}
}

static const char *seen[ROWS_MAX];
static size_t n_seen;

static void why_note(const struct released_facts *facts)
{
	const char *why;

	(void)released_judge(facts, &why);
	for (size_t i = 0; i < n_seen; i++) {
		if (seen[i] == why) {
			return;
		}
	}
	assert_true(n_seen < ROWS_MAX);
	seen[n_seen++] = why;
}

static void released_judge__every_row_has_a_case(void **state)
{
	(void)state;
	each_combination(why_note);
	assert_int_equal(n_seen, G_N_ELEMENTS(rows));
}

/* I5, said without the table: what is not known ends nothing. */
static void ends_only_what_has_no_path(const struct released_facts *facts)
{
	const char *why;
	bool gone =
		facts->host && !facts->path && !facts->foreign &&
		(!facts->missing || (facts->reach == RELEASED_REACH_NOTHING && !facts->automatic));

	assert_int_equal(released_judge(facts, &why) == RELEASED_END,
			 gone && facts->task == STRAY_TASK_NONE);
}

static void released_judge__ends_what_has_no_path_and_nothing_else(void **state)
{
	(void)state;
	each_combination(ends_only_what_has_no_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(released_judge__decides_row_by_row),
		cmocka_unit_test(released_judge__every_row_has_a_case),
		cmocka_unit_test(released_judge__ends_what_has_no_path_and_nothing_else),
	};

	return cmocka_run_group_tests_name("released", tests, NULL, NULL);
}
