/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_FENCING_WATCH_H
#define LUNMASK_DAEMON_FENCING_WATCH_H

#include <qb/qbloop.h>

#include "watch/fencing.h"

/*
 * Queries the fencer about the peer in a two-node cluster, by fencing_query.h, as often as
 * fencing.h requires. It reports when there is evidence that the peer was fenced, and again after
 * every further query while the peer is gone.
 *
 *	fencing_watch_new(loop, program, &ops, user);
 *	fencing_watch_peer(watch, peer, present);        on every change
 *	fencing_watch_refused(watch, &heard_ms);         for the status
 *	fencing_watch_free(watch);
 *
 * loop, program, ops and user are borrowed. The ops are called from the loop.
 */
struct fencing_watch;

struct fencing_watch_ops {
	/* Pacemaker's name of the node. NULL: unknown, so Pacemaker cannot be queried about it. */
	const char *(*name)(void *user, uint32_t node);
	uint32_t (*self)(void *user);
	void (*fenced)(void *user, uint32_t node);
	/* It was fenced, but this node was unfenced since both were together: no evidence. */
	void (*let_in)(void *user, uint32_t node);
	/* Pacemaker does not answer. Reported once, until it answers again. */
	void (*silent)(void *user, const char *why);
};

/* program: the path of lunmask-fenced or of a replacement. */
struct fencing_watch *fencing_watch_new(qb_loop_t *loop, const char *program,
					const struct fencing_watch_ops *ops, void *user);
void fencing_watch_free(struct fencing_watch *watch);

/* The other one of two voters, and whether it is present. peer 0: there is no peer to watch. */
void fencing_watch_peer(struct fencing_watch *watch, uint32_t peer, bool present);

/* As fencing_refused(). *ret_heard_ms: when the answer that this is based on was queried. */
const char *fencing_watch_refused(const struct fencing_watch *watch, int64_t *ret_heard_ms);

#endif
