/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_FENCING_QUERY_H
#define LUNMASK_DAEMON_FENCING_QUERY_H

#include <qb/qbloop.h>

#include "base/err.h"
#include "watch/fencing.h"

/*
 * Asks lunmask-fenced, a process of its own, when Pacemaker last fenced the peer, and unfenced this
 * node. Pacemaker's
 * client libraries may wait for ever and are large: neither is for the daemon. One question at a
 * time; a process that takes longer than FENCING_QUERY_MS is killed.
 */
#define FENCING_QUERY_MS 10000

struct fencing_query;

/* rc 0: times; -errno: no answer. Not called after fencing_query_free(). */
typedef void fencing_query_done(void *user, int rc, const struct fencing_times *times);

/* The query belongs to the caller, who frees it in or after done. */
int fencing_query_new(qb_loop_t *loop, const char *program, const char *peer, const char *self,
		      fencing_query_done *done, void *user, struct fencing_query **ret,
		      struct err *err);
void fencing_query_free(struct fencing_query *query); /* NULL is fine */

/* "12345 0\n": struct fencing_times. -EBADMSG for anything else. */
int fencing_query_parse(const char *text, size_t bytes, struct fencing_times *ret);

#endif
