/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node/node_internal.h"

#include <stdio.h>

#include "base/deadline.h"

#define COUNTERS_MS 60000 /* between two log lines about dropped messages */

/* Clients */

static void on_submit(void *shell, uint64_t token, const struct id128 *request, const uint8_t *data,
		      size_t bytes, bool gated, int64_t deadline_ms)
{
	struct node *node = shell;

	core_on_request(node->core, deadline_now_ms(), token, request, data, bytes, gated,
			deadline_ms);
	node_run_deferred(node);
}

static void on_read(void *shell, uint64_t token, int64_t deadline_ms)
{
	struct node *node = shell;

	core_on_read(node->core, deadline_now_ms(), token, deadline_ms);
	node_run_deferred(node);
}

static void on_cancel(void *shell, uint64_t token)
{
	struct node *node = shell;

	core_on_cancel(node->core, token);
	asks_cancel(node->asks, token);
}

uint64_t node_dropped(const struct node *node)
{
	return node->receiver.dropped.foreign + node->receiver.dropped.forged +
	       node->receiver.dropped.replayed + node->receiver.dropped.malformed +
	       node->rival_messages;
}

static void on_status(void *shell, struct journal_status *ret)
{
	struct node *node = shell;
	struct core_status status;

	core_status_get(node->core, &status);
	*ret = (struct journal_status){
		.cluster = status.cluster,
		.node = cluster_cpg_node(node->cluster),
		.disk = *store_disk(node->store),
		.boot = store_boot(node->store),
		.active = status.active,
		.gate = status.gate,
		.quorate = status.quorate,
		.ballot_counter = status.ballot.counter,
		.ballot_node = status.ballot.node,
		.last = status.last.index,
		.durable = status.durable,
		.commit = status.commit,
		.applied = status.applied,
		.snapshot = status.snapshot_index,
		.store_bytes = store_bytes(node->store),
		.dropped = node_dropped(node),
	};
	(void)snprintf(ret->role, sizeof(ret->role), "%s", core_role_to_str(status.role));
	for (size_t i = 0; i < status.voters.n && i < JOURNAL_NODES_MAX; i++) {
		ret->voters[ret->n_voters++] = (struct journal_voter){
			.node = status.voters.voter[i].node,
			.disk = status.voters.voter[i].disk,
			.acked = status.voter_acked[i],
		};
	}
	node_solo_status(node, &status, ret);
}

static int on_force_solo(void *shell, const char **ret_why)
{
	struct node *node = shell;
	int rc = core_on_solo(node->core, deadline_now_ms(), SOLO_FORCED, 0,
			      cluster_config_wait_for_all(cluster_cpg_config(node->cluster)),
			      ret_why);

	qb_log(LOG_WARNING, "journal: the operator requests that this node continues alone: %s",
	       rc == 0 ? "done" : *ret_why);
	node_run_deferred(node);
	return rc;
}

const struct ipc_server_ops node_ipc_ops = {
	.submit = on_submit,
	.read = on_read,
	.cancel = on_cancel,
	.status = on_status,
	.force_solo = on_force_solo,
	.domain = node_on_domain,
	.path = node_on_path,
	.path_state = node_on_path_state,
	.ask = node_on_ask,
};

/* Logs the dropped messages of other nodes, if there are new ones. */
void node_on_counters(void *data)
{
	struct node *node = data;
	uint64_t dropped = node_dropped(node) + cluster_cpg_dropped(node->cluster);

	if (dropped != node->dropped_told) {
		qb_log(LOG_WARNING,
		       "journal: messages were dropped | foreign=%llu forged=%llu replayed=%llu "
		       "malformed=%llu rival=%llu unsent=%llu",
		       (unsigned long long)node->receiver.dropped.foreign,
		       (unsigned long long)node->receiver.dropped.forged,
		       (unsigned long long)node->receiver.dropped.replayed,
		       (unsigned long long)node->receiver.dropped.malformed,
		       (unsigned long long)node->rival_messages,
		       (unsigned long long)cluster_cpg_dropped(node->cluster));
		node->dropped_told = dropped;
	}
	node->counters_armed =
		qb_loop_timer_add(node->options.loop, QB_LOOP_LOW, COUNTERS_MS * MS_NS, node,
				  node_on_counters, &node->counters_timer) == 0;
}
