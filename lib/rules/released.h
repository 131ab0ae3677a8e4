/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_RELEASED_H
#define LUNMASK_RELEASED_H

#include <stdbool.h>

#include "rules/stray.h"

/*
 * Judges a release in the journal: has its host no path to the LUNs any more, so that the record
 * may end? While the host has a path, rules/stray.h judges the path. The function is pure and does
 * no I/O; its facts are read by survey/vm_released.h.
 *
 * The journal names LUNs, and the names are the array's. A LUN that was renamed keeps its grants.
 * So a name that the array does not know proves nothing by itself: the host must reach no LUN that
 * is not known by name.
 */
enum released_reach {
	RELEASED_REACH_NOT_ASKED,
	RELEASED_REACH_UNKNOWN, /* the array did not answer */
	RELEASED_REACH_NOTHING, /* no LUN but those of known names */
	RELEASED_REACH_OTHER,   /* a LUN that no VM and no release names */
	RELEASED_REACH_MAX
};

struct released_facts {
	bool path;      /* its host has a path to one of the LUNs */
	bool host;      /* its host has a [host] section in the configuration */
	bool foreign;   /* an initiator without a [host] has a path to one of the LUNs */
	bool missing;   /* the array has no LUN of one of the names */
	bool automatic; /* no administrator has asked */
	enum released_reach reach;
	enum stray_task task;
};

enum released_verdict {
	RELEASED_PATH = 0, /* the path comes first */
	RELEASED_END,
	RELEASED_KEEP,
	RELEASED_UNDECIDED,
	RELEASED_VERDICT_MAX
};

/* *ret_why: a sentence without a full stop, in static storage. */
enum released_verdict released_judge(const struct released_facts *facts, const char **ret_why);

#endif
