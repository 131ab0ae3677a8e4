/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/released.h"

#include <glib.h>

/* The boolean facts, as bits. */
enum { PATH = 1u << 0, HOST = 1u << 1, FOREIGN = 1u << 2, MISSING = 1u << 3, AUTOMATIC = 1u << 4 };

#define REACH(x) (1u << RELEASED_REACH_##x)
#define TASK(x) (1u << STRAY_TASK_##x)
#define ANY 0 /* in a column: any value */

/*
 * The first row that matches decides. set: facts that must be true; clear: facts that must be
 * false.
 */
static const struct rule {
	unsigned int set;
	unsigned int clear;
	unsigned int reaches;
	unsigned int tasks;
	enum released_verdict verdict;
	const char *why;
} rules[] = {
	{PATH, 0, ANY, ANY, RELEASED_PATH, "its host still has a path"},
	{0, 0, ANY, TASK(UNKNOWN), RELEASED_UNDECIDED,
	 "the journal cannot say that no task needs it"},
	{0, 0, ANY, TASK(WINDOW) | TASK(BROKEN) | TASK(OTHER) | TASK(RECOVERY), RELEASED_KEEP,
	 "a task of the VM is open or has just failed: try again when it has ended"},
	{0, HOST, ANY, ANY, RELEASED_UNDECIDED,
	 "its host is no [host] of the configuration, so its paths are not known: put it back, or "
	 "lunmask journal forget"},
	{FOREIGN, 0, ANY, ANY, RELEASED_KEEP,
	 "an initiator that is no [host] has a path, and may be this host under another name: "
	 "lunmask reconcile --foreign removes it"},
	{0, MISSING, ANY, ANY, RELEASED_END, "its host has no path to the LUNs"},
	/* An array that is still starting does not know its LUNs yet. */
	{AUTOMATIC, 0, ANY, ANY, RELEASED_KEEP,
	 "the array has no such LUN: lunmask reconcile ends the release if the LUN is gone"},
	{0, 0, REACH(NOTHING), ANY, RELEASED_END,
	 "the array has no such LUN, and its host reaches no LUN that is not known"},
	{0, 0, REACH(OTHER), ANY, RELEASED_KEEP,
	 "the array has no such LUN, but its host reaches one that no VM names, which may be the "
	 "same under another name: revoke that on the array, or lunmask journal forget"},
	{0, 0, ANY, ANY, RELEASED_UNDECIDED,
	 "the array has no such LUN, and does not say what else its host reaches"},
};

static unsigned int flags_of(const struct released_facts *facts)
{
	return (facts->path ? PATH : 0u) | (facts->host ? HOST : 0u) |
	       (facts->foreign ? FOREIGN : 0u) | (facts->missing ? MISSING : 0u) |
	       (facts->automatic ? AUTOMATIC : 0u);
}

static bool column_fits(unsigned int column, unsigned int value)
{
	return column == ANY || (column & (1u << value)) != 0;
}

static bool rule_fits(const struct rule *rule, const struct released_facts *facts)
{
	unsigned int flags = flags_of(facts);

	return (flags & rule->set) == rule->set && (flags & rule->clear) == 0 &&
	       column_fits(rule->reaches, facts->reach) && column_fits(rule->tasks, facts->task);
}

enum released_verdict released_judge(const struct released_facts *facts, const char **ret_why)
{
	size_t i = 0;

	/* The last row matches everything. */
	while (i < G_N_ELEMENTS(rules) - 1 && !rule_fits(&rules[i], facts)) {
		i++;
	}
	*ret_why = rules[i].why;
	return rules[i].verdict;
}
