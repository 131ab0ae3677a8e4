/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "doctor/check/doctor_check.h"

/* A good cluster of three nodes, looked at on node1. Each test spoils it anew. */
#define NODES 3
static const char conf[] = "[array san1]\ndriver = lunmask-array-tgt\ntransport = "
			   "ssh://root@192.0.2.100\nportals = 192.0.2.100:3260 192.0.2.101:3260\n"
			   "[host node1]\ninitiator = iqn.2026-11.org.example:node1\n"
			   "[host node2]\ninitiator = iqn.2026-11.org.example:node2\n"
			   "[host node3]\ninitiator = iqn.2026-11.org.example:node3\n";
static const char cib[] =
	"<configuration><crm_config><cluster_property_set id='a'>"
	"<nvpair id='b' name='dc-version' value='2.1.5-a3f44794f94'/></cluster_property_set>"
	"</crm_config><nodes><node id='1' uname='node1'/><node id='2' uname='node2'/>"
	"<node id='3' uname='node3'/></nodes><resources>"
	"<primitive id='web1' class='ocf' provider='lunmask' type='VirtualMachine'>"
	"<meta_attributes id='m'><nvpair id='m1' name='allow-migrate' value='true'/>"
	"<nvpair id='m2' name='multiple-active' value='stop_unexpected'/>"
	"<nvpair id='m3' name='requires' value='fencing'/></meta_attributes><operations>"
	"<op id='o1' name='start' timeout='120s'/><op id='o2' name='stop' timeout='120s'/>"
	"<op id='o3' name='monitor' interval='10s' timeout='30s'/>"
	"<op id='o4' name='monitor' interval='60s' timeout='60s'><instance_attributes id='l'>"
	"<nvpair id='l1' name='OCF_CHECK_LEVEL' value='20'/></instance_attributes></op>"
	"<op id='o5' name='migrate_to' timeout='180s'/><op id='o6' name='migrate_from' "
	"timeout='60s'/></operations></primitive></resources></configuration>";

struct good {
	struct doctor_facts facts;
	struct config *config;
	struct doctor_array array;
	struct doctor_vm_luns vm;
	struct cluster_vm cluster_vm;
	struct doctor_peer peers[NODES - 1];
	struct doctor_report report;
};

static void node_fill(struct doctor_facts *facts)
{
	(void)strcpy(facts->node, "node1");
	(void)strcpy(facts->version, "0.1.0");
	(void)strcpy(facts->config.digest, "d1");
	facts->initiator.exists = true;
	(void)strcpy(facts->initiator.name, "iqn.2026-11.org.example:node1");
	facts->key.exists = true;
	facts->key.mode = 0600;
	(void)strcpy(facts->key.id.text, "0123456789abcdef");
	for (size_t i = 0; i < DOCTOR_PROGRAMS; i++) {
		facts->programs.of[i].running = true;
		facts->units.enabled[i] = true;
	}
	facts->units.guests = facts->units.guests_ordered = true;
	facts->libvirt.versions = (struct hypervisor_versions){9000000, 7002000};
	facts->state_tools.libiscsi = true;
	facts->state_tools.storage_daemon = true;
}

static void cluster_fill(struct doctor_facts *facts)
{
	char key[64], value[8];

	for (int i = 0; i < NODES; i++) {
		(void)snprintf(key, sizeof(key), "nodelist.node.%d.nodeid", i);
		(void)snprintf(value, sizeof(value), "%d", i + 1);
		assert_true(cluster_config_set(&facts->corosync.config, key, value));
		(void)snprintf(key, sizeof(key), "nodelist.node.%d.name", i);
		(void)snprintf(value, sizeof(value), "node%d", i + 1);
		assert_true(cluster_config_set(&facts->corosync.config, key, value));
		facts->devices.count[i] = 1;
	}
	(void)cluster_config_set(&facts->corosync.config, "totem.crypto_cipher", "aes256");
	(void)cluster_config_set(&facts->corosync.config, "totem.crypto_hash", "sha256");
	facts->devices.node[0] = "node1";
	facts->devices.node[1] = "node2";
	facts->devices.node[2] = "node3";
	facts->devices.n = NODES;
	facts->pacemaker.quorum = true;
	facts->journal.status.active = facts->journal.status.gate = true;
	facts->journal.status.n_voters = NODES;
}

