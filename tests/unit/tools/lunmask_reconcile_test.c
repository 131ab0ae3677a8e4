/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lunmask_reconcile.h"

/* What lunmask reconcile prints of what it found. */
static const struct config_host node2 = {.node = "node2"};
static struct vm_holder holders[2];
static struct vm_stray rows[4];
static struct vm_strays strays;
static char *output;

static void row(size_t i, size_t holder, const char *lun, bool nexus)
{
	strcpy(rows[i].lun, lun);
	rows[i].holder = holder;
	rows[i].facts =
		holders[holder].host != NULL
			? (struct stray_facts){.domain = STRAY_DOMAIN_ABSENT, .fate = STRAY_FATE_UP}
			: (struct stray_facts){.foreign = true};
	rows[i].facts.granted = true;
	rows[i].facts.nexus = nexus;
	rows[i].verdict = stray_judge(&rows[i].facts, &rows[i].why);
}

/* node2 by hand on two LUNs, a stranger on one, and a row that is legal. */
static int setup(void **state)
{
	(void)state;
	memset(holders, 0, sizeof(holders));
	memset(rows, 0, sizeof(rows));
	holders[0].host = &node2;
	strcpy(holders[0].initiator, "iqn.2026-11.org.example:node2");
	strcpy(holders[1].initiator, "iqn.2026-11.org.example:somebody-elses-host");
	holders[1].trace.foreign = true;
	row(0, 0, "web1-root", false);
	row(1, 0, "a-name-of-a-lun-that-is-longer-than-its-column", true);
	row(2, 1, "web1-root", false);
	row(3, 0, "web1-state", false);
	rows[3].verdict = STRAY_NONE;
	strays = (struct vm_strays){
		.holders = holders, .n_holders = 2, .rows = rows, .n = 4, .record.known = true};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(output);
	output = NULL;
	return 0;
}

static void printed(bool dry_run)
{
	FILE *screen = stdout;
	bool head = true;
	size_t bytes;

	free(output);
	stdout = open_memstream(&output, &bytes);
	assert_non_null(stdout);
	reconcile_print("web1", &strays, dry_run, &head);
	(void)fclose(stdout);
	stdout = screen;
}

static void summary_is(const struct reconcile_counts *counts, bool dry_run, const char *wanted)
{
	FILE *screen = stdout;
	size_t bytes;

	free(output);
	stdout = open_memstream(&output, &bytes);
	assert_non_null(stdout);
	reconcile_summary(counts, dry_run);
	(void)fclose(stdout);
	stdout = screen;
	assert_string_equal(output, wanted);
}

static void reconcile_print__a_line_each_stray(void **state)
{
	(void)state;
	printed(true);
	assert_string_equal(
		output,
		"VM               LUN                  HOST             HAS           WHAT\n"
		"web1             web1-root            node2            grant         to remove\n"
		"web1             a-name-of-a-lun-tha+ node2            grant,session to remove\n"
		"    not known who left it: opened by hand?\n"
		"    the domain is not there, and no task needs it\n"
		"web1             web1-root            ebody-elses-host grant         left\n"
		"    iqn.2026-11.org.example:somebody-elses-host\n"
		"    not known who left it: opened by hand?\n"
		"    its initiator is no [host] of the configuration: --foreign removes it\n");
}

static struct journal_release release = {.vm = "web1",
					 .node = "node3",
					 .array = "san1",
					 .luns = {"web1-root", "web1-data"},
					 .n_luns = 2,
					 .since_ms = 1700000000000};
static struct vm_released released[2];

/* node3 has no path; what node2 has released it can still reach, and the lines above tell it. */
static void released_add(enum vm_released_end end)
{
	memset(released, 0, sizeof(released));
	released[0].release = &release;
	released[0].facts = (struct released_facts){
		.host = true, .missing = true, .reach = RELEASED_REACH_NOTHING};
	released[0].verdict = released_judge(&released[0].facts, &released[0].why);
	released[0].end = end;
	released[1] = (struct vm_released){.release = &release, .verdict = RELEASED_PATH};
	strays.released = released;
	strays.n_released = 2;
	strays.n = 0;
}

