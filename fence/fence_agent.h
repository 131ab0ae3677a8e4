/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_FENCE_AGENT_H
#define LUNMASK_FENCE_AGENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * A fence agent as two tables: its parameters and its actions.
 *
 * Metadata, help, manual page, the reading of stdin and of the command line, and dispatch come from
 * these rows, so they cannot disagree. An agent is its tables, its run functions and
 *
 *	int main(int argc, char **argv)
 *	{
 *		return fence_agent_main(&agent, argc, argv);
 *	}
 *
 * The contract: the FenceAgentAPI (fence-agents, doc/FenceAgentAPI.md), as Pacemaker uses it.
 */
enum fence_type { FENCE_STRING, FENCE_SECONDS, FENCE_FLAG };

#define FENCE_PARAMETERS_MAX 32
#define FENCE_VALUE_MAX 4096 /* bytes of one value */

struct fence_parameter {
	const char *name; /* on stdin; on the command line "--name" with '-' for '_' */
	char letter;      /* short option, or 0 */
	enum fence_type type;
	const char *metavar;    /* what stands for the value in the help; NULL for a flag */
	const char *fallback;   /* the value when none is set, or NULL */
	long long min, max;     /* FENCE_SECONDS */
	const char *stands_for; /* another row, which takes its value from here when it has none */
	bool hidden;            /* understood, but not for an administrator to set */
	bool stdin_only;
	int (*check)(const char *value, struct err *err); /* may be NULL; 0 or -EINVAL with text */
	const char *help;                                 /* the whole explanation */
};

enum fence_action_flags {
	FENCE_ACTION_PLUG = 1u << 0,      /* is about one host, which must be named */
	FENCE_ACTION_AUTOMATIC = 1u << 1, /* the cluster calls it by itself: unfencing */
	FENCE_ACTION_ON_TARGET = 1u << 2, /* the cluster calls it on the host itself */
	FENCE_ACTION_HIDDEN = 1u << 3,    /* understood, but not in the metadata */
};

/* What run returns beside 0 and -errno: the answer of "status". */
enum { FENCE_STATUS_OFF = 2 };

struct fence_call;

struct fence_action {
	const char *name;
	/* 0, FENCE_STATUS_OFF, or -errno with text. NULL: what the library does itself. */
	int (*run)(const struct fence_call *call, struct err *err);
	const char *timeout; /* the parameter that says how long it may take, or NULL */
	unsigned int flags;
	const char *help;
};

struct fence_agent {
	const char *name;
	const char *version;
	const char *shortdesc;
	const char *longdesc; /* paragraphs are lines */
	const char *files;    /* a paragraph each, for the manual page */
	const char *see_also; /* "lunmask.conf (5)", one a line */
	const char *examples; /* for the manual page, as they are typed */
	const struct fence_parameter *parameters;
	size_t n_parameters;
	const struct fence_action *actions;
	size_t n_actions;
};

/* One call of the agent. The values belong to it. */
struct fence_call {
	const struct fence_agent *agent;
	const struct fence_action *action;
	const char *plug;                   /* the host, or NULL where none is needed */
	struct deadline deadline;           /* from now on */
	char *values[FENCE_PARAMETERS_MAX]; /* in the order of the rows; NULL: not set */
};

/*
 * Runs the action that stdin or, where there are any, the arguments name, and returns the exit
 * status: 0, 2 for a host that is off (status only), 1 for everything else. It must be named: an
 * agent that cuts a host off because a word was forgotten is none.
 *
 * A failure is one line on stderr, the last one, which Pacemaker shows. Names that are not known
 * are passed over on stdin, and refused on the command line.
 */
int fence_agent_main(const struct fence_agent *agent, int argc, char **argv);

/* NULL when there is none. */
const struct fence_action *fence_agent_find_action(const struct fence_agent *agent,
						   const char *name);
const struct fence_parameter *fence_agent_find_parameter(const struct fence_agent *agent,
							 const char *name);

/* Are the tables sound? Asked at each start; -EINVAL with the row and what is wrong with it. */
int fence_agent_verify(const struct fence_agent *agent, struct err *err);

#endif
