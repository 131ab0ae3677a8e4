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
 * The parts of corosync.conf that the journal needs. cmap reports the keys one by one, at the start
 * and after each change. No I/O.
 *
 *	cluster_config_set(&config, "nodelist.node.0.nodeid", "1");       each key, and each change
 *	cluster_config_set(&config, "nodelist.node.2.nodeid", NULL);      deleted
 *	cluster_config_nodes(&config, nodes, &n, &err);                   once no more keys change
 *
 * The caller owns the struct and zero-initialises it.
 *
 * A reload of corosync.conf reports one key after the other. Until all are reported, a node may be
 * missing from the list or be in it twice.
 */
#define CLUSTER_CONFIG_POSITIONS_MAX 64
#define CLUSTER_CONFIG_WORD 32

struct cluster_config {
	struct {
		uint32_t id;                  /* 0: no node at this position */
		char name[NODE_NAME_MAX + 1]; /* "": no name */
	} node[CLUSTER_CONFIG_POSITIONS_MAX]; /* by their position in the nodelist */
	bool overflow;                        /* a position of POSITIONS_MAX or more was set */
	char transport[CLUSTER_CONFIG_WORD];  /* as in corosync.conf; "": not set */
	char secauth[CLUSTER_CONFIG_WORD];
	char cipher[CLUSTER_CONFIG_WORD];
	char hash[CLUSTER_CONFIG_WORD];
	char wait_for_all[CLUSTER_CONFIG_WORD];
	char two_node[CLUSTER_CONFIG_WORD];
};

/* The prefixes of all keys that cluster_config_set() needs. */
extern const char *const cluster_config_prefixes[]; /* NULL-terminated */

/* value NULL: the key was deleted. Returns false if the key is not used here. */
bool cluster_config_set(struct cluster_config *config, const char *key, const char *value);

/* Ids, ascending. -EINVAL: none, one twice, or more than JOURNAL_VOTERS_MAX; err says which. */
int cluster_config_nodes(const struct cluster_config *config, uint32_t nodes[JOURNAL_VOTERS_MAX],
			 size_t *ret_n, struct err *err);

/* The name of a node. NULL if corosync.conf has no name for it. */
const char *cluster_config_name(const struct cluster_config *config, uint32_t node);

/* Sorts ids in ascending order and removes duplicates. Returns how many are left. */
size_t cluster_config_ids_sort(uint32_t *ids, size_t n);

/* 0 if corosync encrypts and authenticates its traffic. -EPERM: err says what is not set. */
int cluster_config_encrypted(const struct cluster_config *config, struct err *err);

/* As in votequorum: two_node implies wait_for_all unless wait_for_all is set to 0. */
bool cluster_config_wait_for_all(const struct cluster_config *config);

#endif
