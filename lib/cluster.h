/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CLUSTER_H
#define LUNMASK_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>

#include "deadline.h"
#include "err.h"

/*
 * What Pacemaker on this node says about the cluster. Asked before every step that widens access.
 */

/* -ENOTCONN: no cluster here. */
int cluster_has_quorum(struct deadline deadline, bool *ret, struct err *err);

enum cluster_node_fate {
	CLUSTER_NODE_UP,      /* a member, or not known to be down */
	CLUSTER_NODE_DOWN,    /* not a member, and fenced or cleanly left */
	CLUSTER_NODE_UNKNOWN, /* not a member, and nobody has made sure */
};

int cluster_node_fate(const char *node, struct deadline deadline, enum cluster_node_fate *ret,
		      struct err *err);

/* This node's name in the cluster. -ENOTCONN. */
int cluster_local_node(struct deadline deadline, char *name, size_t size, struct err *err);

#endif
