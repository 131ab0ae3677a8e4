/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_CLUSTER_CONFIG_H
#define LUNMASK_DAEMON_CLUSTER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/types.h"
#include "names/name_limits.h"

/*
 * What of corosync.conf matters to the journal, kept up to date key by key, as cmap tells of them.
 * No I/O.
 *
 *	cluster_config_set(&config, "nodelist.node.0.nodeid", "1");       each key, and each change
 *	cluster_config_set(&config, "nodelist.node.2.nodeid", NULL);      deleted
 *	cluster_config_nodes(&config, nodes, &n, &err);                   once it has settled
 *
 * A reload of corosync.conf tells of one key after the other: between them the list may be short or
 * have a node twice.
 */
#define CLUSTER_CONFIG_POSITIONS_MAX 64
#define CLUSTER_CONFIG_WORD 32

struct cluster_config {
	struct {
		uint32_t id;                  /* 0: none there */
		char name[NODE_NAME_MAX + 1]; /* "": none */
	} node[CLUSTER_CONFIG_POSITIONS_MAX]; /* by their position in the file */
	bool overflow;                        /* a position was there that we have no room for */
	char transport[CLUSTER_CONFIG_WORD];  /* as in the file; "": not set */
	char secauth[CLUSTER_CONFIG_WORD];
	char cipher[CLUSTER_CONFIG_WORD];
	char hash[CLUSTER_CONFIG_WORD];
	char wait_for_all[CLUSTER_CONFIG_WORD];
	char two_node[CLUSTER_CONFIG_WORD];
};

/* What cluster_config_set() wants to hear of: all keys that begin with one of these. */
extern const char *const cluster_config_prefixes[]; /* NULL-terminated */

/* value NULL: the key is gone. False when the key is none of ours. */
bool cluster_config_set(struct cluster_config *config, const char *key, const char *value);

/* Node ids, ascending. -EINVAL: none, one twice, or more than JOURNAL_VOTERS_MAX; err says which.
 */
int cluster_config_nodes(const struct cluster_config *config, uint32_t nodes[JOURNAL_VOTERS_MAX],
			 size_t *ret_n, struct err *err);

/* NULL when corosync.conf gives the node no name. */
const char *cluster_config_name(const struct cluster_config *config, uint32_t node);

/* Ascending, each once; how many are left. */
size_t cluster_config_ids_sort(uint32_t *ids, size_t n);

/* Is what goes over the network encrypted and signed? -EPERM with what is missing. */
int cluster_config_encrypted(const struct cluster_config *config, struct err *err);

/* As votequorum takes it: two_node implies it, unless it is set to 0. */
bool cluster_config_wait_for_all(const struct cluster_config *config);

#endif
