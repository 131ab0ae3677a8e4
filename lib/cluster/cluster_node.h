/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CLUSTER_NODE_H
#define LUNMASK_CLUSTER_NODE_H

#include "cluster/cluster.h"

/*
 * What the attributes of a node's <node_state> in the CIB mean for us. No I/O.
 *
 * in_ccm    is it a member of the corosync cluster: a boolean, or since Pacemaker 2.1.7 when it
 *           became one (0: it is not)
 * crmd      does its controller take part: "online" or "offline", or a time likewise
 * expected  what the cluster last wanted of it: "member", or "down" once its resources were
 *           stopped for a shutdown, or it was fenced
 *
 * An attribute that is absent is NULL. DOWN needs proof: neither membership nor controller, and
 * expected to be down. A node that has vanished is UNKNOWN until it is fenced.
 */
struct cluster_node_state {
	const char *in_ccm;
	const char *crmd;
	const char *expected;
};

enum cluster_node_fate cluster_node_judge(const struct cluster_node_state *state);

#endif
