/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks of corosync, Pacemaker, the journal and fencing. */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "doctor/check/doctor_check.h"

#define PACEMAKER_MAJOR 2 /* 2.1.2 is the first that works, 2.1.3 has stop_unexpected */
#define PACEMAKER_MINOR 1
#define PACEMAKER_PATCH 2

/* 0: all have one. */
static uint32_t nameless_node(const struct cluster_config *config)
{
	uint32_t nodes[JOURNAL_VOTERS_MAX];
	size_t n = 0;

	if (cluster_config_nodes(config, nodes, &n, NULL) != 0) {
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (cluster_config_name(config, nodes[i]) == NULL) {
			return nodes[i];
		}
	}
	return 0;
}

static void corosync_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	const struct doctor_corosync *corosync = &facts->corosync;
	uint32_t nameless = nameless_node(&corosync->config);
	struct err err = ERR_INIT;

	if (corosync->part.seen == DOCTOR_REFUSED) {
		doctor_found(verdict, DOCTOR_FAIL, "systemctl start corosync pacemaker", "%s",
			     err_text(&corosync->part.err));
	} else if (cluster_config_encrypted(&corosync->config, &err) < 0) {
		doctor_found(verdict, corosync->unencrypted_allowed ? DOCTOR_WARN : DOCTOR_FAIL,
			     NULL, "corosync's traffic is not protected: %s", err_text(&err));
	} else if (nameless != 0) {
		doctor_found(verdict, DOCTOR_WARN,
			     "name: NODE for each node in the nodelist of corosync.conf; "
			     "corosync-cfgtool -R",
			     "corosync.conf has no name for node %u: lunmaskd cannot ask the "
			     "fencer about it, nor tell who it is",
			     (unsigned int)nameless);
	}
}

static void two_node_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	const struct cluster_config *config = &facts->corosync.config;
	uint32_t nodes[JOURNAL_VOTERS_MAX];
	size_t n = 0;

	if (cluster_config_nodes(config, nodes, &n, NULL) == 0 && n == 2 &&
	    strcmp(config->two_node, "1") != 0) {
		doctor_found(
			verdict, DOCTOR_FAIL, NULL,
			"the cluster has two nodes, and corosync.conf does not say two_node: 1");
	}
}

static void pacemaker_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	if (facts->pacemaker.part.seen == DOCTOR_REFUSED) {
		doctor_found(verdict, DOCTOR_FAIL, NULL, "%s",
			     err_text(&facts->pacemaker.part.err));
	}
}

static void quorum_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	if (!facts->pacemaker.quorum) {
		doctor_found(verdict, DOCTOR_FAIL, NULL,
			     "this node is in no majority of the nodes");
	}
}

static void version_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	const char *text = facts->settings.cib.dc_version;
	int major = 0, minor = 0, patch = 0;

	if (text == NULL || sscanf(text, "%d.%d.%d", &major, &minor, &patch) != 3) {
		doctor_found(verdict, DOCTOR_UNKNOWN, "", "the cluster has no dc-version yet");
		return;
	}
	if (major < PACEMAKER_MAJOR ||
	    (major == PACEMAKER_MAJOR &&
	     (minor < PACEMAKER_MINOR || (minor == PACEMAKER_MINOR && patch < PACEMAKER_PATCH)))) {
		doctor_found(verdict, DOCTOR_FAIL, NULL,
			     "Pacemaker is %d.%d.%d, and lunmask needs 2.1.2 or later", major,
			     minor, patch);
	} else if (major == 2 && minor == 1 && patch == 2) {
		doctor_found(verdict, DOCTOR_WARN, NULL,
			     "Pacemaker is 2.1.2, which does not know "
			     "multiple-active=stop_unexpected");
	}
}

static void hosts_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	const struct doctor_cib *cib = &facts->settings.cib;
	const struct config_host *host;
	bool listed = false;

	for (size_t i = 0; i < cib->n_nodes; i++) {
		listed = listed || strcmp(cib->nodes[i], facts->node) == 0;
		if (config_host_get(facts->config.config, cib->nodes[i], &host, NULL) < 0) {
			doctor_found(
				verdict, DOCTOR_FAIL, NULL,
				"lunmask.conf has no [host %s], which is a node of the cluster",
				cib->nodes[i]);
		}
	}
	if (!listed && config_host_get(facts->config.config, facts->node, &host, NULL) < 0) {
		doctor_found(verdict, DOCTOR_FAIL, NULL, "lunmask.conf has no [host %s]: this node",
			     facts->node);
	}
}

