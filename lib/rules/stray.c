/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/stray.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "base/realtime.h"

/* The boolean facts, as bits. */
enum {
	FOREIGN = 1u << 0,
	WANTED = 1u << 1,
	SHARED = 1u << 2,
	TWICE = 1u << 3,
	NEXUS = 1u << 4,
	EXPLAINED = 1u << 5
};

#define DOMAIN(x) (1u << STRAY_DOMAIN_##x)
#define FATE(x) (1u << STRAY_FATE_##x)
#define TASK(x) (1u << STRAY_TASK_##x)
#define ANY 0 /* in a column: any value */

/*
 * The first row that matches decides. set: facts that must be true; clear: facts that must be
 * false.
 */
static const struct rule {
	unsigned int set;
	unsigned int clear;
	unsigned int domains;
	unsigned int fates;
	unsigned int tasks;
	enum stray_verdict verdict;
	const char *why;
} rules[] = {
	/* Nothing in these facts shows whether an unknown initiator still needs its path. */
	{FOREIGN, WANTED, ANY, ANY, ANY, STRAY_KEEP,
	 "its initiator is no [host] of the configuration: --foreign removes it"},
	{FOREIGN, 0, ANY, ANY, TASK(WINDOW) | TASK(BROKEN) | TASK(OTHER) | TASK(RECOVERY),
	 STRAY_KEEP, "a task of the VM is open or has just failed: try again when it has ended"},
	{FOREIGN, 0, ANY, ANY, ANY, STRAY_REMOVE,
	 "its initiator is no [host] of the configuration, and --foreign was given"},

	{TWICE, 0, DOMAIN(THERE), ANY, TASK(NONE) | TASK(OTHER) | TASK(RECOVERY) | TASK(UNKNOWN),
	 STRAY_KEEP,
	 "the domain is on more than one host: stop it on one of them (crm_resource --force-stop)"},
	{0, 0, DOMAIN(THERE), ANY, ANY, STRAY_NONE, "the domain is there"},
	{0, 0, ANY, FATE(UP) | FATE(UNKNOWN) | FATE(NOT_ASKED), TASK(WINDOW), STRAY_NONE,
	 "a task in progress needs it"},

	{0, 0, ANY, ANY, TASK(WINDOW), STRAY_KEEP,
	 "a task that names the host is open: stop or start of the VM ends it"},
	{0, 0, ANY, ANY, TASK(BROKEN), STRAY_KEEP,
	 "the VM's task is broken: stop or start of the VM ends it"},
	{0, 0, ANY, ANY, TASK(OTHER), STRAY_KEEP,
	 "another task of the VM is in progress: try again when it has ended"},
	{0, 0, ANY, ANY, TASK(UNKNOWN), STRAY_UNDECIDED,
	 "the journal cannot say that no task needs it"},
	{SHARED, 0, ANY, ANY, ANY, STRAY_UNDECIDED, "another VM of the cluster uses this LUN too"},
	{0, 0, ANY, ANY, TASK(RECOVERY), STRAY_KEEP,
	 "a migration has just failed, and a stop must still find the failure: try again after the "
	 "stop, or in ten minutes"},

	{EXPLAINED, 0, ANY, ANY, ANY, STRAY_KEEP,
	 "the VM was started there last: the stop that follows revokes"},
	{0, 0, DOMAIN(OTHER), ANY, ANY, STRAY_KEEP,
	 "another VM or QEMU there uses one of the LUNs"},

	{0, 0, ANY, FATE(NOT_ASKED), ANY, STRAY_UNDECIDED, "its host was not asked"},
	{0, 0, DOMAIN(ABSENT), FATE(UP), ANY, STRAY_REMOVE,
	 "the domain is not there, and no task needs it"},
	{0, 0, DOMAIN(UNKNOWN), FATE(UP), ANY, STRAY_UNDECIDED, "libvirt there does not answer"},
	{0, 0, ANY, FATE(UP), ANY, STRAY_UNDECIDED, "libvirt there was not asked"},
	{0, 0, ANY, FATE(FENCED), ANY, STRAY_REMOVE, "the host was fenced"},
	{0, NEXUS, ANY, FATE(LEFT), ANY, STRAY_REMOVE,
	 "the host has left the cluster, and has no session open"},
	{0, 0, ANY, FATE(LEFT), ANY, STRAY_KEEP,
	 "as far as is known, the host has left the cluster unfenced, with a session open: if the "
	 "VM runs there stop it, else cut the host off (fence_lunmask -o off -n NODE)"},
	{0, 0, ANY, FATE(LOST), ANY, STRAY_UNDECIDED,
	 "the host is not a member and was not fenced: fence it (stonith_admin --fence)"},
	{0, 0, ANY, ANY, ANY, STRAY_UNDECIDED,
	 "Pacemaker does not say whether the host is up or fenced"},
};

