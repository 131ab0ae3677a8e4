/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CLUSTER_HOSTS_H
#define LUNMASK_CLUSTER_HOSTS_H

#include <stddef.h>

#include "base/deadline.h"
#include "base/err.h"
#include "names/name_limits.h"

/*
 * The nodes of the cluster, and what in the CIB would keep a resource from running on each of them.
 *
 *	rc = cluster_hosts_get("web1", deadline, &hosts, err);
 *	... hosts.hosts[i].obstacles[CLUSTER_STANDBY].there
 *	cluster_hosts_release(&hosts);
 *
 * This is no second scheduler: scores are not added up. What is not evaluated is UNCLEAR where it
 * could be the only obstacle; the text says what. Not looked at are rules in constraints, patterns,
 * sets of resources, colocation and order.
 */
enum cluster_obstacle {
	CLUSTER_AWAY,        /* it takes no part in the cluster, or is about to leave it */
	CLUSTER_MAINTENANCE, /* of the node, or of the whole cluster */
	CLUSTER_STANDBY,
	CLUSTER_UNHEALTHY, /* an attribute #health-..., as node-health-strategy wants it */
	CLUSTER_BANNED,    /* a location constraint with -INFINITY, for this node by name */
	CLUSTER_FAILED,    /* the resource's fail count is INFINITY there */
	CLUSTER_OBSTACLES
};

enum cluster_there { CLUSTER_UNCLEAR = 0, CLUSTER_NOT_THERE, CLUSTER_THERE };

#define CLUSTER_OBSTACLE_TEXT_MAX 191
struct cluster_host {
	char node[NODE_NAME_MAX + 1];
	struct {
		enum cluster_there there;
		char text[CLUSTER_OBSTACLE_TEXT_MAX +
			  1]; /* printable; "" if there is no more to say */
	} obstacles[CLUSTER_OBSTACLES];
};

#define CLUSTER_HOSTS_MAX 256
struct cluster_hosts {
	struct cluster_host *hosts; /* in the order of the CIB; remote nodes are left out */
	size_t count;
};

/* resource: its id. -ENOTCONN, -ETIMEDOUT: Pacemaker of this node does not answer. */
int cluster_hosts_get(const char *resource, struct deadline deadline, struct cluster_hosts *ret,
		      struct err *err);

/* From the text of <cib>. -EINVAL: not such a text. -E2BIG: over CLUSTER_HOSTS_MAX. */
int cluster_hosts_parse(const char *xml, size_t bytes, const char *resource,
			struct cluster_hosts *ret, struct err *err);

void cluster_hosts_release(struct cluster_hosts *hosts);

#endif
