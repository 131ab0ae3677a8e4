/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CLUSTER_H
#define LUNMASK_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * Questions to Pacemaker on this node about the cluster. Every step that widens access asks it
 * first.
 *
 * Each function is a separate call; nothing has to be opened. Every call returns by its deadline.
 * Pacemaker's client libraries may wait for a daemon that hangs, so they run in a thread that is
 * left behind at the deadline (-ETIMEDOUT). The libraries must not be used by two threads, so the
 * next call first waits, until its own deadline (-ENOTCONN), for that thread to come back.
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

/* The successful fencings of a node that the fencer of this node remembers (fencer.h). */
struct cluster_fencings {
	int count;
	time_t last; /* in seconds since the epoch; 0: none */
	/*
	 * The fencer of this node has run for CLUSTER_FENCER_SYNC_MS, within which the controller
	 * has merged its history with those of the other nodes. Otherwise a fencing may be missing.
	 */
	bool whole;
	int64_t age_ms; /* how long the fencer has run; 0: not known */
};
#define CLUSTER_FENCER_SYNC_MS 45000

int cluster_node_fencings(const char *node, struct deadline deadline, struct cluster_fencings *ret,
			  struct err *err);

/* How many fence devices the fencer of this node has for a node. */
int cluster_node_fence_devices(const char *node, struct deadline deadline, int *ret,
			       struct err *err);

/* Returns the <resources> of the CIB as XML text. The caller frees *ret_xml with g_free(). */
int cluster_resources(struct deadline deadline, char **ret_xml, struct err *err);

/* The same for <crm_config>: the cluster's options (cluster_option.h). */
int cluster_options(struct deadline deadline, char **ret_xml, struct err *err);

/* The same for all of <configuration>. */
int cluster_configuration(struct deadline deadline, char **ret_xml, struct err *err);

/* The same for all of the CIB, with the cluster's status. */
int cluster_cib(struct deadline deadline, char **ret_xml, struct err *err);

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
