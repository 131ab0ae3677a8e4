/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "rules/stray.h"

#define ROWS_MAX 64

#define D(x) .domain = STRAY_DOMAIN_##x
#define F(x) .fate = STRAY_FATE_##x
#define T(x) .task = STRAY_TASK_##x

/* A case for each row of the table, in its order. */
static const struct row {
	struct stray_facts facts;
	enum stray_verdict verdict;
	const char *why;
} rows[] = {
	{{.foreign = true, F(UP), D(ABSENT)}, STRAY_KEEP, "--foreign removes it"},
	{{.foreign = true, .foreign_wanted = true, T(RECOVERY)}, STRAY_KEEP, "or has just failed"},
	{{.foreign = true, .foreign_wanted = true, T(UNKNOWN)}, STRAY_REMOVE, "was given"},
	{{.twice = true, D(THERE), F(UP)}, STRAY_KEEP, "more than one host"},
	{{D(THERE), F(UP), T(UNKNOWN)}, STRAY_NONE, "the domain is there"},
	{{D(ABSENT), F(UP), T(WINDOW)}, STRAY_NONE, "in progress needs it"},
	{{F(FENCED), T(WINDOW)}, STRAY_KEEP, "names the host is open"},
	{{D(ABSENT), F(UP), T(BROKEN)}, STRAY_KEEP, "is broken"},
	{{D(ABSENT), F(UP), T(OTHER)}, STRAY_KEEP, "another task"},
	{{D(ABSENT), F(UP), T(UNKNOWN)}, STRAY_UNDECIDED, "the journal cannot say"},
	{{D(ABSENT), F(UP), .shared = true}, STRAY_UNDECIDED, "another VM"},
	{{D(ABSENT), F(UP), T(RECOVERY)}, STRAY_KEEP, "just failed"},
	{{D(ABSENT), F(UP), .explained = true}, STRAY_KEEP, "started there last"},
	{{D(OTHER), F(UP)}, STRAY_KEEP, "another VM or QEMU"},
	{{F(NOT_ASKED)}, STRAY_UNDECIDED, "its host was not asked"},
	{{D(ABSENT), F(UP), .nexus = true}, STRAY_REMOVE, "the domain is not there"},
	{{D(UNKNOWN), F(UP)}, STRAY_UNDECIDED, "libvirt there does not answer"},
	{{D(NOT_ASKED), F(UP)}, STRAY_UNDECIDED, "libvirt there was not asked"},
	{{F(FENCED), .nexus = true}, STRAY_REMOVE, "was fenced"},
	{{F(LEFT)}, STRAY_REMOVE, "no session open"},
	{{F(LEFT), .nexus = true}, STRAY_KEEP, "unfenced, with a session open"},
	{{F(LOST)}, STRAY_UNDECIDED, "not fenced: fence it"},
	{{F(UNKNOWN)}, STRAY_UNDECIDED, "Pacemaker does not say"},
};
#define N_ROWS (G_N_ELEMENTS(rows))

static void each_combination(void (*look)(const struct stray_facts *facts))
{
	for (unsigned int flags = 0; flags < 128; flags++) {
		for (int domain = 0; domain < STRAY_DOMAIN_MAX; domain++) {
			for (int fate = 0; fate < STRAY_FATE_MAX; fate++) {
				for (int task = 0; task < STRAY_TASK_MAX; task++) {
					struct stray_facts facts = {
						.granted = flags & 1,
						.nexus = flags & 2,
						.foreign = flags & 4,
						.foreign_wanted = flags & 8,
						.shared = flags & 16,
						.twice = flags & 32,
						.explained = flags & 64,
						.domain = (enum stray_domain)domain,
						.fate = (enum stray_fate)fate,
						.task = (enum stray_task)task,
					};

					look(&facts);
				}
			}
		}
	}
}

static enum stray_verdict judge(const struct stray_facts *facts)
{
	const char *why;

	return stray_judge(facts, &why);
}

static void stray_judge__decides_row_by_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ROWS; i++) {
		const char *why;

		assert_int_equal(stray_judge(&rows[i].facts, &why), rows[i].verdict);
		assert_non_null(strstr(why, rows[i].why));
	}
}

static const char *seen[ROWS_MAX];
static size_t n_seen;

static void why_note(const struct stray_facts *facts)
{
	const char *why;

	(void)stray_judge(facts, &why);
	for (size_t i = 0; i < n_seen; i++) {
		if (seen[i] == why) {
			return;
		}
	}
	assert_true(n_seen < ROWS_MAX);
	seen[n_seen++] = why;
}

