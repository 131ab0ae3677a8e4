/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command/usage.h"
#include "san/iscsi.h"
#include "san/peer_probe.h"

/*
 * Checks from this host that LUNs are the expected ones: reads the request of peer_probe.h from
 * stdin and writes its answer to stdout. Changes nothing.
 */
enum { EXIT_GOOD = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

static const struct usage usage = {
	.name = "lunmask-probe",
	.word = "<REQUEST",
	.summary = "Logs in to every LUN of the request through every portal of the request, with\n"
		   "the initiator name of the request, and compares the designators and sizes.",
	.text = "REQUEST is JSON:\n"
		"  {\"initiator\": IQN, \"portals\": [\"ADDRESS:PORT\"], \"paths_required\": N,\n"
		"   \"timeout_ms\": N, \"luns\": [{\"name\": ..., \"designator\": ...,\n"
		"   \"size_bytes\": N, \"target\": IQN, \"number\": N}]}\n"
		"It prints {\"ok\": true, \"paths\": N} and exits with 0, or it prints\n"
		"{\"ok\": false, \"paths\": N, \"error\": TEXT, \"errno_name\": NAME}\n"
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

static int probe(size_t *ret_paths, struct err *err)
{
	struct peer_probe_storage *storage = NULL;
	struct peer_probe_request request;
	char *buffer = malloc(PEER_PROBE_BYTES_MAX + 1);
	size_t bytes = 0;
	int rc = buffer == NULL ? err_set(err, -ENOMEM, "out of memory")
				: request_read(buffer, &bytes, err);

	rc = rc < 0 ? rc : peer_probe_request_decode(buffer, bytes, &request, &storage, err);
	free(buffer);
	rc = rc < 0 ? rc
		    : iscsi_luns_verify(request.luns, request.n_luns, request.portals,
					request.n_portals, request.initiator,
					request.paths_required, deadline_in(request.timeout_ms),
					ret_paths, err);
	peer_probe_storage_free(storage);
	return rc;
}

int main(int argc, char **argv)
{
	enum usage_end end = usage_parse(&usage, argc, argv, NULL);
	struct err err = ERR_INIT;
	size_t paths = 0;
	char *answer;
	int rc;

	if (end != USAGE_CONTINUE) {
		return end == USAGE_WRONG ? EXIT_USAGE : EXIT_GOOD;
	}
	rc = probe(&paths, &err);
	answer = peer_probe_answer_encode(rc, paths, err_text(&err));
	if (answer == NULL || puts(answer) < 0 || fflush(stdout) != 0) {
		(void)fputs("lunmask-probe: cannot answer\n", stderr);
		rc = -EIO;
	}
	free(answer);
	return rc == 0 ? EXIT_GOOD : EXIT_REFUSED;
}
