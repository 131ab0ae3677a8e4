/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_OCF_AGENT_H
#define LUNMASK_OCF_AGENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * Implements an OCF resource agent from two tables: its parameters and its actions.
 *
 * The metadata (in both profiles), the help, the manual page, the parameter checks and the dispatch
 * all come from the rows of these tables, so they cannot disagree. An agent consists of its tables,
 * its run functions and
 *
 *	int main(int argc, char **argv)
 *	{
 *		return ocf_agent_main(&agent, argc, argv);
 *	}
 *
 * The tables are static data. The contract is OCF Resource Agent API 1.1, and Pacemaker
 * Administration, "Resource Agents".
 */
enum ocf_type { OCF_STRING, OCF_INTEGER, OCF_BOOLEAN, OCF_SELECT, OCF_TIME };

struct ocf_parameter {
	const char *name; /* OCF_RESKEY_name */
	enum ocf_type type;
	const char *const *options; /* OCF_SELECT: NULL-terminated, each explained in longdesc */
	const char *fallback;       /* the default value, or NULL */
	bool required;
	bool reloadable;          /* a change needs only reload-agent, not a restart */
	const char *unique_group; /* no two resources may have the same values in one group */
	long long min, max;       /* for OCF_INTEGER, and for OCF_TIME in milliseconds */
	int (*check)(const char *value, struct err *err); /* may be NULL; 0 or -EINVAL with text */
	const char *shortdesc;
	const char *longdesc;
};

enum ocf_action_flags {
	OCF_ACTION_CHECKS = 1u << 0, /* a wrong parameter is OCF code 6; run is not called */
	OCF_ACTION_1_1 = 1u << 1,    /* not in OCF 1.0, so not in the metadata of that profile */
};

struct ocf_call;

/* Rows with the same name may differ only in depth, timeout and interval. */
struct ocf_action {
	const char *name;
	/* Returns 0, a positive OCF code, or -errno with text. NULL only for meta-data. */
	int (*run)(const struct ocf_call *call, struct err *err);
	int timeout_s;
	int interval_s; /* 0: not recurring */
	int depth;      /* OCF_CHECK_LEVEL; 0 is omitted from the metadata */
	unsigned int flags;
};

struct ocf_agent {
	const char *name;
	const char *version; /* of the agent, not of OCF */
	const char *date;    /* of that version, YYYY-MM-DD */
	const char *shortdesc;
	const char *longdesc;
	const struct ocf_parameter *parameters;
	size_t n_parameters;
	const struct ocf_action *actions;
	size_t n_actions;
};

/*
 * Runs the action that argv[1] names, and returns the exit status of the process. "--help" prints
 * the help and "--man" the manual page (ocf_man.h); both return 0. Without exactly one known
 * action, the status is 3 (not implemented).
 *
 * A failure prints one exit reason. An action without OCF_ACTION_CHECKS (stop, monitor, migrate_*)
 * runs even if parameters are wrong: it gets the default instead of a wrong value.
 */
int ocf_agent_main(const struct ocf_agent *agent, int argc, char **argv);

/* The first row with that name, or NULL. */
const struct ocf_action *ocf_agent_find_action(const struct ocf_agent *agent, const char *name);

/* NULL if there is none. */
const struct ocf_parameter *ocf_agent_find_parameter(const struct ocf_agent *agent,
						     const char *name);

/* Checks the tables; ocf_agent_main() calls it first. -EINVAL names the row and its error. */
int ocf_agent_verify(const struct ocf_agent *agent, struct err *err);

#endif
