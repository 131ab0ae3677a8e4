/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node/node_internal.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "base/deadline.h"
#include "base/little.h"

static void asks_arm(struct node *node);

static void on_time(void *data)
{
	struct node *node = data;

	node->asks_armed = false;
	asks_on_time(node->asks, deadline_now_ms());
	asks_arm(node);
}

/* A question that has ended leaves a timer behind, which finds nothing to do. */
static void asks_arm(struct node *node)
{
	int64_t next_ms = asks_next_ms(node->asks);
	int64_t now_ms = deadline_now_ms();

	if (node->asks_armed && next_ms >= node->asks_ms) {
		return;
	}
	if (node->asks_armed) {
		(void)qb_loop_timer_del(node->options.loop, node->asks_timer);
		node->asks_armed = false;
	}
	if (next_ms == INT64_MAX) {
		return;
	}
	node->asks_ms = next_ms;
	node->asks_armed = qb_loop_timer_add(node->options.loop, QB_LOOP_MED,
					     (uint64_t)MAX(next_ms - now_ms, 1) * MS_NS, node,
					     on_time, &node->asks_timer) == 0;
}

static void on_asked(void *user, const struct ask_end *end)
{
	struct node *node = user;

	ipc_server_asked(node->ipc, end->token, end->rc, end->why, end->body, end->bytes);
}

static void on_answer(void *user, const struct ask_answer *answer)
{
	struct node *node = user;
	g_autofree uint8_t *data = g_malloc(ASK_NOTE_BYTES_MAX);

	if (node->ended) {
		return;
	}
	if (answer->status == ASK_FAILED) {
		qb_log(LOG_WARNING, "ask: a question of node %u was not answered: %.*s", answer->to,
		       (int)answer->bytes, (const char *)answer->body);
	}
	node_note_send(node, WIRE_NOTE_ANSWER, data, ask_answer_encode(answer, data));
}

void node_ask_start(struct node *node)
{
	struct id128 random = {{0}};

	(void)id128_random(
		&random); /* if there is none, the seal's numbers still tell notes apart */
	node->asks = asks_new(little_get64(random.bytes), on_asked, node);
	node->answers = answers_new(node->options.loop, &node->options.answer, on_answer, node);
}

void node_ask_stop(struct node *node)
{
	if (node->asks_armed) {
		(void)qb_loop_timer_del(node->options.loop, node->asks_timer);
		node->asks_armed = false;
	}
	answers_free(node->answers);
	node->answers = NULL;
	asks_free(node->asks);
	node->asks = NULL;
}

void node_ask_announce(struct node *node)
{
	uint8_t data[ASK_NOTE_HEAD_MAX];

	if (node->asks != NULL && node->n_members > 0 && !node->ended) {
		node_note_send(node, WIRE_NOTE_READY, data, ask_ready_encode(ANSWERS_KINDS, data));
	}
}

/* All say it again, so that who has just come hears it from each. */
void node_ask_members(struct node *node)
{
	if (node->asks != NULL) {
		asks_members(node->asks, node->members, node->n_members);
		answers_members(node->answers, node->members, node->n_members);
		node_ask_announce(node);
	}
}

/* Notes of other nodes */

int node_ask_ready(struct node *node, uint32_t from, const struct wire_note *note)
{
	uint32_t kinds;
	int rc = ask_ready_decode(note->data, note->bytes, &kinds);

	if (rc == 0 && node->asks != NULL) {
		asks_ready(node->asks, from, kinds);
	}
	return rc;
}

int node_ask_question(struct node *node, uint32_t from, const struct wire_note *note)
{
	struct ask_question question;
	int rc = ask_question_decode(note->data, note->bytes, &question);

	if (rc == 0 && node->answers != NULL && question.to == cluster_cpg_node(node->cluster)) {
		answers_take(node->answers, from, &question);
	}
	return rc;
}

int node_ask_answer(struct node *node, uint32_t from, const struct wire_note *note)
{
	struct ask_answer answer;
	int rc = ask_answer_decode(note->data, note->bytes, &answer);

	if (rc == 0 && node->asks != NULL && answer.to == cluster_cpg_node(node->cluster)) {
		asks_take(node->asks, from, &answer);
	}
	return rc;
}

/* Questions of clients */

/* 0: no node has this name. */
static uint32_t node_find(const struct node *node, const char *name)
{
	const struct cluster_config *config = cluster_cpg_config(node->cluster);

	for (size_t i = 0; i < CLUSTER_CONFIG_POSITIONS_MAX; i++) {
		if (config->node[i].id != 0 && strcmp(config->node[i].name, name) == 0) {
			return config->node[i].id;
		}
	}
	return 0;
}

static int question_check(const struct node *node, const struct ipc_question *question, uint32_t to,
			  const char **ret_why)
{
	if (node->ended) {
		*ret_why = "lunmaskd here ends";
		return -EOPNOTSUPP;
	}
	if (to == 0) {
		*ret_why = "corosync.conf has no node of that name";
		return -EOPNOTSUPP;
	}
	if (to == cluster_cpg_node(node->cluster)) {
		*ret_why = "a node does not ask itself";
		return -EOPNOTSUPP;
	}
	if (question->kind == 0 || question->kind >= JOURNAL_ASK_KIND_MAX) {
		*ret_why = "lunmaskd here does not know such a question";
		return -EOPNOTSUPP;
	}
	return 0;
}

int node_on_ask(void *shell, uint64_t token, const struct ipc_question *question,
		const char **ret_why)
{
	struct node *node = shell;
	uint32_t to = node_find(node, question->node);
	struct ask_question ask = {
		.to = to,
		.kind = (uint8_t)question->kind,
		.timeout_ms = (uint32_t)MIN(question->timeout_ms, JOURNAL_ASK_TIMEOUT_MAX_MS),
		.body = question->body,
		.bytes = question->bytes,
	};
	g_autofree uint8_t *data = g_malloc(ASK_NOTE_BYTES_MAX);
	int rc = question_check(node, question, to, ret_why);

	rc = rc < 0 ? rc
		    : asks_put(node->asks, deadline_now_ms(), token, to,
			       (enum journal_ask_kind)ask.kind, (int)ask.timeout_ms, &ask.id,
			       ret_why);
	if (rc == 0) {
		node_note_send(node, WIRE_NOTE_QUESTION, data, ask_question_encode(&ask, data));
		asks_arm(node);
	}
	return rc;
}
