/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_JOURNAL_LINK_H
#define LUNMASK_JOURNAL_LINK_H

#include "base/deadline.h"
#include "base/err.h"
#include "journal/journal_ipc.h"

/* journal.c's connection to lunmaskd: a request and a reply in time. Only this file uses libqb. */
struct journal_link;

/*
 * -ENOTCONN: no server. -EACCES: not permitted, or the server is not root. -ETIMEDOUT: no answer,
 * or the server has no room for another client.
 */
int journal_link_open(struct deadline deadline, struct journal_link **ret, struct err *err);
void journal_link_close(struct journal_link *link); /* accepts NULL */

/*
 * Sets request->nonce and request->timeout_ms. ret->rest is valid until the next call. After a
 * failure the link can only be closed. -ENOTCONN, -ETIMEDOUT, -EPROTO, -EINVAL (the request cannot
 * be encoded).
 */
int journal_link_call(struct journal_link *link, struct journal_ipc_request *request,
		      struct deadline deadline, struct journal_ipc_reply *ret, struct err *err);

#endif
