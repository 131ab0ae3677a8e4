/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks between this node and the others. */
#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "doctor/check/doctor_check.h"

#define CLOCK_WARN_MS 5000
#define CLOCK_FAIL_MS 30000 /* TAKEOVER_CLOCKS_MS: from then on, decisions by time are wrong */

static void peers_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	for (size_t i = 0; i < facts->peers.n; i++) {
		const struct doctor_peer *peer = &facts->peers.of[i];
		int rc = peer->answer.rc;

		if (rc < 0) {
			doctor_found_mend(
				verdict, rc == -EACCES ? DOCTOR_FAIL : DOCTOR_UNKNOWN,
				rc == -EACCES
					? g_strdup_printf("ssh-keyscan %s >>/root/.ssh/known_hosts "
							  "(and compare the key); root's public "
							  "key into authorized_keys there",
							  peer->address)
					: g_strdup_printf("ssh %s lunmask doctor --local",
							  peer->address),
				"%s cannot be asked: %s", peer->node, err_text(&peer->answer.err));
		}
	}
}

/* Calls differs for each node that has answered. */
static void each(const struct doctor_facts *facts, struct doctor_verdict *verdict,
		 void (*differs)(const struct doctor_facts *facts, const struct doctor_peer *peer,
				 struct doctor_verdict *verdict))
{
	size_t unasked = 0;

	for (size_t i = 0; i < facts->peers.n; i++) {
		if (facts->peers.of[i].answer.rc == 0) {
			differs(facts, &facts->peers.of[i], verdict);
		} else {
			unasked++;
		}
	}
	if (unasked > 0) {
		doctor_found(verdict, DOCTOR_UNKNOWN, "", "%zu other node%s cannot be asked",
			     unasked, unasked == 1 ? "" : "s");
	}
}

static void config_differs(const struct doctor_facts *facts, const struct doctor_peer *peer,
			   struct doctor_verdict *verdict)
{
	if (strcmp(peer->config, facts->config.digest) != 0) {
		doctor_found_mend(verdict, DOCTOR_FAIL,
				  g_strdup_printf("scp " CONFIG_FILE " %s:/etc/lunmask/ (if this "
						  "node's is right)",
						  peer->address),
				  CONFIG_FILE " of %s is not that of %s", peer->node, facts->node);
	}
}

static void same_config_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	each(facts, verdict, config_differs);
}

static void key_differs(const struct doctor_facts *facts, const struct doctor_peer *peer,
			struct doctor_verdict *verdict)
{
	if (strcmp(peer->key, facts->key.id.text) != 0) {
		doctor_found_mend(verdict, DOCTOR_FAIL,
				  g_strdup_printf("scp -p " CLUSTER_KEY_FILE " %s:/etc/lunmask/; "
						  "systemctl restart lunmaskd there",
						  peer->address),
				  CLUSTER_KEY_FILE " of %s is not that of %s", peer->node,
				  facts->node);
	}
}

static void same_key_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	if (facts->key.id.text[0] == '\0') {
		doctor_found(verdict, DOCTOR_UNKNOWN, "", "this node has no key");
		return;
	}
	each(facts, verdict, key_differs);
}

static void version_differs(const struct doctor_facts *facts, const struct doctor_peer *peer,
			    struct doctor_verdict *verdict)
{
	if (strcmp(peer->version, facts->version) != 0) {
		doctor_found(verdict, DOCTOR_WARN, NULL, "%s has lunmask %s, %s has %s", peer->node,
			     peer->version, facts->node, facts->version);
	}
}

static void same_version_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	each(facts, verdict, version_differs);
}

/* At least so many ms is the other clock ahead (> 0) or behind (< 0). */
static int64_t ahead_ms(const struct doctor_peer *peer)
{
	return peer->ended_ms > peer->answered_ms ? peer->ended_ms - peer->answered_ms
	       : peer->began_ms < peer->asked_ms  ? peer->began_ms - peer->asked_ms
						  : 0;
}

static void clock_differs(const struct doctor_facts *facts, const struct doctor_peer *peer,
			  struct doctor_verdict *verdict)
{
	int64_t ahead = ahead_ms(peer);
	int64_t by = ahead < 0 ? -ahead : ahead;

	(void)facts;
	if (by >= CLOCK_WARN_MS) {
		doctor_found(verdict, by >= CLOCK_FAIL_MS ? DOCTOR_FAIL : DOCTOR_WARN, NULL,
			     "the clock of %s is %" PRId64 " s %s this node's", peer->node,
			     by / 1000, ahead > 0 ? "ahead of" : "behind");
	}
}

static void clock_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	each(facts, verdict, clock_differs);
}

const struct doctor_check doctor_checks_peer[] = {
	{.name = "ssh",
	 .looks_at = "root's ssh to the other nodes",
	 .needs = {DOCTOR_ANSWERS(peers)},
	 .cluster = true,
	 .why = "In a migration libvirt goes there by ssh, unless migration_transport says otherwise, "
		"and so does lunmask if lunmaskd there does not answer.",
	 .judge = peers_judge},
	{.name = "same-config",
	 .looks_at = "lunmask.conf of the other nodes",
	 .needs = {DOCTOR_ANSWERS(peers), DOCTOR_ANSWERS(config)},
	 .cluster = true,
	 .why = "The nodes grant, check and fence by different names.",
	 .judge = same_config_judge},
	{.name = "same-key",
	 .looks_at = "the journal's key of the other nodes",
	 .needs = {DOCTOR_ANSWERS(peers), DOCTOR_ANSWERS(key)},
	 .cluster = true,
	 .why = "lunmaskd drops what it hears from a node with another key: that node has no "
		"journal.",
	 .judge = same_key_judge},
	{.name = "same-version",
	 .looks_at = "the version of lunmask on the other nodes",
	 .needs = {DOCTOR_ANSWERS(peers)},
	 .cluster = true,
	 .why = "That is meant for the time of an upgrade only.",
	 .mend = "upgrade the node that has the older one",
	 .judge = same_version_judge},
	{.name = "clock",
	 .looks_at = "the clocks of the other nodes",
	 .needs = {DOCTOR_ANSWERS(peers)},
	 .cluster = true,
	 .why = "Whether a host was fenced after a VM was granted to it is decided by time, with "
		"30 s "
		"for the difference.",
	 .mend = "timedatectl set-ntp true, on every node",
	 .judge = clock_judge},
	{0},
};
