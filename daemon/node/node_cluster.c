/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node/node_internal.h"

#include <string.h>

#include "base/deadline.h"
#include "service/notify.h"

static void on_members(void *user, const uint32_t *nodes, size_t n_nodes, struct ring ring)
{
	struct node *node = user;
	size_t max = sizeof(node->members) / sizeof(node->members[0]);

	node->n_members = n_nodes < max ? n_nodes : max;
	memcpy(node->members, nodes, node->n_members * sizeof(nodes[0]));
	if (!node->ready) {
		node->ready = true;
		qb_log(LOG_NOTICE, "cluster: joined the group " CLUSTER_CPG_GROUP " | nodes=%zu",
		       n_nodes);
		(void)notify_send("READY=1");
	}
	core_on_members(node->core, deadline_now_ms(), node->members, node->n_members, ring);
	node->changed = true;
	node_settle(node);
}

static void on_quorum(void *user, bool quorate, const uint32_t *nodes, size_t n_nodes,
		      struct ring ring)
{
	struct node *node = user;

	core_on_quorum(node->core, deadline_now_ms(), quorate, nodes, n_nodes, ring);
	node_settle(node);
}

void node_on_config(void *user, const struct cluster_config *config)
{
	struct node *node = user;
	uint32_t nodes[JOURNAL_VOTERS_MAX];
	struct err err = ERR_INIT;
	size_t n = 0;

	if (cluster_config_nodes(config, nodes, &n, &err) < 0) {
		qb_log(LOG_ERR, "cluster: %s; the voters stay as they are", err_text(&err));
		return;
	}
	core_on_nodes(node->core, deadline_now_ms(), nodes, n);
	node_settle(node);
}

/*
 * Another process of this node speaks. One that opened this very store later means that this
 * process works on a copy that is no longer the node's. Anything else is no business of the core's:
 * the other nodes know it by its disk, and count it nowhere.
 */
static void on_rival_message(struct node *node, uint32_t pid, const struct message *message)
{
	node->rival_messages++;
	if (id128_equal(&message->disk, store_disk(node->store)) &&
	    message->boot > store_boot(node->store)) {
		qb_log(LOG_ERR,
		       "journal: process %u of this node has opened the same store later; this one "
		       "ends",
		       pid);
		node_end(node, EXIT_STATUS_BUSY);
	}
}

static void on_message(void *user, uint32_t from, uint32_t pid, const uint8_t *data, size_t bytes)
{
	struct node *node = user;
	struct message message;

	if (node->ended || wire_decode(data, bytes, from, &node->key, &node->receiver,
				       node->entries, &message) < 0) {
		return;
	}
	if (from == cluster_cpg_node(node->cluster)) {
		on_rival_message(node, pid, &message);
		return;
	}
	core_on_message(node->core, deadline_now_ms(), &message);
	node_settle(node);
}

static void on_rival(void *user, uint32_t pid)
{
	(void)user;
	qb_log(LOG_WARNING,
	       "cluster: process %u of this node is in the group " CLUSTER_CPG_GROUP
	       " too; what it says is not believed",
	       pid);
}

static void on_lost(void *user, const char *why)
{
	struct node *node = user;

	qb_log(LOG_ERR, "cluster: %s; lunmaskd ends, and is to be started again", why);
	node_end(node, EXIT_STATUS_CLUSTER);
}

const struct cluster_cpg_ops node_cluster_ops = {
	.members = on_members,
	.rival = on_rival,
	.quorum = on_quorum,
	.config = node_on_config,
	.message = on_message,
	.lost = on_lost,
};
