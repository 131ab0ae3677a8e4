/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * cluster_query [NODE...]: what lib/cluster.h says, for tests in a cluster.
 *
 *	quorum yes|no
 *	local NAME
 *	node NAME up|down|unknown fenced SECONDS_SINCE_1970
 *
 * In place of an answer that cannot be had: "error" and the text. Exits 1 then.
 */

#include <stdio.h>

#include "cluster/cluster.h"
#include "names/name_limits.h"

#define TIMEOUT_MS 60000

static const char *const fates[] = {
	[CLUSTER_NODE_UP] = "up",
	[CLUSTER_NODE_DOWN] = "down",
	[CLUSTER_NODE_UNKNOWN] = "unknown",
};

static int failed(const struct err *err)
{
	printf("error %s\n", err_text(err));
	return 1;
}

static int node_print(const char *node)
{
	struct err err = ERR_INIT;
	enum cluster_node_fate fate;
	struct cluster_fencings fencings;

	if (cluster_node_fate(node, deadline_in(TIMEOUT_MS), &fate, &err) < 0 ||
	    cluster_node_fencings(node, deadline_in(TIMEOUT_MS), &fencings, &err) < 0) {
		return failed(&err);
	}
	printf("node %s %s fenced %lld\n", node, fates[fate], (long long)fencings.last);
	return 0;
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	char name[NODE_NAME_MAX + 1];
	bool quorum;
	int result = 0;

	if (cluster_has_quorum(deadline_in(TIMEOUT_MS), &quorum, &err) < 0 ||
	    cluster_local_node(deadline_in(TIMEOUT_MS), name, sizeof(name), &err) < 0) {
		result = failed(&err);
	} else {
		printf("quorum %s\nlocal %s\n", quorum ? "yes" : "no", name);
	}
	for (int i = 1; i < argc; i++) {
		result |= node_print(argv[i]);
	}
	return result;
}
