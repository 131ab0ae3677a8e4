/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_FENCE_AGENT_H
#define LUNMASK_FENCE_AGENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * A fence agent, described by two tables: its parameters and its actions.
 *
 * The library derives metadata, help, manual page, parsing of stdin and command line, and dispatch
 * from the tables, so they cannot disagree. An agent consists of its tables, its run functions and
 *
 *	int main(int argc, char **argv)
 *	{
 *		return fence_agent_main(&agent, argc, argv);
 *	}
 *
 * It follows the FenceAgentAPI (fence-agents, doc/FenceAgentAPI.md) as Pacemaker uses it.
 */
enum fence_type { FENCE_STRING, FENCE_SECONDS, FENCE_FLAG };

#define FENCE_PARAMETERS_MAX 32
#define FENCE_VALUE_MAX 4096 /* bytes per value */

struct fence_parameter {
	const char *name; /* on stdin; "--name" on the command line, with '-' for '_' */
	char letter;      /* short option, or 0 */
	enum fence_type type;
	const char *metavar;    /* placeholder of the value in the help; NULL for a flag */
	const char *fallback;   /* default, or NULL */
	long long min, max;     /* FENCE_SECONDS */
	const char *stands_for; /* another row: if it has no value, it uses this one's */
	bool hidden;            /* accepted, but administrators should not set it */
	bool stdin_only;
	int (*check)(const char *value, struct err *err); /* may be NULL; 0 or -EINVAL with text */
	const char *help;                                 /* the whole explanation */
};

enum fence_action_flags {
	FENCE_ACTION_PLUG = 1u << 0,      /* acts on one host, which must be named */
	FENCE_ACTION_AUTOMATIC = 1u << 1, /* the cluster calls it automatically: unfencing */
	FENCE_ACTION_ON_TARGET = 1u << 2, /* the cluster runs it on the host itself */
	FENCE_ACTION_HIDDEN = 1u << 3,    /* accepted, but not in the metadata */
	FENCE_ACTION_DELAYED = 1u << 4,   /* the parameter delay is for it */
};

/* run may return this in addition to 0 and -errno: the result of "status". */
enum { FENCE_STATUS_OFF = 2 };

struct fence_call;

struct fence_action {
	const char *name;       /* in lower case; accepted in any case */
	const char *stands_for; /* another row, which is what is done; or NULL */
	/* 0, FENCE_STATUS_OFF, or -errno with text. NULL: the library does it, or stands_for. */
	int (*run)(const struct fence_call *call, struct err *err);
	const char *timeout; /* name of the parameter with the time limit, or NULL */
	unsigned int flags;
	const char *help;
};

struct fence_agent {
	const char *name;
	const char *version;
	const char *date; /* of that version, YYYY-MM-DD */
	const char *shortdesc;
	const char *longdesc; /* one paragraph per line */
	const char *files;    /* one paragraph per file, for the manual page */
	const char *see_also; /* "lunmask.conf (5)", one per line */
	const char *examples; /* for the manual page, as typed */
	const struct fence_parameter *parameters;
	size_t n_parameters;
	const struct fence_action *actions;
	size_t n_actions;
};

/* One call of the agent; it owns the values. */
struct fence_call {
	const struct fence_agent *agent;
	const struct fence_action *action;
	const char *plug;                   /* the host; NULL if the action needs none */
	struct deadline deadline;           /* of the whole action */
	char *values[FENCE_PARAMETERS_MAX]; /* in the order of the rows; NULL: not set */
};

/*
 * Runs the action named by the arguments or, if there are none, by stdin. Returns the exit status:
 * 0; 2 if the host is off (status only); 1 otherwise. There is no default action: a forgotten word
 * must not cut off a host.
 *
 * A failure prints one line on stderr, the last one, which Pacemaker shows. Unknown names are
 * ignored on stdin and refused on the command line.
 *
 * The library implements the parameters delay (before an action's time begins), verbose (what is
 * done, on stderr) and quiet (nothing on stderr), which every agent must have.
 */
int fence_agent_main(const struct fence_agent *agent, int argc, char **argv);

/* NULL: not found. The name of an action may be in any case. */
const struct fence_action *fence_agent_find_action(const struct fence_agent *agent,
						   const char *name);
const struct fence_parameter *fence_agent_find_parameter(const struct fence_agent *agent,
							 const char *name);

/* Are the tables valid? Called at each start. -EINVAL names the row and the defect. */
int fence_agent_verify(const struct fence_agent *agent, struct err *err);

#endif
