/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CLUSTER_H
#define LUNMASK_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * Questions to Pacemaker on this node about the cluster. Every step that widens access asks it
 * first.
 *
 * Each function is a separate call; nothing has to be opened. Every call returns by its deadline.
 * Pacemaker's client libraries may wait for a daemon that hangs, so they run in a thread that is
 * left behind at the deadline (-ETIMEDOUT). The libraries must not be used by two threads, so after
 * that every call in this process fails with -ENOTCONN at once.
 *
 * -ENOTCONN: no cluster on this node, one that is starting or stopping, or a Pacemaker daemon that
 *   does not answer.
 * -EINVAL: not a legal node name.
 */

int cluster_has_quorum(struct deadline deadline, bool *ret, struct err *err);

enum cluster_node_fate {
	CLUSTER_NODE_UP,   /* a member of corosync or of Pacemaker */
	CLUSTER_NODE_DOWN, /* not a member; it was fenced or left cleanly */
	/* Not a member and neither fenced nor cleanly left, or not a node of this cluster. */
	CLUSTER_NODE_UNKNOWN,
};

int cluster_node_fate(const char *node, struct deadline deadline, enum cluster_node_fate *ret,
		      struct err *err);

/*
 * When the node was last fenced successfully (fencer.h), in seconds since the epoch; 0: the fencer
 * remembers no fencing.
 */
int cluster_node_fenced_at(const char *node, struct deadline deadline, time_t *ret,
			   struct err *err);

/* Returns the <resources> of the CIB as XML text. The caller frees *ret_xml. */
int cluster_resources(struct deadline deadline, char **ret_xml, struct err *err);

/*
 * Makes the controller of this node, whose name is node, discard what it has recorded about the
 * resources here; the cluster then probes each of them again. This stops and starts nothing. It is
 * for a node whose record is out of date: the cluster would trust that record more than what runs
 * elsewhere.
 */
int cluster_reprobe(const char *node, struct deadline deadline, struct err *err);

/* This node's name in the cluster. -ENOBUFS: longer than size - 1. */
int cluster_local_node(struct deadline deadline, char *name, size_t size, struct err *err);

#endif