static void parts_set(struct doctor_facts *facts, enum doctor_seen seen)
{
	struct doctor_part *const parts[] = {
		&facts->config.part,   &facts->initiator.part,   &facts->key.part,
		&facts->programs.part, &facts->units.part,       &facts->shutdown.part,
		&facts->journal.part,  &facts->corosync.part,    &facts->pacemaker.part,
		&facts->settings.part, &facts->devices.part,     &facts->libvirt.part,
		&facts->arrays.part,   &facts->state_tools.part, &facts->luns.part,
		&facts->peers.part,
	};

	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		parts[i]->seen = seen;
	}
}

static void lists_fill(struct good *good)
{
	struct doctor_facts *facts = &good->facts;

	good->array = (struct doctor_array){
		.name = "san1",
		.transport = "ssh://root@192.0.2.100",
		.has = {.known = true,
			.revoke_cuts_nexus = true,
			.nexus_list = true,
			.fence = true,
			.requester = true,
			.hosts = true},
	};
	good->cluster_vm = (struct cluster_vm){.timeouts_ms = {120000, 120000, 180000, 60000}};
	good->vm = (struct doctor_vm_luns){.resource = "web1",
					   .array = "san1",
					   .vm = &good->cluster_vm,
					   .memory_bytes = 256ULL << 20};
	for (size_t i = 0; i < NODES - 1; i++) {
		struct doctor_peer *peer = &good->peers[i];

		*peer = (struct doctor_peer){.node = i == 0 ? "node2" : "node3",
					     .address = i == 0 ? "192.0.2.2" : "192.0.2.3",
					     .asked_ms = 1000,
					     .began_ms = 1200,
					     .ended_ms = 1800,
					     .answered_ms = 2000};
		(void)strcpy(peer->version, facts->version);
		(void)strcpy(peer->config, facts->config.digest);
		(void)strcpy(peer->key, facts->key.id.text);
	}
	facts->arrays.of = &good->array;
	facts->arrays.n = 1;
	facts->luns.of = &good->vm;
	facts->luns.n = 1;
	facts->peers.of = good->peers;
	facts->peers.n = NODES - 1;
}

static void cib_set(struct good *good, const char *xml)
{
	doctor_cib_release(&good->facts.settings.cib);
	assert_int_equal(doctor_cib_parse(xml, strlen(xml), &good->facts.settings.cib, NULL), 0);
}

static struct good *good_make(void)
{
	struct good *good = g_new0(struct good, 1);
	struct err err = ERR_INIT;

