/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node/node_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/deadline.h"
#include "node/announce.h"
#include "service/notify.h"

/* Ending the node */

void node_end(struct node *node, enum exit_status status)
{
	if (!node->ended) {
		node->ended = true;
		node->exit_status = status;
		qb_loop_stop(node->options.loop);
	}
}

/* Actions that had to wait until the core returned */
static void store_fail(struct node *node)
{
	node->store_failed = false;
	qb_log(LOG_ERR, "store: %s; this node leaves the journal", err_text(&node->store_err));
	core_on_store_failed(node->core, deadline_now_ms());
	node_end(node, EXIT_STATUS_STORE);
}

static void on_core_timer(void *data)
{
	struct node *node = data;

	node->core_armed = false;
	core_on_time(node->core, deadline_now_ms());
	node_run_deferred(node);
}

static void core_arm(struct node *node)
{
	int64_t at_ms = core_deadline_ms(node->core);
	int64_t now_ms = deadline_now_ms();

	if (node->core_armed && node->core_ms == at_ms) {
		return;
	}
	if (node->core_armed) {
		(void)qb_loop_timer_del(node->options.loop, node->core_timer);
		node->core_armed = false;
	}
	if (at_ms != INT64_MAX) {
		uint64_t wait_ms = at_ms > now_ms ? (uint64_t)(at_ms - now_ms) : 0;

		node->core_ms = at_ms;
		/* 1 ms more, so that the timer does not expire a fraction too early. */
		node->core_armed =
			qb_loop_timer_add(node->options.loop, QB_LOOP_MED, (wait_ms + 1) * MS_NS,
					  node, on_core_timer, &node->core_timer) == 0;
	}
}

static void state_tell(struct node *node, const struct core_status *status)
{
	char text[ANNOUNCE_TEXT_MAX];
	char line[ANNOUNCE_TEXT_MAX + 16];

	if (!node->state_told || announce_changed(&node->told, status)) {
		node->state_told = true;
		node->told = *status;
		announce_text(status, text);
		qb_log(LOG_NOTICE, "journal: %s", text);
		(void)snprintf(line, sizeof(line), "STATUS=%s", text);
		(void)notify_send(line);
	}
}

void node_run_deferred(struct node *node)
{
	struct core_status status;

	if (node->reset && !node->ended && tasks_newer(node->tasks)) {
		qb_log(LOG_ERR, "%s", NODE_NEWER);
		node_end(node, EXIT_STATUS_CONFIG);
	}
	if (node->reset && !node->ended) {
		qb_log(LOG_ERR, "journal: %s", node->reset_why);
		node_end(node, EXIT_STATUS_RESET);
	}
	if (node->store_failed && !node->ended) {
		store_fail(node);
	}
	if (node->ended) {
		return;
	}
	core_status_get(node->core, &status);
	if (node->ready) {
		state_tell(node, &status);
		node_solo_watch(node, &status);
	}
	if (node->ipc != NULL && status.applied != node->applied) {
		node->applied = status.applied;
		ipc_server_applied(node->ipc, status.applied);
	}
	core_arm(node);
}

/* The core's actions */

static void on_core_send(void *shell, const struct message *message)
{
	struct node *node = shell;
	int bytes = wire_encode(message, &node->key, &node->sender, node->buffer);

	if (bytes < 0) {
		qb_log(LOG_ERR, "journal: a message could not be encoded: %s | kind=%s",
		       strerror(-bytes), message_kind_to_str(message->kind));
		return;
	}
	cluster_cpg_send(node->cluster, node->buffer, (size_t)bytes);
}

static void on_core_persist(void *shell, const struct core_persist *persist)
{
	struct node *node = shell;

	if (!node->store_failed && store_persist(node->store, persist, &node->store_err) < 0) {
		node->store_failed = true;
	}
}

static void on_core_answer(void *shell, uint64_t token, const struct core_answer *answer)
{
	struct node *node = shell;

	if (node->ipc != NULL) {
		ipc_server_answer(node->ipc, token, answer);
	}
}

static void on_core_reset(void *shell, const char *why)
{
	struct node *node = shell;

	node->reset = true;
	(void)snprintf(node->reset_why, sizeof(node->reset_why), "%s", why);
}

const struct core_ops node_core_ops = {
	.send = on_core_send,
	.persist = on_core_persist,
	.answer = on_core_answer,
	.reset = on_core_reset,
};

/* The store */

int32_t node_on_store(int32_t fd, int32_t revents, void *data)
{
	struct node *node = data;
	uint64_t sequence = 0;

	(void)fd, (void)revents;
	if (store_done(node->store, &sequence, &node->store_err) < 0) {
		node->store_failed = true;
	} else {
		core_on_persisted(node->core, deadline_now_ms(), sequence);
	}
	node_run_deferred(node);
	return 0;
}
