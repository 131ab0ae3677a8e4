/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_FENCING_WATCH_H
#define LUNMASK_DAEMON_FENCING_WATCH_H

#include <qb/qbloop.h>

#include "watch/fencing.h"

/*
 * Asks about the other of two nodes as often as fencing.h wants, by fencing_query.h, and tells when
 * there is evidence that it was fenced: again after every further question, as long as it is gone.
 */
struct fencing_watch;

struct fencing_watch_ops {
	/* Pacemaker's name of the node; NULL: not known, and so it cannot be asked about. */
	const char *(*name)(void *user, uint32_t node);
	uint32_t (*self)(void *user);
	void (*fenced)(void *user, uint32_t node);
	/* It was, and that is no evidence: this node was let in again since the two were together.
	 */
	void (*let_in)(void *user, uint32_t node);
	/* Pacemaker does not answer: told once, until it does again. */
	void (*silent)(void *user, const char *why);
};

/* NULL: out of memory. program: lunmask-fenced, or what does the same. */
struct fencing_watch *fencing_watch_new(qb_loop_t *loop, const char *program,
					const struct fencing_watch_ops *ops, void *user);
void fencing_watch_free(struct fencing_watch *watch);

/* The other of two voters, and whether it is here. peer 0: there is nobody to watch. */
void fencing_watch_peer(struct fencing_watch *watch, uint32_t peer, bool present);

/* As fencing_refused(); *ret_heard_ms: when that was asked of which it is concluded. */
const char *fencing_watch_refused(const struct fencing_watch *watch, int64_t *ret_heard_ms);

#endif
