/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_FENCING_QUERY_H
#define LUNMASK_DAEMON_FENCING_QUERY_H

#include <qb/qbloop.h>

#include "base/err.h"
#include "watch/fencing.h"

/*
 * Runs lunmask-fenced, a separate process, which queries when Pacemaker last fenced the peer and
 * unfenced this node. Pacemaker's client libraries may block forever and are large, so the daemon
 * does not use them. A query that takes longer than FENCING_QUERY_MS is killed.
 *
 *	fencing_query_new(loop, program, peer, self, on_done, user, &query, &err);
 *	on_done(user, rc, &times)        from the loop, once
 *	fencing_query_free(query);
 */
#define FENCING_QUERY_MS 10000

struct fencing_query;

/* times: if rc is 0. -ETIMEDOUT, -EIO, -EBADMSG: no answer. Not after fencing_query_free(). */
typedef void fencing_query_done(void *user, int rc, const struct fencing_times *times);

/* The caller frees the query, in done or later. -errno of pipe2(2) or of the start. */
int fencing_query_new(qb_loop_t *loop, const char *program, const char *peer, const char *self,
		      fencing_query_done *done, void *user, struct fencing_query **ret,
		      struct err *err);
void fencing_query_free(struct fencing_query *query); /* NULL is allowed */

/* Parses "12345 0\n" (fenced, unfenced). -EBADMSG for anything else. */
int fencing_query_parse(const char *text, size_t bytes, struct fencing_times *ret);

#endif
