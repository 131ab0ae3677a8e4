/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node/node_internal.h"

#include <glib.h>
#include <string.h>

#include "base/deadline.h"
#include "service/notify.h"

static void on_members(void *user, const uint32_t *nodes, size_t n_nodes, struct ring ring)
{
	struct node *node = user;
	size_t max = G_N_ELEMENTS(node->members);

	node->n_members = n_nodes < max ? n_nodes : max;
	memcpy(node->members, nodes, node->n_members * sizeof(nodes[0]));
	if (!node->ready) {
		node->ready = true;
		qb_log(LOG_NOTICE, "cluster: joined the group " CLUSTER_CPG_GROUP " | nodes=%zu",
		       n_nodes);
		(void)notify_send("READY=1");
	}
	core_on_members(node->core, deadline_now_ms(), node->members, node->n_members, ring);
	node_run_deferred(node);
	node_paths_members(node);
	node_ask_members(node);
}

static void on_quorum(void *user, bool quorate, const uint32_t *nodes, size_t n_nodes,
		      struct ring ring)
{
	struct node *node = user;

	core_on_quorum(node->core, deadline_now_ms(), quorate, nodes, n_nodes, ring);
	node_run_deferred(node);
}

void node_on_config(void *user, const struct cluster_config *config)
{
	struct node *node = user;
	uint32_t nodes[JOURNAL_VOTERS_MAX];
	struct err err = ERR_INIT;
	size_t n = 0;

	if (cluster_config_nodes(config, nodes, &n, &err) < 0) {
		qb_log(LOG_ERR, "cluster: %s; the list of voters is not changed", err_text(&err));
		return;
	}
	core_on_nodes(node->core, deadline_now_ms(), nodes, n);
	node_run_deferred(node);
}

/*
 * A message of another process of this node. If that process opened this same store later than this
 * process did, this process works on an outdated copy and must end. Any other such message does not
 * concern the core: the other nodes identify that process by its disk uuid and do not count it.
 */
static void on_rival_message(struct node *node, uint32_t pid, const struct message *message)
{
	node->rival_messages++;
	if (id128_equal(&message->disk, store_disk(node->store)) &&
	    message->boot > store_boot(node->store)) {
		qb_log(LOG_ERR,
		       "journal: process %u of this node has opened the same store later; this "
		       "process exits",
		       pid);
		node_end(node, EXIT_STATUS_BUSY);
	}
}

static void on_message(void *user, uint32_t from, uint32_t pid, const uint8_t *data, size_t bytes)
{
	struct node *node = user;
	struct message message;
	struct wire_note note;

	if (!node->ended && wire_is_note(data, bytes)) {
		if (wire_note_decode(data, bytes, from, &node->key, &node->receiver, &note) == 0) {
			node_on_note(node, from, &note);
		}
		return;
	}
	if (node->ended || wire_decode(data, bytes, from, &node->key, &node->receiver,
				       node->entries, &message) < 0) {
		return;
	}
	if (from == cluster_cpg_node(node->cluster)) {
		on_rival_message(node, pid, &message);
		return;
	}
	core_on_message(node->core, deadline_now_ms(), &message);
	node_run_deferred(node);
}

static void on_rival(void *user, uint32_t pid)
{
	(void)user;
	qb_log(LOG_WARNING,
	       "cluster: process %u of this node is in the group " CLUSTER_CPG_GROUP
	       " too; its messages are ignored",
	       pid);
}

static void on_lost(void *user, const char *why)
{
	struct node *node = user;

	qb_log(LOG_ERR, "cluster: %s; lunmaskd exits and has to be started again", why);
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