static void journal_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	const struct journal_status *status = &facts->journal.status;
	uint32_t nodes[JOURNAL_VOTERS_MAX];
	size_t n = 0;

	if (!status->active) {
		doctor_found(verdict, DOCTOR_FAIL, NULL,
			     "the journal has no majority here (%s), so nothing can be recorded",
			     status->role);
	} else if (!status->gate) {
		doctor_found(verdict, DOCTOR_FAIL, NULL,
			     "the journal's gate is shut: corosync reports no quorum");
	} else if (cluster_config_nodes(&facts->corosync.config, nodes, &n, NULL) == 0 &&
		   status->n_voters < n) {
		doctor_found(verdict, DOCTOR_WARN,
			     "start lunmaskd on the others; lunmask journal voters lists who votes",
			     "%zu of %zu nodes vote in the journal", status->n_voters, n);
	}
}

static void fencing_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	const struct cluster_option_setting *setting = &facts->settings.fencing_enabled;

	if (cluster_option_is_off(setting)) {
		doctor_found_mend(
			verdict, DOCTOR_FAIL,
			g_strdup_printf("crm_attribute --name %s --update true", setting->name),
			"fencing is off: %s=%s", setting->name, setting->value);
	}
}

static void devices_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	for (size_t i = 0; i < facts->devices.n; i++) {
		if (facts->devices.count[i] < 1) {
			doctor_found(verdict, DOCTOR_FAIL, NULL, "no fence device can fence %s",
				     facts->devices.node[i]);
		}
	}
	if (facts->devices.n == 0) {
		doctor_found(verdict, DOCTOR_UNKNOWN, "",
			     "the cluster's configuration lists no nodes");
	}
}

const struct doctor_check doctor_checks_cluster[] = {
	{.name = "hosts",
	 .looks_at = "lunmask.conf: has each node of the cluster its [host NODE]",
	 .needs = {DOCTOR_ANSWERS(config), DOCTOR_ANSWERS(settings)},
	 .why = "VMs cannot run there, and it cannot be fenced by mask.",
	 .mend = "add [host NODE] and its initiator to " CONFIG_FILE " on every node; NODE is the "
		 "name that Pacemaker uses",
	 .judge = hosts_judge},
	{.name = "corosync",
	 .looks_at = "corosync: does it run, is its traffic encrypted, do all nodes have names",
	 .needs = {DOCTOR_ASKED(corosync)},
	 .why = "lunmaskd talks to the other nodes through corosync, and does not start if others "
		"could write there.",
	 .mend = "crypto_cipher: aes256 and crypto_hash: sha256 in totem of corosync.conf; "
		 "corosync-keygen (lunmaskd(8))",
	 .judge = corosync_judge},
	{.name = "two-node",
	 .looks_at = "corosync.conf of a cluster of two nodes",
	 .needs = {DOCTOR_ANSWERS(corosync)},
	 .why = "If one node is lost, the other has no quorum and starts no VM.",
	 .mend = "two_node: 1 in quorum of corosync.conf, on both nodes; corosync-cfgtool -R",
	 .judge = two_node_judge},
	{.name = "pacemaker",
	 .looks_at = "Pacemaker: does it run",
	 .needs = {DOCTOR_ASKED(pacemaker)},
	 .why = "Nothing starts, stops or moves VMs on this node.",
	 .mend = "systemctl start pacemaker; crm_mon -1",
	 .judge = pacemaker_judge},
	{.name = "quorum",
	 .looks_at = "Pacemaker: has this node quorum",
	 .needs = {DOCTOR_ANSWERS(pacemaker)},
	 .why = "Without quorum, no VM is started or migrated.",
	 .mend = "start the other nodes; corosync-quorumtool -s",
	 .judge = quorum_judge},
	{.name = "journal",
	 .looks_at = "the journal: can records be committed, do all nodes vote",
	 .needs = {DOCTOR_ANSWERS(journal), DOCTOR_ANSWERS(corosync)},
	 .why = "Without a majority of the journal, no VM is started or migrated.",
	 .mend = "start lunmaskd on the other nodes; lunmask journal status",
	 .judge = journal_judge},
	{.name = "pacemaker-version",
	 .looks_at = "the version of Pacemaker",
	 .needs = {DOCTOR_ANSWERS(settings)},
	 .cluster = true,
	 .why = "A node that returns would have its healthy VMs restarted, or agents fail.",
	 .mend = "upgrade Pacemaker to 2.1.3 or later on every node",
	 .judge = version_judge},
	{.name = "fencing",
	 .looks_at = "the cluster's options: is fencing enabled",
	 .needs = {DOCTOR_ANSWERS(settings)},
	 .cluster = true,
	 .why = "A lost host's VMs are not started elsewhere: nobody knows that it has stopped "
		"writing.",
	 .judge = fencing_judge},
	{.name = "fence-devices",
	 .looks_at = "Pacemaker's fencer: has it a device for each node",
	 .needs = {DOCTOR_ANSWERS(devices)},
	 .cluster = true,
	 .why = "If that node is lost, its VMs stay down until it is back.",
	 .mend = "pcs stonith create san fence_lunmask; or: crm configure primitive san "
		 "stonith:fence_lunmask meta provides=unfencing",
	 .judge = devices_judge},
	{0},
};
