/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_CLUSTER_CPG_H
#define LUNMASK_DAEMON_CLUSTER_CPG_H

#include <qb/qbloop.h>

#include "base/err.h"
#include "core/core.h"
#include "ring/cluster_config.h"

/*
 * The connection to corosync: the closed process group that carries the journal's messages, quorum,
 * and the relevant parts of corosync.conf. Only this module uses corosync's types.
 *
 *	cluster_cpg_open(loop, &ops, user, &cluster, &err);   connects, reads the configuration
 *	cluster_cpg_config(cluster), cluster_cpg_node(cluster);
 *	cluster_cpg_join(cluster);                            from here on ops are called
 *	cluster_cpg_send(cluster, data, bytes);
 *	cluster_cpg_close(cluster);                           after the loop has ended
 *
 * The caller owns loop, ops and user, which must outlive the cluster.
 *
 * Only cluster_cpg_open() blocks: it waits for corosync's answers without a time limit. A caller
 * that cannot wait sets an alarm(2). There is no function to leave the group: the process leaves it
 * by exiting, which cannot hang.
 *
 * The ops are called from the loop, never from inside a function of this header.
 */
#define CLUSTER_CPG_GROUP "lunmask-journal"

struct cluster_cpg;

struct cluster_cpg_ops {
	/* nodes ascending, each once. ring: that of the last totem configuration change. */
	void (*members)(void *user, const uint32_t *nodes, size_t n_nodes, struct ring ring);
	/* Another process of this node is in the group. Reported once for each process. */
	void (*rival)(void *user, uint32_t pid);
	void (*quorum)(void *user, bool quorate, const uint32_t *nodes, size_t n_nodes,
		       struct ring ring);
	/* cluster_cpg_config() has changed, and has then been unchanged for 1 s. */
	void (*config)(void *user, const struct cluster_config *config);
	/* A message from another process, which may run on this node. */
	void (*message)(void *user, uint32_t node, uint32_t pid, const uint8_t *data, size_t bytes);
	/* corosync is lost, or has removed this process from the group. Called once, last. */
	void (*lost)(void *user, const char *why);
};

/*
 * -ENOTCONN: corosync does not answer. -EACCES: not permitted. -EINVAL: corosync.conf has no quorum
 * provider. -ENOMEM.
 */
int cluster_cpg_open(qb_loop_t *loop, const struct cluster_cpg_ops *ops, void *user,
		     struct cluster_cpg **ret, struct err *err);
void cluster_cpg_close(struct cluster_cpg *cluster);

const struct cluster_config *cluster_cpg_config(const struct cluster_cpg *cluster);
uint32_t cluster_cpg_node(const struct cluster_cpg *cluster);

int cluster_cpg_join(struct cluster_cpg *cluster, struct err *err);

/* At most 64 KiB. If corosync does not accept it now, it is queued, or dropped (outbox.h). */
void cluster_cpg_send(struct cluster_cpg *cluster, const uint8_t *data, size_t bytes);

/* Number of messages dropped because corosync accepted none for too long. */
uint64_t cluster_cpg_dropped(const struct cluster_cpg *cluster);

#endif