static void reconcile_print__a_release_is_told(void **state)
{
	struct reconcile_counts counts = {0};

	(void)state;
	released_add(VM_RELEASED_ENDED);
	printed(false);
	assert_non_null(strstr(
		output, "\nweb1             web1-root,...        node3            release  "
			"     ended\n    the host has released 2 LUNs of san1 on 2023-11-1"));
	assert_non_null(strstr(output, "\n    the array has no such LUN, and its host reaches no "
				       "LUN that is not known\n"));
	reconcile_count(&strays, &counts);
	summary_is(&counts, false, "1 VM looked at: nothing stray; 1 release, 1 ended, 0 left.\n");
	summary_is(&counts, true, "1 VM looked at: nothing stray; 1 release, 1 to be ended.\n");
}

static void reconcile_print__fits_eighty_columns(void **state)
{
	(void)state;
	rows[0].end = VM_STRAY_FAILED;
	memset(rows[0].end_err.text, 'x', 60);
	strcpy(rows[0].end_err.text + 60, " and so on, for as long as a reason may be, which is "
					  "longer than a line");
	printed(false);
	for (const char *line = output; *line != '\0'; line += strcspn(line, "\n") + 1) {
		assert_true(strcspn(line, "\n") <= 80);
	}
}

static void reconcile_print__says_nothing_of_what_is_legal(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		rows[i].verdict = STRAY_NONE;
	}
	printed(false);
	assert_string_equal(output, "");
}

static void reconcile_print__tells_what_did_not_answer(void **state)
{
	(void)state;
	rows[1].verdict = rows[2].verdict = STRAY_NONE;
	rows[0].facts.domain = STRAY_DOMAIN_UNKNOWN;
	rows[0].verdict = stray_judge(&rows[0].facts, &rows[0].why);
	strcpy(holders[0].why.text, "nobody listens");
	printed(false);
	assert_non_null(strstr(output, "grant         not decided\n"));
	assert_non_null(strstr(output, "libvirt there does not answer: nobody listens\n"));
}

static void reconcile_summary__counts(void **state)
{
	struct reconcile_counts counts = {.vms = 0};

	(void)state;
	reconcile_count(&strays, &counts);
	summary_is(&counts, true, "1 VM looked at: 3 stray, 2 to be removed.\n");
	rows[0].end = VM_STRAY_REMOVED;
	reconcile_count(&strays, &counts);
	counts.unseen = 1;
	summary_is(&counts, false,
		   "2 VMs looked at: 6 stray, 1 removed, 5 left; 1 could not be looked at.\n");
	summary_is(&(struct reconcile_counts){.vms = 3}, false,
		   "3 VMs looked at: nothing stray.\n");
	summary_is(&(struct reconcile_counts){.vms = 1, .strays = 1, .undecided = 1}, true,
		   "1 VM looked at: 1 stray, 0 to be removed, 1 of them not decided.\n");
}

static void reconcile_json__has_all_of_them(void **state)
{
	json_t *json, *list, *first;

	(void)state;
	rows[0].end = VM_STRAY_REMOVED;
	json = reconcile_json("web1", NULL, &strays);
	assert_non_null(json);
	assert_true(json_is_null(json_object_get(json, "resource")));
	list = json_object_get(json, "strays");
	assert_int_equal(json_array_size(list), 3);
	first = json_array_get(list, 0);
	assert_string_equal(json_string_value(json_object_get(first, "host")), "node2");
	assert_string_equal(json_string_value(json_object_get(first, "verdict")), "remove");
	assert_string_equal(json_string_value(json_object_get(first, "end")), "removed");
	first = json_array_get(list, 2);
	assert_true(json_is_null(json_object_get(first, "host")));
	assert_string_equal(json_string_value(json_object_get(first, "verdict")), "keep");
	json_decref(json);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reconcile_print__a_line_each_stray),
		TEST(reconcile_print__a_release_is_told),
		TEST(reconcile_print__fits_eighty_columns),
		TEST(reconcile_print__says_nothing_of_what_is_legal),
		TEST(reconcile_print__tells_what_did_not_answer),
		TEST(reconcile_summary__counts),
		TEST(reconcile_json__has_all_of_them),
	};

	return cmocka_run_group_tests_name("lunmask_reconcile", tests, NULL, NULL);
}
