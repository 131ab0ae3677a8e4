/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_JOURNAL_LINK_H
#define LUNMASK_JOURNAL_LINK_H

#include "base/deadline.h"
#include "base/err.h"
#include "journal/journal_ipc.h"

/*
 * journal.c's connection to lunmaskd: one request, one reply, both within a deadline. The only file
 * of lib that sees libqb.
 */
struct journal_link;

/* -ENOTCONN: nobody serves there. -EACCES: not permitted, or the server is not root. */
int journal_link_open(struct deadline deadline, struct journal_link **ret, struct err *err);
void journal_link_close(struct journal_link *link); /* NULL is fine */

/*
 * Fills in request->nonce and timeout_ms. ret->rest is valid until the next call. After a failure
 * the link can only be closed. -ENOTCONN, -ETIMEDOUT, -EPROTO, -EINVAL (the request cannot be
 * encoded).
 */
int journal_link_call(struct journal_link *link, struct journal_ipc_request *request,
		      struct deadline deadline, struct journal_ipc_reply *ret, struct err *err);

#endif
