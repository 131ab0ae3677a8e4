/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node/node_internal.h"

#include <glib.h>
#include <string.h>

void node_note_send(struct node *node, enum wire_note_kind kind, const uint8_t *data, size_t bytes)
{
	const struct wire_note note = {.kind = kind,
				       .from = cluster_cpg_node(node->cluster),
				       .disk = *store_disk(node->store),
				       .boot = store_boot(node->store),
				       .data = data,
				       .bytes = bytes};
	int rc = wire_note_encode(&note, &node->key, &node->sender, node->buffer);

	if (rc < 0) {
		qb_log(LOG_ERR, "cluster: a note could not be encoded: %s", strerror(-rc));
		return;
	}
	cluster_cpg_send(node->cluster, node->buffer, (size_t)rc);
}

/* By their kind. 0, also for one that is not for this node; -errno: it is not legal. */
static int (*const takers[])(struct node *node, uint32_t from, const struct wire_note *note) = {
	[WIRE_NOTE_PATHS] = node_paths_take,
	[WIRE_NOTE_READY] = node_ask_ready,
	[WIRE_NOTE_QUESTION] = node_ask_question,
	[WIRE_NOTE_ANSWER] = node_ask_answer,
};

G_STATIC_ASSERT(G_N_ELEMENTS(takers) == WIRE_NOTE_KIND_MAX);

/* Of this node, there is another process, which is not answered. A newer node knows more kinds. */
void node_on_note(struct node *node, uint32_t from, const struct wire_note *note)
{
	if (from == cluster_cpg_node(node->cluster) || note->kind >= WIRE_NOTE_KIND_MAX) {
		return;
	}
	if (takers[note->kind](node, from, note) < 0) {
		node->receiver.dropped.malformed++;
	}
}
