/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node/node_internal.h"

#include <glib.h>
#include <string.h>

#include "base/deadline.h"

/* One line for each change. That a path is up when lunmaskd starts is none. */
static void on_changed(void *user, const struct paths_row *row, enum path_state before)
{
	const struct path *path = &row->path;
	int level = path->state != PATH_UP   ? LOG_WARNING
		    : before != PATH_UNKNOWN ? LOG_NOTICE
					     : LOG_DEBUG;

	(void)user;
	qb_log(level, "paths: array %s, portal %s is %s%s%s", path->array, path->portal,
	       path_state_to_str(path->state), path->reason[0] != '\0' ? ": " : "", path->reason);
}

static void on_trouble(void *user, const char *why)
{
	(void)user;
	if (why[0] != '\0') {
		qb_log(LOG_WARNING, "paths: not measured: %s", why);
	} else {
		qb_log(LOG_NOTICE, "paths: measured again");
	}
}

static void on_measured(void *user)
{
	node_paths_announce(user);
	node_ask_announce(user); /* a note may have been lost */
}

static const struct paths_ops ops = {
	.changed = on_changed,
	.measured = on_measured,
	.trouble = on_trouble,
};

static const char *own_name(const struct node *node)
{
	return cluster_config_name(cluster_cpg_config(node->cluster),
				   cluster_cpg_node(node->cluster));
}

/* Nothing in lunmaskd depends on the paths: without a name, there is no table. */
int node_paths_start(struct node *node, struct err *err)
{
	const char *name = own_name(node);

	if (name == NULL) {
		qb_log(LOG_WARNING, "paths: not measured: corosync.conf has no name for this node");
		return 0;
	}
	node->peers = paths_peers_new();
	return paths_watch_new(node->options.loop, &node->options.paths,
			       &node->options.settings->paths, name, &ops, node, &node->paths, err);
}

void node_paths_stop(struct node *node)
{
	paths_watch_free(node->paths);
	node->paths = NULL;
	paths_peers_free(node->peers);
	node->peers = NULL;
}

static uint64_t age_ms(int64_t now_ms, int64_t then_ms)
{
	return now_ms > then_ms ? (uint64_t)(now_ms - then_ms) : 0;
}

static void path_fill(const struct paths_row *row, const char *name, struct journal_path *ret)
{
	int64_t now_ms = deadline_now_ms();

	*ret = (struct journal_path){
		.origin = row->path.configured ? JOURNAL_PATH_CONFIGURED : JOURNAL_PATH_REPORTED,
		.state = row->path.state,
		.age_ms = age_ms(now_ms, row->since_ms),
		.measured_ms = row->measured_ms == 0 ? JOURNAL_PATH_NEVER
						     : age_ms(now_ms, row->measured_ms),
		.latency_us = row->path.latency_us,
	};
	(void)g_strlcpy(ret->node, name, sizeof(ret->node));
	memcpy(ret->array, row->path.array, sizeof(ret->array));
	memcpy(ret->portal, row->path.portal, sizeof(ret->portal));
	memcpy(ret->reason, row->path.reason, sizeof(ret->reason));
}

/* The table */

static bool own_path(void *data, size_t i, struct journal_path *ret)
{
	struct node *node = data;
	const struct paths *table = paths_watch_table(node->paths);
	const char *name = own_name(node);

	if (name == NULL || i >= paths_count(table)) {
		return false;
	}
	path_fill(paths_at(table, i), name, ret);
	return true;
}

bool node_on_path(void *shell, size_t i, struct journal_path *ret)
{
	struct node *node = shell;
	size_t own;

	if (node->paths == NULL) {
		return false;
	}
	own = paths_count(paths_watch_table(node->paths));
	return i < own ? own_path(node, i, ret)
		       : paths_peers_at(node->peers, deadline_now_ms(), i - own, ret);
}

/* Both numbers only grow. */
const char *node_on_path_state(void *shell, uint64_t *ret_generation)
{
	struct node *node = shell;
	const struct paths *table;

	*ret_generation = 0;
	if (node->paths == NULL) {
		return "corosync.conf has no name for this node";
	}
	table = paths_watch_table(node->paths);
	*ret_generation = paths_generation(table) + paths_peers_generation(node->peers);
	return paths_trouble(table);
}

/* What nodes tell each other */

/* How long the others may believe it: until they should have heard more often than once. */
static uint32_t valid_ms(const struct paths_settings *settings)
{
	return (uint32_t)(PATHS_STALE_ROUNDS * settings->interval_ms +
			  PATHS_ROUND_MS(settings->timeout_ms));
}

void node_paths_announce(struct node *node)
{
	struct paths_note note = {.valid_ms = valid_ms(&node->options.settings->paths),
				  .number = ++node->announcements};
	g_autofree uint8_t *data = g_malloc(WIRE_NOTE_BYTES_MAX);
	bool last = node->paths == NULL || !node->ready || node->ended;
	size_t from = 0;

	while (!last) {
		size_t bytes = paths_note_encode(&note, own_path, node, &from, data,
						 WIRE_NOTE_BYTES_MAX, &last);

		node_note_send(node, WIRE_NOTE_PATHS, data, bytes);
		note.part++;
	}
}

void node_paths_members(struct node *node)
{
	if (node->peers != NULL) {
		paths_peers_members(node->peers, node->members, node->n_members);
		node_paths_announce(node);
	}
}

int node_paths_take(struct node *node, uint32_t from, const struct wire_note *note)
{
	const char *name = cluster_config_name(cluster_cpg_config(node->cluster), from);

	return name == NULL || node->peers == NULL
		       ? 0
		       : paths_peers_take(node->peers, deadline_now_ms(), from, name, note->data,
					  note->bytes);
}
