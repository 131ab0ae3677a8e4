/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_OCF_AGENT_H
#define LUNMASK_OCF_AGENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * An OCF resource agent as two tables: its parameters and its actions.
 *
 * Metadata (both profiles), help, manual page, parameter checks and dispatch all come from these
 *rows, so they cannot disagree. An agent is its tables, its run functions and
 *
 *	int main(int argc, char **argv)
 *	{
 *		return ocf_agent_main(&agent, argc, argv);
 *	}
 *
 * The contract: OCF Resource Agent API 1.1, and Pacemaker Administration, "Resource Agents".
 */
enum ocf_type { OCF_STRING, OCF_INTEGER, OCF_BOOLEAN, OCF_SELECT, OCF_TIME };

struct ocf_parameter {
	const char *name; /* OCF_RESKEY_name */
	enum ocf_type type;
	const char *const *options; /* OCF_SELECT: NULL-terminated, each explained in longdesc */
	const char *fallback;       /* the value when none is set, or NULL */
	bool required;
	bool reloadable;          /* a change needs no restart, only reload-agent */
	const char *unique_group; /* the values of one group are, together, a resource's alone */
	long long min, max;       /* OCF_INTEGER; OCF_TIME in milliseconds */
	int (*check)(const char *value, struct err *err); /* may be NULL; 0 or -EINVAL with text */
	const char *shortdesc;
	const char *longdesc;
};

enum ocf_action_flags {
	OCF_ACTION_CHECKS = 1u << 0, /* a wrong parameter ends it with OCF code 6, before run */
	OCF_ACTION_LOCAL = 1u << 1, /* may end with codes that ban this node, see ocf_exit_code() */
	OCF_ACTION_1_1 = 1u << 2,   /* unknown to OCF 1.0: not in that profile's metadata */
};

struct ocf_call;

/* Rows of one name differ in depth (and in what an administrator may configure for it) only. */
struct ocf_action {
	const char *name;
	/* 0, a positive OCF code, or -errno with text. NULL: meta-data, which the library does. */
	int (*run)(const struct ocf_call *call, struct err *err);
	int timeout_s;
	int interval_s; /* 0: not recurring */
	int depth;      /* check level; 0 is not shown in the metadata */
	unsigned int flags;
};

struct ocf_agent {
	const char *name;
	const char *version; /* the agent's own */
	const char *shortdesc;
	const char *longdesc;
	const struct ocf_parameter *parameters;
	size_t n_parameters;
	const struct ocf_action *actions;
	size_t n_actions;
};

/*
 * Runs the action argv[1] names and returns the process's exit status. "--help" prints the help,
 * "--man" the manual page (ocf_man.h), and both are 0; no action, more than one, or an unknown one
 * is 3 (not implemented).
 *
 * A failure prints one exit reason. What does not check its parameters (stop, monitor, migrate_*)
 * runs with wrong ones too: it sees the default in place of a wrong value.
 */
int ocf_agent_main(const struct ocf_agent *agent, int argc, char **argv);

/* The first row of that name, or NULL. */
const struct ocf_action *ocf_agent_find_action(const struct ocf_agent *agent, const char *name);

/* NULL when there is none. */
const struct ocf_parameter *ocf_agent_find_parameter(const struct ocf_agent *agent,
						     const char *name);

/* Are the tables sound? Asked at each start; -EINVAL with the row and what is wrong with it. */
int ocf_agent_verify(const struct ocf_agent *agent, struct err *err);

#endif
