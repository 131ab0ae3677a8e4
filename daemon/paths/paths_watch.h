/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_PATHS_WATCH_H
#define LUNMASK_DAEMON_PATHS_WATCH_H

#include <qb/qbloop.h>

#include "base/err.h"
#include "paths/paths.h"
#include "paths/paths_round.h"

/*
 * Measures this host's paths for as long as it exists: the table of paths.h, its rounds, and the
 * timer between them.
 *
 *	paths_watch_new(loop, &program, &settings, node, &ops, user, &watch, err);
 *	paths_watch_table(watch);
 *	paths_watch_free(watch);
 *
 * loop, program, settings and ops are borrowed. The ops are called from the loop.
 */
struct paths_watch;

/* -errno without a timer for it: the system's limits of files or of memory are reached. */
int paths_watch_new(qb_loop_t *loop, const struct program *program,
		    const struct paths_settings *settings, const char *node,
		    const struct paths_ops *ops, void *user, struct paths_watch **ret,
		    struct err *err);
void paths_watch_free(struct paths_watch *watch); /* NULL is allowed */

const struct paths *paths_watch_table(const struct paths_watch *watch);

#endif
