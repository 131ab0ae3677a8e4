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

static const struct paths_ops ops = {.changed = on_changed, .trouble = on_trouble};

static const char *own_name(const struct node *node)
{
	return cluster_config_name(cluster_cpg_config(node->cluster),
				   cluster_cpg_node(node->cluster));
}

/* Nothing in lunmaskd depends on the paths: without them, there is no table. */
void node_paths_start(struct node *node)
{
	const char *name = own_name(node);

	if (name == NULL) {
		qb_log(LOG_WARNING, "paths: not measured: corosync.conf has no name for this node");
		return;
	}
	node->paths = paths_watch_new(node->options.loop, &node->options.paths,
				      &node->options.settings->paths, name, &ops, node);
}

void node_paths_stop(struct node *node)
{
	paths_watch_free(node->paths);
	node->paths = NULL;
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

bool node_on_path(void *shell, size_t i, struct journal_path *ret)
{
	struct node *node = shell;
	const struct paths *table = node->paths != NULL ? paths_watch_table(node->paths) : NULL;
	const char *name = own_name(node);

	if (table == NULL || name == NULL || i >= paths_count(table)) {
		return false;
	}
	path_fill(paths_at(table, i), name, ret);
	return true;
}

const char *node_on_path_state(void *shell, uint64_t *ret_generation)
{
	struct node *node = shell;
	const struct paths *table = node->paths != NULL ? paths_watch_table(node->paths) : NULL;

	*ret_generation = table != NULL ? paths_generation(table) : 0;
	return table != NULL ? paths_trouble(table) : "corosync.conf has no name for this node";
}
