/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_PATHS_ROUND_H
#define LUNMASK_DAEMON_PATHS_ROUND_H

#include <qb/qbloop.h>

#include "base/err.h"
#include "launch/program_call.h"
#include "san/path_report.h"

/*
 * One round: a request to lunmask-paths, and its report (program_call.h).
 *
 *	paths_round_new(loop, &program, &request, done, user, &round, &err);
 *	done(user, &report, why)        from the loop, once
 *	paths_round_free(round);            in done, or before it
 */

/* The limit for a round: so many turns of portals at most (portal_probe.h), on a busy machine. */
#define PATHS_ROUND_TURNS 4
#define PATHS_ROUND_MS(timeout_ms) (PATHS_ROUND_TURNS * (timeout_ms) + 20000)

struct paths_round;

/* report NULL: there is none, for this reason. Both are borrowed. */
typedef void paths_round_done(void *user, const struct path_report *report, const char *why);

/* All arguments but user are used only during the call, and user until done. -errno with text. */
int paths_round_new(qb_loop_t *loop, const struct program *program,
		    const struct path_request *request, paths_round_done *done, void *user,
		    struct paths_round **ret, struct err *err);
/* Kills the program if it is a child. NULL is allowed. */
void paths_round_free(struct paths_round *round);

#endif
