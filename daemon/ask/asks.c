/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ask/asks.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

/* Nodes that have said what they answer: JOURNAL_VOTERS_MAX, and as many that leave. */
#define NODES_MAX 64

struct row {
	uint64_t id;
	uint64_t token;
	uint32_t node;
	int64_t until_ms;
};

struct asks {
	asks_done *done;
	void *user;
	uint64_t next_id;
	struct row rows[ASKS_MAX];
	size_t n;
	struct {
		uint32_t node;
		uint32_t kinds;
	} nodes[NODES_MAX];
	size_t n_nodes;
	uint64_t stray;
};

struct asks *asks_new(uint64_t first_id, asks_done *done, void *user)
{
	struct asks *asks = g_new0(struct asks, 1);

	asks->next_id = first_id;
	asks->done = done;
	asks->user = user;
	return asks;
}

void asks_free(struct asks *asks)
{
	g_free(asks);
}

static void row_drop(struct asks *asks, size_t i)
{
	asks->rows[i] = asks->rows[--asks->n];
}

static void row_end(struct asks *asks, size_t i, struct ask_end *end)
{
	end->token = asks->rows[i].token;
	row_drop(asks, i);
	asks->done(asks->user, end);
}

static bool node_in(uint32_t node, const uint32_t *nodes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (nodes[i] == node) {
			return true;
		}
	}
	return false;
}

void asks_members(struct asks *asks, const uint32_t *nodes, size_t n)
{
	for (size_t i = asks->n_nodes; i > 0; i--) {
		if (!node_in(asks->nodes[i - 1].node, nodes, n)) {
			asks->nodes[i - 1] = asks->nodes[--asks->n_nodes];
		}
	}
	for (size_t i = asks->n; i > 0; i--) {
		/* done() may have put another one, behind these. */
		if (!node_in(asks->rows[i - 1].node, nodes, n)) {
			struct ask_end end = {.rc = -EHOSTDOWN,
					      .why = "the node has left the group"};

			row_end(asks, i - 1, &end);
		}
	}
}

void asks_ready(struct asks *asks, uint32_t node, uint32_t kinds)
{
	size_t i = 0;

	while (i < asks->n_nodes && asks->nodes[i].node != node) {
		i++;
	}
	if (i == NODES_MAX) {
		return;
	}
	asks->n_nodes = MAX(asks->n_nodes, i + 1);
	asks->nodes[i].node = node;
	asks->nodes[i].kinds = kinds;
}

static bool node_answers(const struct asks *asks, uint32_t node, enum journal_ask_kind kind)
{
	for (size_t i = 0; i < asks->n_nodes; i++) {
		if (asks->nodes[i].node == node) {
			return (asks->nodes[i].kinds & (UINT32_C(1) << kind)) != 0;
		}
	}
	return false;
}

static size_t node_rows(const struct asks *asks, uint32_t node)
{
	size_t n = 0;

	for (size_t i = 0; i < asks->n; i++) {
		n += asks->rows[i].node == node;
	}
	return n;
}

int asks_put(struct asks *asks, int64_t now_ms, uint64_t token, uint32_t node,
	     enum journal_ask_kind kind, int timeout_ms, uint64_t *ret_id, const char **ret_why)
{
	if (!node_answers(asks, node, kind)) {
		*ret_why = "lunmaskd of that node is not there, or answers no such question";
		return -EOPNOTSUPP;
	}
	if (asks->n == ASKS_MAX || node_rows(asks, node) == ASKS_PER_NODE_MAX) {
		*ret_why = "too many questions to that node are open";
		return -EAGAIN;
	}
	*ret_id = asks->next_id++;
	asks->rows[asks->n++] = (struct row){
		.id = *ret_id, .token = token, .node = node, .until_ms = now_ms + timeout_ms};
	return 0;
}

/* Another node's text goes into messages. */
static void why_copy(char why[ASK_WHY_MAX + 1], const struct ask_answer *answer)
{
	size_t n = MIN(answer->bytes, ASK_WHY_MAX);

	for (size_t i = 0; i < n; i++) {
		why[i] = g_ascii_isprint((char)answer->body[i]) ? (char)answer->body[i] : '?';
	}
	why[n] = '\0';
}

static void answer_end(struct asks *asks, size_t i, const struct ask_answer *answer)
{
	static const int errors[] = {
		[ASK_ANSWERED] = 0,
		[ASK_BUSY] = -EAGAIN,
		[ASK_UNKNOWN] = -EOPNOTSUPP,
		[ASK_FAILED] = -EIO,
	};
	char why[ASK_WHY_MAX + 1] = "";
	struct ask_end end = {.rc = errors[answer->status], .why = why};

	switch (answer->status) {
	case ASK_ANSWERED:
		end.body = answer->body;
		end.bytes = answer->bytes;
		break;
	case ASK_BUSY: end.why = "that node answers as many questions as it can"; break;
	case ASK_UNKNOWN: end.why = "that node does not know such a question"; break;
	case ASK_FAILED:
	case ASK_STATUS_MAX: why_copy(why, answer);
	}
	row_end(asks, i, &end);
}

void asks_take(struct asks *asks, uint32_t from, const struct ask_answer *answer)
{
	for (size_t i = 0; i < asks->n; i++) {
		if (asks->rows[i].id == answer->id && asks->rows[i].node == from) {
			answer_end(asks, i, answer);
			return;
		}
	}
	asks->stray++;
}

void asks_cancel(struct asks *asks, uint64_t token)
{
	for (size_t i = 0; i < asks->n; i++) {
		if (asks->rows[i].token == token) {
			row_drop(asks, i);
			return;
		}
	}
}

int64_t asks_next_ms(const struct asks *asks)
{
	int64_t next_ms = INT64_MAX;

	for (size_t i = 0; i < asks->n; i++) {
		next_ms = MIN(next_ms, asks->rows[i].until_ms);
	}
	return next_ms;
}

void asks_on_time(struct asks *asks, int64_t now_ms)
{
	for (size_t i = asks->n; i > 0; i--) {
		if (now_ms >= asks->rows[i - 1].until_ms) {
			struct ask_end end = {.rc = -ETIMEDOUT,
					      .why = "that node did not answer in time"};

			row_end(asks, i - 1, &end);
		}
	}
}

size_t asks_open(const struct asks *asks)
{
	return asks->n;
}

uint64_t asks_stray(const struct asks *asks)
{
	return asks->stray;
}
