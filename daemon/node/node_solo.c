/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node/node_internal.h"

#include <stdio.h>

#include "base/deadline.h"

/* Returns the other of two voters. 0: there are not two voters, or this node is not one of them. */
static uint32_t other_voter(const struct node *node, const struct core_status *status)
{
	uint32_t self = cluster_cpg_node(node->cluster);
	const struct voters *voters = &status->voters;

	if (voters->n != 2 || voters_find(voters, self, store_disk(node->store)) < 0) {
		return 0;
	}
	return voters->voter[0].node == self ? voters->voter[1].node : voters->voter[0].node;
}

static bool node_is_member(const struct node *node, uint32_t id)
{
	for (size_t i = 0; i < node->n_members; i++) {
		if (node->members[i] == id) {
			return true;
		}
	}
	return false;
}

void node_solo_watch(struct node *node, const struct core_status *status)
{
	uint32_t peer = other_voter(node, status);

	if (node->options.settings->solo_after_fencing) {
		fencing_watch_peer(node->watch, peer, node_is_member(node, peer));
	}
}

static const char *solo_refused(const struct node *node, uint32_t peer, int64_t *ret_heard_ms)
{
	bool wait_for_all = cluster_config_wait_for_all(cluster_cpg_config(node->cluster));
	const char *why = node->options.settings->solo_after_fencing
				  ? core_solo_refused(node->core, peer, wait_for_all)
				  : "solo_after_fencing is no in " SETTINGS_FILE;

	return why != NULL ? why : fencing_watch_refused(node->watch, ret_heard_ms);
}

void node_solo_status(const struct node *node, const struct core_status *status,
		      struct journal_status *ret)
{
	uint32_t peer = other_voter(node, status);
	int64_t now_ms = deadline_now_ms(), heard_ms = now_ms;
	const char *why;

	if (peer == 0) {
		return;
	}
	why = solo_refused(node, peer, &heard_ms);
	ret->solo = why == NULL ? JOURNAL_SOLO_READY : JOURNAL_SOLO_NOT_READY;
	ret->solo_heard_ms = why == NULL ? (uint64_t)(now_ms - heard_ms) : 0;
	(void)snprintf(ret->solo_reason, sizeof(ret->solo_reason), "%s", why == NULL ? "" : why);
}

static const char *on_watch_name(void *user, uint32_t id)
{
	struct node *node = user;

	return cluster_config_name(cluster_cpg_config(node->cluster), id);
}

static uint32_t on_watch_self(void *user)
{
	struct node *node = user;

	return cluster_cpg_node(node->cluster);
}

/* Logs each reason once, although the watch reports it again and again. */
static void solo_refused_tell(struct node *node, uint32_t id, const char *why)
{
	if (node->solo_why != why) {
		qb_log(LOG_WARNING,
		       "journal: node %u was fenced, but this node does not continue alone: %s", id,
		       why);
		node->solo_why = why;
	}
}

static void on_watch_fenced(void *user, uint32_t id)
{
	struct node *node = user;
	const char *why = "";
	int rc;

	if (node->ended) {
		return;
	}
	rc = core_on_solo(node->core, deadline_now_ms(), SOLO_FENCED, id,
			  cluster_config_wait_for_all(cluster_cpg_config(node->cluster)), &why);
	if (rc == 0) {
		qb_log(LOG_WARNING, "journal: node %u was fenced; this node continues alone", id);
	} else if (rc == -EPERM) {
		solo_refused_tell(node, id, why);
	}
	node_run_deferred(node);
}

static void on_watch_let_in(void *user, uint32_t id)
{
	static const char why[] =
		"this node was unfenced after the two nodes were last together, so the other may "
		"have continued alone; this node waits for the other, or for "
		"'lunmask journal force-solo'";

	solo_refused_tell(user, id, why);
}

static void on_watch_silent(void *user, const char *why)
{
	(void)user;
	qb_log(LOG_NOTICE, "journal: cannot read from Pacemaker when the other node was fenced: %s",
	       why);
}

const struct fencing_watch_ops node_watch_ops = {
	.name = on_watch_name,
	.self = on_watch_self,
	.fenced = on_watch_fenced,
	.let_in = on_watch_let_in,
	.silent = on_watch_silent,
};
