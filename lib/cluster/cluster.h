/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CLUSTER_H
#define LUNMASK_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * What Pacemaker on this node says about the cluster. Asked before every step that widens access.
 *
 * Every call is over by its deadline: Pacemaker's client libraries may wait for a daemon that
 * hangs, so they run in a thread that is left behind at the deadline (-ETIMEDOUT). After that every
 * call fails with -ENOTCONN at once; the libraries are not to be used by two threads.
 *
 * -ENOTCONN: no cluster here, or one that is just starting or ending. -EIO: Pacemaker refused.
 */

int cluster_has_quorum(struct deadline deadline, bool *ret, struct err *err);

enum cluster_node_fate {
	CLUSTER_NODE_UP,      /* a member, of corosync or of Pacemaker */
	CLUSTER_NODE_DOWN,    /* not a member, and fenced or cleanly left */
	CLUSTER_NODE_UNKNOWN, /* not a member, and nobody has made sure; or no node of this cluster
			       */
};

int cluster_node_fate(const char *node, struct deadline deadline, enum cluster_node_fate *ret,
		      struct err *err);

/*
 * When the node was last fenced with success (fencer.h), as far as the fencer remembers; 0: it
 * knows of none.
 */
int cluster_node_fenced_at(const char *node, struct deadline deadline, time_t *ret,
			   struct err *err);

/* The <resources> of the CIB, as XML text that the caller frees. */
int cluster_resources(struct deadline deadline, char **ret_xml, struct err *err);

/*
 * Has the controller of this node, whose name it is, forget what it has recorded of the resources
 * here; the cluster looks at each of them anew. Nothing is stopped or started by it. For a node
 * whose record is not true any more: the cluster would believe it over what runs elsewhere.
 */
int cluster_reprobe(const char *node, struct deadline deadline, struct err *err);

/* This node's name in the cluster. -ENOBUFS when it is longer than size - 1. */
int cluster_local_node(struct deadline deadline, char *name, size_t size, struct err *err);

#endif
