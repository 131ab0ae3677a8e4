/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/cluster.h"
#include "command/usage.h"
#include "names/libvirt_uri.h"
#include "names/name_limits.h"
#include "peers/peer_verify.h"

/*
 * Checks from this host that LUNs are the expected ones: reads the request of peer_probe.h from
 * stdin and writes its answer to stdout. Changes nothing but, for a VM that is to move here, its
 * secret in libvirt.
 */
enum { EXIT_GOOD = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

static const struct usage usage = {
	.name = "lunmask-probe",
	.word = "<REQUEST",
	.summary = "Logs in to every LUN of the request through every portal of the request, with\n"
		   "the initiator name of the request, and compares the designators and sizes.",
	.text = "REQUEST is JSON:\n"
		"  {\"node\": NAME, \"array\": NAME, \"secret_for\": VM, \"initiator\": IQN,\n"
		"   \"portals\": [\"ADDRESS:PORT\"], \"paths_required\": N, "
		"\"timeout_ms\": N,\n"
		"   \"luns\": [{\"name\": ..., \"designator\": ...,\n"
		"   \"size_bytes\": N, \"target\": IQN, \"number\": N}]}\n"
		"It prints {\"ok\": true, \"paths\": N, \"portals\": [true, ...]} and exits with "
		"0,\n"
		"or {\"ok\": false, \"paths\": N, \"portals\": [...], \"error\": TEXT,\n"
		"\"errno_name\": NAME}\n"
		"and exits with 1.",
};

/* Reads at most one byte more than is legal, to detect a request that is too long. */
static int request_read(char *buffer, size_t *ret_bytes, struct err *err)
{
	*ret_bytes = fread(buffer, 1, PEER_PROBE_BYTES_MAX + 1, stdin);
	if (ferror(stdin)) {
		return err_set(err, -EIO, "cannot read the request");
	}
	if (*ret_bytes > PEER_PROBE_BYTES_MAX) {
		return err_set(err, -EINVAL, "the request is longer than %u bytes",
			       PEER_PROBE_BYTES_MAX);
	}
	return 0;
}

/* The address that somebody has configured for a node may be another one's. */
static int node_check(const struct peer_probe_request *request, struct err *err)
{
	struct deadline deadline = deadline_in(request->timeout_ms);
	char node[NODE_NAME_MAX + 1];
	int rc = request->node == NULL ? 0 : cluster_local_node(deadline, node, sizeof(node), err);

	if (rc < 0) {
		return err_prefix(err, -EADDRNOTAVAIL, "start Pacemaker on %s", request->node);
	}
	return request->node == NULL || strcmp(node, request->node) == 0
		       ? 0
		       : err_set(err, -EADDRNOTAVAIL,
				 "correct migration_address of [host %s] in lunmask.conf, or "
				 "migration_network_suffix: the host at that address is %s",
				 request->node, node);
}

static int probe(struct iscsi_portals *ret, size_t *ret_n_portals, struct err *err)
{
	struct peer_probe_storage *storage = NULL;
	struct peer_probe_request request = {.n_portals = 0};
	g_autofree char *buffer = g_malloc(PEER_PROBE_BYTES_MAX + 1);
	size_t bytes = 0;
	int rc = request_read(buffer, &bytes, err);

	rc = rc < 0 ? rc : peer_probe_request_decode(buffer, bytes, &request, &storage, err);
	rc = rc < 0 ? rc : node_check(&request, err);
	rc = rc < 0 ? rc
		    : peer_verify(&request, LIBVIRT_URI_SYSTEM, deadline_in(request.timeout_ms),
				  ret, err);
	*ret_n_portals = request.n_portals;
	peer_probe_storage_free(storage);
	return rc;
}

int main(int argc, char **argv)
{
	enum usage_end end = usage_parse(&usage, argc, argv, NULL);
	struct err err = ERR_INIT;
	struct iscsi_portals portals = {.n_good = 0};
	size_t n_portals = 0;
	char *answer;
	int rc;

	if (end != USAGE_CONTINUE) {
		return end == USAGE_WRONG ? EXIT_USAGE : EXIT_GOOD;
	}
	rc = probe(&portals, &n_portals, &err);
	answer = peer_probe_answer_encode(rc, &portals, n_portals, err_text(&err));
	if (answer == NULL || puts(answer) < 0 || fflush(stdout) != 0) {
		(void)fputs("lunmask-probe: cannot answer\n", stderr);
		rc = -EIO;
	}
	free(answer);
	return rc == 0 ? EXIT_GOOD : EXIT_REFUSED;
}