	if (config_parse(conf, strlen(conf), "lunmask.conf", &good->config, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	good->facts.config.config = good->config;
	node_fill(&good->facts);
	cluster_fill(&good->facts);
	lists_fill(good);
	cib_set(good, cib);
	parts_set(&good->facts, DOCTOR_SEEN);
	return good;
}

static void good_free(struct good *good)
{
	doctor_report_release(&good->report);
	doctor_cib_release(&good->facts.settings.cib);
	config_free(good->config);
	g_free(good);
}

/* Replaces a text of the cluster's configuration by another. */
static void cib_spoil(struct good *good, const char *was, const char *is)
{
	g_autoptr(GString) text = g_string_new(cib);

	assert_true(g_string_replace(text, was, is, 0) > 0);
	cib_set(good, text->str);
}

static void refuse(struct doctor_part *part, int rc, const char *text)
{
	part->seen = DOCTOR_REFUSED;
	part->rc = err_set(&part->err, rc, "%s", text);
}

static void answer_bad(struct doctor_answer *answer, int rc, const char *text)
{
	answer->rc = err_set(&answer->err, rc, "%s", text);
}

/* The faults. */

static void no_config(struct good *good)
{
	refuse(&good->facts.config.part, -EINVAL, "/etc/lunmask/lunmask.conf: line 3: no key 'x'");
	good->facts.config.config = NULL;
}
static void config_writable(struct good *good)
{
	refuse(&good->facts.config.part, -EACCES, "/etc/lunmask/lunmask.conf: mode 0666");
	good->facts.config.config = NULL;
}
static void host_missing(struct good *good)
{
	cib_spoil(good, "uname='node3'", "uname='node4'");
}
static void initiator_other(struct good *good)
{
	(void)strcpy(good->facts.initiator.name, "iqn.1993-08.org.debian:01:abc");
}
static void key_missing(struct good *good)
{
	good->facts.key.exists = false;
}
static void key_readable(struct good *good)
{
	good->facts.key.mode = 0644;
}
static void key_owner(struct good *good)
{
	good->facts.key.uid = 1000;
}
static void key_empty(struct good *good)
{
	good->facts.key.id.text[0] = '\0';
}
static void lunmaskd_down(struct good *good)
{
	good->facts.programs.of[DOCTOR_LUNMASKD].running = false;
	refuse(&good->facts.journal.part, -ENOTCONN, "lunmaskd does not run");
}
static void lunmaskd_silent(struct good *good)
{
	refuse(&good->facts.journal.part, -ETIMEDOUT, "no answer in time");
}
static void cutoff_down(struct good *good)
{
	good->facts.programs.of[DOCTOR_CUTOFF].running = false;
}
static void tidy_down(struct good *good)
{
	good->facts.programs.of[DOCTOR_TIDY].running = false;
}
static void program_old(struct good *good)
{
	good->facts.programs.of[DOCTOR_TIDY].replaced = true;
}
static void unit_disabled(struct good *good)
{
	good->facts.units.enabled[DOCTOR_CUTOFF] = false;
}
static void guests_first(struct good *good)
{
	good->facts.units.guests_ordered = false;
}
static void auto_shutdown(struct good *good)
{
	(void)strcpy(good->facts.shutdown.key, "auto_shutdown_try_save");
	(void)strcpy(good->facts.shutdown.value, "persistent");
}
static void corosync_down(struct good *good)
{
	refuse(&good->facts.corosync.part, -ENOTCONN, "corosync hangs");
}
static void corosync_plain(struct good *good)
{
	(void)strcpy(good->facts.corosync.config.cipher, "none");
}
static void corosync_nameless(struct good *good)
{
	(void)cluster_config_set(&good->facts.corosync.config, "nodelist.node.1.name", NULL);
}
static void corosync_plain_allowed(struct good *good)
{
	corosync_plain(good);
	good->facts.corosync.unencrypted_allowed = true;
}
static void two_nodes(struct good *good)
{
	(void)cluster_config_set(&good->facts.corosync.config, "nodelist.node.2.nodeid", NULL);
	good->facts.journal.status.n_voters = 2;
}
static void pacemaker_down(struct good *good)
{
	refuse(&good->facts.pacemaker.part, -ENOTCONN, "pacemaker-controld does not answer");
}
static void quorum_lost(struct good *good)
{
	good->facts.pacemaker.quorum = false;
}
static void journal_inactive(struct good *good)
{
	good->facts.journal.status.active = false;
}
static void journal_shut(struct good *good)
{
	good->facts.journal.status.gate = false;
}
static void journal_voters(struct good *good)
{
	good->facts.journal.status.n_voters = 2;
}
static void pacemaker_old(struct good *good)
{
	cib_spoil(good, "2.1.5-a", "2.0.5-a");
}
static void pacemaker_212(struct good *good)
{
	cib_spoil(good, "2.1.5-a", "2.1.2-a");
}
static void fencing_off(struct good *good)
{
	good->facts.settings.fencing_enabled =
		(struct cluster_option_setting){true, "stonith-enabled", "false"};
}
static void device_missing(struct good *good)
{
	good->facts.devices.count[2] = 0;
}
static void libvirt_down(struct good *good)
{
	refuse(&good->facts.libvirt.part, -ECONNREFUSED, "cannot connect");
}
static void libvirt_old(struct good *good)
{
	good->facts.libvirt.versions.libvirt = 6010000;
}
static void qemu_missing(struct good *good)
{
	good->facts.libvirt.versions.qemu = 0;
}
static void libiscsi_missing(struct good *good)
{
	good->facts.state_tools.libiscsi = false;
}
static void redirect_missing(struct good *good)
{
	good->facts.state_tools.redirect[0] = -ECONNREFUSED;
}
/* Other arrays in lunmask.conf; the hosts are the same. */
static void arrays_set(struct good *good, const char *arrays)
{
	g_autofree char *text = g_strconcat(arrays, strstr(conf, "[host"), NULL);

	config_free(good->config);
	assert_int_equal(config_parse(text, strlen(text), "x", &good->config, NULL), 0);
	good->facts.config.config = good->config;
}
/* Two names that give one address. */
static void redirect_twins(struct good *good)
{
	static const char twins[] =
		"[array hdd-south10]\ndriver = x\ntransport = exec\n"
		"portals = 192.0.2.1:3260 192.0.2.2:3260\n"
		"[array test-test6]\ndriver = x\ntransport = exec\nportals = 192.0.2.3:3260\n";

	arrays_set(good, twins);
}
/* The unit of an earlier version listens for the only array. */
static void redirect_old(struct good *good)
{
	static const char two[] =
		"[array san0]\ndriver = x\ntransport = exec\nportals = 192.0.2.1:3260\n"
		"[array san1]\ndriver = x\ntransport = exec\n"
		"portals = 192.0.2.2:3260 192.0.2.3:3260\n";

	arrays_set(good, two);
	good->facts.state_tools.redirect[0] = -ECONNREFUSED;
	good->facts.state_tools.redirect[1] = -ECONNREFUSED;
}
static void storage_daemon_missing(struct good *good)
{
	good->facts.state_tools.storage_daemon = false;
}
static void fuse_missing(struct good *good)
{
	good->facts.state_tools.fuse = -ENOENT;
}
static void selinux_refuses(struct good *good)
{
	good->facts.state_tools.selinux_enforcing = true;
}
static void array_host_key(struct good *good)
{
	answer_bad(&good->array.info, -EACCES, "Host key verification failed.");
}
static void array_silent(struct good *good)
{
	answer_bad(&good->array.info, -EHOSTUNREACH, "no route to host");
}
static void array_user(struct good *good)
{
	answer_bad(&good->array.read, -EIO, "luns.json: Permission denied");
}
static void array_old(struct good *good)
{
	good->array.has.fence = false;
}
static void array_accounts_differ(struct good *good)
{
	(void)strcpy(good->array.accounts.problem, "they differ");
}
static void array_accounts_unread(struct good *good)
{
	good->array.accounts_read.rc = -EIO;
	(void)err_set(&good->array.accounts_read.err, -EIO, "no answer");
}
static void array_fenced_us(struct good *good)
{
	good->array.fenced = true;
}
static void vm_unclear(struct good *good)
{
	answer_bad(&good->vm.parameters, -ENOENT, "no [array san9]");
}
static void lun_missing(struct good *good)
{
	answer_bad(&good->vm.luns, -ENXIO, "no LUN 'web1-root'");
}
static void vm_requires(struct good *good)
{
	cib_spoil(good, "value='fencing'", "value='quorum'");
}
static void vm_active(struct good *good)
{
	cib_spoil(good, "name='multiple-active'", "name='x'");
}
static void vm_migrates_not(struct good *good)
{
	cib_spoil(good, "value='true'", "value='no'");
}
static void vm_timeout(struct good *good)
{
	cib_spoil(good, "timeout='180s'", "timeout='60s'");
}
static void vm_timeout_default(struct good *good)
{
	cib_spoil(good, "<op id='o2' name='stop' timeout='120s'/>", "");
}
static void vm_level20(struct good *good)
{
	cib_spoil(good, "interval='60s' timeout='60s'", "interval='60s' timeout='30s'");
}
static void vm_unwatched(struct good *good)
{
	cib_spoil(good, "name='monitor'", "name='x'");
}
static void vm_large(struct good *good)
{
	good->vm.memory_bytes = 64ULL << 30;
}
static void vm_default_short(struct good *good)
{
	good->vm.memory_bytes = 4ULL << 30;
	good->cluster_vm.timeouts_ms[CLUSTER_OP_STOP] = -1;
}
static void vm_ignores(struct good *good)
{
	cib_spoil(good, "timeout='180s'", "timeout='180s' on-fail='ignore'");
}
static void peer_host_key(struct good *good)
{
	answer_bad(&good->peers[0].answer, -EACCES, "Host key verification failed.");
}
static void peer_config(struct good *good)
{
	(void)strcpy(good->peers[1].config, "d2");
}
static void peer_key(struct good *good)
{
	good->peers[0].key[0] = 'f';
}
static void peer_version(struct good *good)
{
	(void)strcpy(good->peers[0].version, "0.0.9");
}
static void peer_ahead(struct good *good)
{
	good->peers[0].ended_ms = 2000 + 6000;
}
static void peer_behind(struct good *good)
{
	good->peers[1].began_ms = 1000 - 31000;
}

/* Each is found by this check, at this level, in these words; and by no other check. */
static const struct fault {
	void (*plant)(struct good *good);
	const char *check;
	enum doctor_level level;
	const char *what;
} faults[] = {
	{no_config, "config", DOCTOR_FAIL, "line 3"},
	{config_writable, "config", DOCTOR_FAIL, "mode 0666"},
	{host_missing, "hosts", DOCTOR_FAIL, "[host node4]"},
	{initiator_other, "initiator-name", DOCTOR_WARN, "org.debian:01:abc"},
	{key_missing, "journal-key", DOCTOR_FAIL, "does not exist"},
	{key_readable, "journal-key", DOCTOR_FAIL, "0644"},
	{key_owner, "journal-key", DOCTOR_FAIL, "uid 1000"},
	{key_empty, "journal-key", DOCTOR_FAIL, "is not a key"},
	{lunmaskd_down, "lunmaskd", DOCTOR_FAIL, "does not run"},
	{lunmaskd_silent, "lunmaskd", DOCTOR_FAIL, "does not answer: no answer in time"},
	{cutoff_down, "lunmask-cutoff", DOCTOR_FAIL, "does not run"},
	{tidy_down, "lunmask-tidy", DOCTOR_WARN, "does not run"},
	{program_old, "programs", DOCTOR_WARN, "lunmask-tidy runs from a file"},
	{unit_disabled, "units", DOCTOR_WARN, "lunmask-cutoff.service is not enabled"},
	{guests_first, "libvirt-guests", DOCTOR_FAIL, "libvirt-guests.service"},
	{auto_shutdown, "auto-shutdown", DOCTOR_FAIL, "auto_shutdown_try_save = persistent"},
	{corosync_down, "corosync", DOCTOR_FAIL, "corosync hangs"},
	{corosync_plain, "corosync", DOCTOR_FAIL, "not protected"},
	{corosync_nameless, "corosync", DOCTOR_WARN, "no name for node 2"},
	{corosync_plain_allowed, "corosync", DOCTOR_WARN, "not protected"},
	{two_nodes, "two-node", DOCTOR_FAIL, "two_node: 1"},
	{pacemaker_down, "pacemaker", DOCTOR_FAIL, "pacemaker-controld"},
	{quorum_lost, "quorum", DOCTOR_FAIL, "no majority"},
	{journal_inactive, "journal", DOCTOR_FAIL, "no majority"},
	{journal_shut, "journal", DOCTOR_FAIL, "gate is shut"},
	{journal_voters, "journal", DOCTOR_WARN, "2 of 3 nodes vote"},
	{pacemaker_old, "pacemaker-version", DOCTOR_FAIL, "2.0.5"},
	{pacemaker_212, "pacemaker-version", DOCTOR_WARN, "2.1.2"},
	{fencing_off, "fencing", DOCTOR_FAIL, "stonith-enabled=false"},
	{device_missing, "fence-devices", DOCTOR_FAIL, "node3"},
	{libvirt_down, "libvirt", DOCTOR_FAIL, "cannot connect"},
	{libvirt_old, "libvirt-version", DOCTOR_FAIL, "6.10.0"},
	{qemu_missing, "libvirt-version", DOCTOR_FAIL, "no QEMU"},
	{libiscsi_missing, "libiscsi", DOCTOR_WARN, "without libiscsi"},
	{redirect_missing, "redirect", DOCTOR_WARN, "127.14.172.34:860, for array san1"},
	{redirect_twins, "redirect", DOCTOR_WARN, "hdd-south10, test-test6"},
	{redirect_old, "redirect", DOCTOR_WARN, "does not listen on 127.14.172.34:860"},
	{storage_daemon_missing, "state-lun", DOCTOR_FAIL, "qemu-storage-daemon"},
	{fuse_missing, "state-lun", DOCTOR_FAIL, "/dev/fuse"},
	{selinux_refuses, "selinux", DOCTOR_FAIL, "virt_use_fusefs is off"},
	{array_host_key, "array", DOCTOR_FAIL, "san1 does not answer: Host key"},
	{array_silent, "array", DOCTOR_FAIL, "no route"},
	{array_user, "array-user", DOCTOR_FAIL, "Permission denied"},
	{array_old, "array-driver", DOCTOR_WARN, "lacks fence"},
	{array_accounts_differ, "array-accounts", DOCTOR_FAIL, "san1: they differ"},
	{array_accounts_unread, "array-accounts", DOCTOR_FAIL, "san1: no answer"},
	{array_fenced_us, "fenced", DOCTOR_FAIL, "has this host fenced"},
	{vm_unclear, "vm-parameters", DOCTOR_FAIL, "no [array san9]"},
	{lun_missing, "vm-luns", DOCTOR_FAIL, "web1-root"},
	{vm_requires, "vm-meta", DOCTOR_WARN, "web1 has requires=quorum"},
	{vm_active, "vm-meta", DOCTOR_WARN, "web1 has no multiple-active"},
	{vm_migrates_not, "vm-meta", DOCTOR_WARN, "web1 has allow-migrate=no"},
	{vm_timeout, "vm-timeouts", DOCTOR_WARN, "op migrate_to has timeout=60s"},
	{vm_timeout_default, "vm-timeouts", DOCTOR_WARN, "op stop has timeout=20s"},
	{vm_level20, "vm-timeouts", DOCTOR_WARN, "op monitor of level 20 has timeout=30s"},
	{vm_unwatched, "vm-monitor", DOCTOR_WARN, "web1 has no op monitor"},
	{vm_large, "vm-memory", DOCTOR_WARN, "web1: set \"op migrate_to timeout="},
	{vm_default_short, "vm-memory", DOCTOR_WARN, "timeout=20s is too short"},
	{vm_ignores, "vm-on-fail", DOCTOR_FAIL, "on-fail=ignore"},
	{peer_host_key, "ssh", DOCTOR_FAIL, "node2 cannot be asked: Host key"},
	{peer_config, "same-config", DOCTOR_FAIL, "of node3"},
	{peer_key, "same-key", DOCTOR_FAIL, "of node2"},
	{peer_version, "same-version", DOCTOR_WARN, "node2 has lunmask 0.0.9"},
	{peer_ahead, "clock", DOCTOR_WARN, "node2 is 6 s ahead"},
	{peer_behind, "clock", DOCTOR_FAIL, "node3 is 31 s behind"},
};

static void doctor_judge__finds_nothing_on_a_good_cluster(void **state)
{
	struct good *good = good_make();

	(void)state;
	doctor_judge(&good->facts, DOCTOR_ALL, &good->report);
	for (size_t i = 0; i < good->report.n; i++) {
		const struct doctor_row *row = &good->report.rows[i];

		if (row->level != DOCTOR_PASS) {
			fail_msg("%s: %s", row->check, row->what);
		}
	}
	assert_true(good->report.n > 30);
	good_free(good);
}

static void fault_check(const struct fault *fault, struct good *good)
{
	bool found = false;

	for (size_t i = 0; i < good->report.n; i++) {
		const struct doctor_row *row = &good->report.rows[i];

		if (row->level == DOCTOR_PASS || row->level == DOCTOR_UNKNOWN) {
			continue;
		}
		if (strcmp(row->check, fault->check) != 0) {
			fail_msg("%s: %s also says: %s", fault->check, row->check, row->what);
		}
		if (row->level == fault->level && strstr(row->what, fault->what) != NULL) {
			assert_non_null(row->why);
			assert_non_null(row->mend);
			assert_true(row->mend[0] != '\0');
			found = true;
		}
	}
	if (!found) {
		fail_msg("%s does not say '%s'", fault->check, fault->what);
	}
}

static void doctor_judge__finds_each_planted_fault(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
		struct good *good = good_make();

		faults[i].plant(good);
		doctor_judge(&good->facts, DOCTOR_ALL, &good->report);
		fault_check(&faults[i], good);
		good_free(good);
	}
}

/* Whatever could not be looked at does not pass. */
static void doctor_judge__passes_nothing_unseen(void **state)
{
	struct good *good = good_make();

	(void)state;
	parts_set(&good->facts, DOCTOR_UNSEEN);
	doctor_judge(&good->facts, DOCTOR_ALL, &good->report);
	assert_int_equal(good->report.counts[DOCTOR_UNKNOWN], good->report.n);
	assert_non_null(strstr(good->report.rows[0].what, "not looked at"));
	good_free(good);
}

/* One part after the other is not seen: no check that needs it may pass. */
static void doctor_judge__passes_nothing_that_needs_an_unseen_part(void **state)
{
	static const struct {
		size_t at;
		const char *check;
	} rows[] = {
		{offsetof(struct doctor_facts, config.part), "hosts"},
		{offsetof(struct doctor_facts, config.part), "same-config"},
		{offsetof(struct doctor_facts, corosync.part), "two-node"},
		{offsetof(struct doctor_facts, corosync.part), "journal"},
		{offsetof(struct doctor_facts, journal.part), "journal"},
		{offsetof(struct doctor_facts, pacemaker.part), "quorum"},
		{offsetof(struct doctor_facts, libvirt.part), "libvirt-version"},
		{offsetof(struct doctor_facts, key.part), "same-key"},
		{offsetof(struct doctor_facts, arrays.part), "fenced"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct good *good = good_make();
		bool told = false;

		/* Refused is not enough for these either. */
		refuse((struct doctor_part *)(void *)((char *)&good->facts + rows[i].at), -EIO,
		       "x");
		doctor_judge(&good->facts, DOCTOR_ALL, &good->report);
		for (size_t j = 0; j < good->report.n; j++) {
			const struct doctor_row *row = &good->report.rows[j];

			told = told || (strcmp(row->check, rows[i].check) == 0 &&
					row->level == DOCTOR_UNKNOWN);
		}
		if (!told) {
			fail_msg("%s passes", rows[i].check);
		}
		good_free(good);
	}
}

/* A node that cannot be asked, or an array: what is not known of it is said. */
static void doctor_judge__says_what_is_not_known_of_a_peer_or_an_array(void **state)
{
	struct good *good = good_make();

	(void)state;
	answer_bad(&good->peers[0].answer, -EHOSTUNREACH, "no route to host");
	array_silent(good);
	answer_bad(&good->vm.luns, -EHOSTUNREACH, "no route to host");
	doctor_judge(&good->facts, DOCTOR_ALL, &good->report);
	/* ssh, same-config, same-key, same-version, clock; array-user, fenced; vm-luns */
	assert_int_equal(good->report.counts[DOCTOR_UNKNOWN], 8);
	assert_int_equal(good->report.counts[DOCTOR_FAIL], 1);
	good_free(good);
}

static void doctor_judge__local_speaks_of_this_node_only(void **state)
{
	struct good *good = good_make();

	(void)state;
	doctor_judge(&good->facts, DOCTOR_LOCAL, &good->report);
	for (size_t i = 0; i < good->report.n; i++) {
		assert_string_equal(good->report.rows[i].node, "node1");
	}
	good_free(good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doctor_judge__finds_nothing_on_a_good_cluster),
		cmocka_unit_test(doctor_judge__finds_each_planted_fault),
		cmocka_unit_test(doctor_judge__passes_nothing_unseen),
		cmocka_unit_test(doctor_judge__passes_nothing_that_needs_an_unseen_part),
		cmocka_unit_test(doctor_judge__says_what_is_not_known_of_a_peer_or_an_array),
		cmocka_unit_test(doctor_judge__local_speaks_of_this_node_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
