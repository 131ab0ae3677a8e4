/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other nodes: each is asked, by root's ssh, to look at itself. */
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "base/realtime.h"
#include "doctor/look/doctor_look_internal.h"
#include "doctor/check/doctor_peer.h"
#include "process/runner.h"

#define ANSWER_BYTES_MAX (1024u * 1024)
#define RESERVE_MS 2000 /* for ssh */
#define EXIT_USAGE 2

/* In the cluster's configuration; if that is not known, every host is. */
static bool is_node(const struct doctor_facts *facts, const char *name)
{
	const struct doctor_cib *cib = &facts->settings.cib;

	for (size_t i = 0; i < cib->n_nodes; i++) {
		if (strcmp(cib->nodes[i], name) == 0) {
			return true;
		}
	}
	return cib->n_nodes == 0;
}

static int peer_run(const char *address, struct deadline deadline, struct runner_result *ret,
		    struct err *err)
{
	int left_s = deadline_left_ms(deadline_before(deadline, RESERVE_MS)) / 1000;
	g_autofree char *transport =
		g_strdup_printf(strchr(address, ':') != NULL ? "ssh://[%s]" : "ssh://%s", address);
	g_autofree char *timeout = g_strdup_printf("%d", left_s > 0 ? left_s : 1);
	const struct runner runner = {.transport = transport};
	const char *const argv[] = {"lunmask",   "doctor", "--local", "--json",
				    "--timeout", timeout,  NULL};

	return runner_run(&runner, argv, "", ANSWER_BYTES_MAX, deadline, ret, err);
}

static void peer_look(const struct config_host *host, struct deadline deadline,
		      struct doctor_peer *ret)
{
	struct runner_result result = {0};
	struct err err = ERR_INIT;
	int rc;

	*ret = (struct doctor_peer){.node = host->node, .address = host->migration_address};
	ret->asked_ms = realtime_now_ms();
	rc = peer_run(host->migration_address, deadline, &result, &err);
	ret->answered_ms = realtime_now_ms();
	if (rc == 0 && result.exit_status == EXIT_USAGE) {
		rc = err_set(&err, -ENOSYS, "its lunmask is older, and has no doctor");
	} else if (rc == 0) {
		rc = doctor_peer_decode(result.output, result.output_bytes, ret, &err);
	}
	doctor_answer_set(&ret->answer, rc, &err);
	runner_result_release(&result);
}

void doctor_look_peers(struct doctor_look *look, struct deadline deadline)
{
	struct doctor_peers *ret = &look->facts.peers;
	const struct config_host *hosts;
	size_t n = 0;

	if (look->config == NULL) {
		doctor_part_unseen(&ret->part, "there is no lunmask.conf that can be used");
		return;
	}
	hosts = config_hosts(look->config, &n);
	ret->of = g_new0(struct doctor_peer, n);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(hosts[i].node, look->facts.node) != 0 &&
		    is_node(&look->facts, hosts[i].node)) {
			peer_look(&hosts[i], deadline_share(deadline, n - i), &ret->of[ret->n++]);
		}
	}
	ret->part.seen = DOCTOR_SEEN;
}