/* No row is dead, and none is without a case above. */
static void stray_judge__every_row_has_a_case(void **state)
{
	(void)state;
	each_combination(why_note);
	assert_int_equal(n_seen, N_ROWS);
}

/* I5, said without the table. */
static bool removable(const struct stray_facts *facts)
{
	if (facts->foreign) {
		return facts->foreign_wanted &&
		       (facts->task == STRAY_TASK_NONE || facts->task == STRAY_TASK_UNKNOWN);
	}
	if (facts->task != STRAY_TASK_NONE || facts->shared ||
	    facts->domain == STRAY_DOMAIN_THERE || facts->domain == STRAY_DOMAIN_OTHER ||
	    facts->explained) {
		return false;
	}
	return (facts->fate == STRAY_FATE_UP && facts->domain == STRAY_DOMAIN_ABSENT) ||
	       facts->fate == STRAY_FATE_FENCED ||
	       (facts->fate == STRAY_FATE_LEFT && !facts->nexus);
}

static void removes_only_what_is_removable(const struct stray_facts *facts)
{
	assert_int_equal(judge(facts) == STRAY_REMOVE, removable(facts));
}

static void stray_judge__removes_what_no_live_host_needs_and_nothing_else(void **state)
{
	(void)state;
	each_combination(removes_only_what_is_removable);
}

static void legal_is_what_is_needed(const struct stray_facts *facts)
{
	bool there = facts->domain == STRAY_DOMAIN_THERE;
	bool window = facts->task == STRAY_TASK_WINDOW && facts->fate != STRAY_FATE_FENCED &&
		      facts->fate != STRAY_FATE_LEFT && facts->fate != STRAY_FATE_LOST;
	bool alone = !facts->twice || facts->task == STRAY_TASK_WINDOW ||
		     facts->task == STRAY_TASK_BROKEN;

	assert_int_equal(judge(facts) == STRAY_NONE, !facts->foreign && (there ? alone : window));
}

static void stray_judge__is_silent_about_what_is_needed_and_nothing_else(void **state)
{
	(void)state;
	each_combination(legal_is_what_is_needed);
}

static void stray_what__names_grant_and_session(void **state)
{
	struct stray_facts facts = {.granted = true};
	char text[STRAY_TEXT_MAX];

	(void)state;
	assert_string_equal(stray_what(&facts, "l", "node2", text), "LUN l is granted to node2");
	facts.nexus = true;
	assert_string_equal(stray_what(&facts, "l", "node2", text),
			    "LUN l is granted to node2, with a session open");
	facts.granted = false;
	assert_string_equal(stray_what(&facts, "l", "node2", text),
			    "LUN l is not granted to, but open in a session of, node2");
}

static void says(const struct stray_trace *trace, const char *wanted)
{
	char text[STRAY_TEXT_MAX];

	assert_memory_equal(stray_who(trace, text), wanted, strlen(wanted));
}

static void stray_who__names_the_most_likely_cause(void **state)
{
	struct stray_trace trace = {.foreign = false};

	(void)state;
	says(&trace, "not known who left it: opened by hand?");
	trace.fenced_ms = 1700000005000;
	says(&trace, "left by the host when it was fenced on 2023-11-");
	trace.task = (struct journal_task){.revision = 3,
					   .kind = JOURNAL_MIGRATE,
					   .state = JOURNAL_DONE,
					   .source = "node1",
					   .target = "node2",
					   .changed_ms = 1700000009000};
	says(&trace, "not known who left it: opened by hand since migrate from node1 to node2 was "
		     "done on 2023-11-");
	trace.task.state = JOURNAL_FAILED;
	says(&trace, "left by migrate from node1 to node2, failed since 2023-11-");
	trace.task.kind = JOURNAL_START;
	trace.task.source[0] = '\0';
	trace.task.state = JOURNAL_BROKEN;
	says(&trace, "left by start on node2, broken since 2023-11-");
	trace.released_ms = 1700000001000;
	says(&trace, "the host has released it on 2023-11-");
	trace.foreign = true;
	says(&trace, "not known who left it: opened by hand?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stray_judge__decides_row_by_row),
		cmocka_unit_test(stray_judge__every_row_has_a_case),
		cmocka_unit_test(stray_judge__removes_what_no_live_host_needs_and_nothing_else),
		cmocka_unit_test(stray_judge__is_silent_about_what_is_needed_and_nothing_else),
		cmocka_unit_test(stray_what__names_grant_and_session),
		cmocka_unit_test(stray_who__names_the_most_likely_cause),
	};

	return cmocka_run_group_tests_name("stray", tests, NULL, NULL);
}
