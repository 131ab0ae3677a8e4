/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_CLUSTER_CPG_H
#define LUNMASK_DAEMON_CLUSTER_CPG_H

#include <qb/qbloop.h>

#include "base/err.h"
#include "core/core.h"
#include "ring/cluster_config.h"

/*
 * corosync: the closed process group that carries the journal's messages, quorum, and what of
 * corosync.conf matters. The only file that sees its types.
 *
 *	cluster_cpg_open(loop, &ops, user, &cluster, &err);   connects, reads the configuration
 *	cluster_cpg_config(cluster), cluster_cpg_node(cluster);
 *	cluster_cpg_join(cluster);                            from here on ops are called
 *	cluster_cpg_send(cluster, data, bytes);
 *	cluster_cpg_close(cluster);
 *
 * Nothing blocks but opening, which waits for corosync's answers without a limit: a caller that
 * cannot wait sets an alarm. There is no leave: the end of the process is one, and cannot hang.
 *
 * ops are called from the loop, never from inside a function of this header.
 */
#define CLUSTER_CPG_GROUP "lunmask-journal"

struct cluster_cpg;

struct cluster_cpg_ops {
	/* Nodes ascending, each once; the ring is that of the last totem configuration change. */
	void (*members)(void *user, const uint32_t *nodes, size_t n_nodes, struct ring ring);
	/* Another process of this node is in the group: told once for each. */
	void (*rival)(void *user, uint32_t pid);
	void (*quorum)(void *user, bool quorate, const uint32_t *nodes, size_t n_nodes,
		       struct ring ring);
	/* cluster_cpg_config() has changed, and then not for a second. */
	void (*config)(void *user, const struct cluster_config *config);
	/* From another process; its node may be ours. */
	void (*message)(void *user, uint32_t node, uint32_t pid, const uint8_t *data, size_t bytes);
	/* corosync is gone, or does not want us any more. Told once; nothing else follows. */
	void (*lost)(void *user, const char *why);
};

/* -ENOTCONN: corosync does not answer. -EACCES. Others with text. */
int cluster_cpg_open(qb_loop_t *loop, const struct cluster_cpg_ops *ops, void *user,
		     struct cluster_cpg **ret, struct err *err);
void cluster_cpg_close(struct cluster_cpg *cluster);

const struct cluster_config *cluster_cpg_config(const struct cluster_cpg *cluster);
uint32_t cluster_cpg_node(const struct cluster_cpg *cluster);

int cluster_cpg_join(struct cluster_cpg *cluster, struct err *err);

/* Taken, or kept for later, or in the end dropped. At most 64 KiB. */
void cluster_cpg_send(struct cluster_cpg *cluster, const uint8_t *data, size_t bytes);

/* Messages that were not sent, since corosync took none for too long. */
uint64_t cluster_cpg_dropped(const struct cluster_cpg *cluster);

#endif
