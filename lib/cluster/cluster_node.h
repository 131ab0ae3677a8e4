/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CLUSTER_NODE_H
#define LUNMASK_CLUSTER_NODE_H

#include "cluster/cluster.h"

/*
 * Judges a node by the attributes of its <node_state> in the CIB. No I/O.
 *
 * in_ccm: is it a member of the corosync cluster? A boolean, or since Pacemaker 2.1.7 the time at
 *   which it became one (0: not a member).
 * crmd: does its controller take part? "online" or "offline", or a time as above.
 * expected: what the cluster last expected of it: "member", or "down" after its resources were
 *   stopped for a shutdown or it was fenced.
 *
 * A missing attribute is NULL. DOWN needs proof: no membership, no controller, and expected to be
 * down. A node that has vanished is UNKNOWN until it is fenced.
 */
struct cluster_node_state {
	const char *in_ccm;
	const char *crmd;
	const char *expected;
};

enum cluster_node_fate cluster_node_judge(const struct cluster_node_state *state);

#endif
