/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_ASKS_H
#define LUNMASK_DAEMON_ASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ask/ask_note.h"

/*
 * The questions of this node that other nodes have not answered yet. Events and time in, ends of
 * questions out; no I/O and no clock (docs/decisions/0026).
 *
 *	asks = asks_new(first_id, done, user);
 *	rc = asks_put(asks, now_ms, token, node, kind, timeout_ms, &id, &why);   send it
 *	asks_take(asks, from, &answer);
 *	asks_on_time(asks, now_ms);            at asks_next_ms()
 *	asks_members(asks, nodes, n); asks_ready(asks, node, kinds);
 *
 * Each question that was put ends exactly once: by done(), or by asks_cancel(). An answer that
 * nobody waits for (unknown, a second one, too late, of another node) is dropped and counted. No
 * answer says nothing about what was asked (I5).
 */
#define ASKS_MAX 64
#define ASKS_PER_NODE_MAX 8

struct ask_end {
	uint64_t token;
	/*
	 * 0: body is the answer. -ETIMEDOUT. -EHOSTDOWN: the node has left. -EAGAIN: it is busy.
	 * -EOPNOTSUPP: it does not know the kind. -EIO: it could not answer, and why says why.
	 */
	int rc;
	const char *why;
	const uint8_t *body; /* borrowed */
	size_t bytes;
};

/* May call asks_put(). */
typedef void asks_done(void *user, const struct ask_end *end);

struct asks;

/* first_id: random, so that no answer to an earlier process fits. */
struct asks *asks_new(uint64_t first_id, asks_done *done, void *user);
/* Calls nothing. NULL is allowed. */
void asks_free(struct asks *asks);

/* The members of the group: others cannot be asked, and questions to them end. */
void asks_members(struct asks *asks, const uint32_t *nodes, size_t n);
/* The node answers questions of these kinds, as in ask_note.h. */
void asks_ready(struct asks *asks, uint32_t node, uint32_t kinds);

/*
 * 0: *ret_id is its id. -EOPNOTSUPP: the node does not answer such questions, or is not there.
 * -EAGAIN: too many are open. *ret_why, if it is not 0.
 */
int asks_put(struct asks *asks, int64_t now_ms, uint64_t token, uint32_t node,
	     enum journal_ask_kind kind, int timeout_ms, uint64_t *ret_id, const char **ret_why);
void asks_take(struct asks *asks, uint32_t from, const struct ask_answer *answer);
void asks_cancel(struct asks *asks, uint64_t token);

/* When asks_on_time() has to be called; INT64_MAX: no question is open. */
int64_t asks_next_ms(const struct asks *asks);
void asks_on_time(struct asks *asks, int64_t now_ms);

size_t asks_open(const struct asks *asks);
uint64_t asks_stray(const struct asks *asks); /* answers that were dropped */

#endif