static unsigned int flags_of(const struct stray_facts *facts)
{
	return (facts->foreign ? FOREIGN : 0u) | (facts->foreign_wanted ? WANTED : 0u) |
	       (facts->shared ? SHARED : 0u) | (facts->twice ? TWICE : 0u) |
	       (facts->nexus ? NEXUS : 0u) | (facts->explained ? EXPLAINED : 0u);
}

static bool column_fits(unsigned int column, unsigned int value)
{
	return column == ANY || (column & (1u << value)) != 0;
}

static bool rule_fits(const struct rule *rule, const struct stray_facts *facts)
{
	unsigned int flags = flags_of(facts);

	return (flags & rule->set) == rule->set && (flags & rule->clear) == 0 &&
	       column_fits(rule->domains, facts->domain) && column_fits(rule->fates, facts->fate) &&
	       column_fits(rule->tasks, facts->task);
}

enum stray_verdict stray_judge(const struct stray_facts *facts, const char **ret_why)
{
	size_t i = 0;

	/* The last row matches everything. */
	while (i < G_N_ELEMENTS(rules) - 1 && !rule_fits(&rules[i], facts)) {
		i++;
	}
	*ret_why = rules[i].why;
	return rules[i].verdict;
}

bool stray_explained(const struct journal_task *last, const char *node)
{
	return (last->kind == JOURNAL_START || last->kind == JOURNAL_MIGRATE) &&
	       last->state == JOURNAL_DONE && strcmp(last->target, node) == 0;
}

const char *stray_what(const struct stray_facts *facts, const char *lun, const char *host,
		       char ret[STRAY_TEXT_MAX])
{
	(void)snprintf(ret, STRAY_TEXT_MAX, "LUN %s is %s %s%s", lun,
		       facts->granted ? "granted to" : "not granted to, but open in a session of,",
		       host, facts->granted && facts->nexus ? ", with a session open" : "");
	return ret;
}

/* Example: "migrate from node1 to node2". */
static void task_to_str(const struct journal_task *task, char *ret, size_t size)
{
	const char *node = task->source[0] != '\0' ? task->source : task->target;

	if (task->kind == JOURNAL_MIGRATE) {
		(void)snprintf(ret, size, "migrate from %.100s to %.100s", task->source,
			       task->target);
	} else {
		(void)snprintf(ret, size, "%s on %.100s", journal_kind_to_str(task->kind), node);
	}
}

/*
 * A task that ended well revoked everything it had to revoke, so a path seen now was opened later.
 */
const char *stray_who(const struct stray_trace *trace, char ret[STRAY_TEXT_MAX])
{
	const struct journal_task *task = &trace->task;
	char when[REALTIME_TEXT];
	char name[256];

	task_to_str(task, name, sizeof(name));
	if (trace->foreign) {
		return strcpy(ret, "not known who left it: opened by hand?");
	}
	if (trace->released_ms != 0) {
		(void)snprintf(ret, STRAY_TEXT_MAX,
			       "the host has released it on %s, and its revoke is pending",
			       realtime_to_str(trace->released_ms, when));
	} else if (task->revision != 0 && task->state != JOURNAL_DONE) {
		(void)snprintf(ret, STRAY_TEXT_MAX, "left by %s, %s since %s", name,
			       journal_state_to_str(task->state),
			       realtime_to_str(task->changed_ms, when));
	} else if (trace->fenced_ms != 0 && trace->fenced_ms > task->changed_ms) {
		(void)snprintf(ret, STRAY_TEXT_MAX,
			       "left by the host when it was fenced on %s, or opened by hand since",
			       realtime_to_str(trace->fenced_ms, when));
	} else if (task->revision != 0) {
		(void)snprintf(ret, STRAY_TEXT_MAX,
			       "not known who left it: opened by hand since %s was done on %s?",
			       name, realtime_to_str(task->changed_ms, when));
	} else {
		(void)strcpy(ret, "not known who left it: opened by hand?");
	}
	return ret;
}
