/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks of this node's own files and daemons. */
#include <glib.h>
#include <string.h>

#include "doctor/check/doctor_check.h"

const char *const doctor_program_names[DOCTOR_PROGRAMS] = {
	[DOCTOR_LUNMASKD] = "lunmaskd",
	[DOCTOR_CUTOFF] = "lunmask-cutoff",
	[DOCTOR_TIDY] = "lunmask-tidy",
};

#define CONFIG_MAKE                                                                                \
	"cp /etc/lunmask/lunmask.conf.example " CONFIG_FILE ", and edit it (lunmask.conf(5))"
#define CONFIG_GUARD "chown root:root " CONFIG_FILE "; chmod 0644 " CONFIG_FILE " (or a key: 0600)"

static void config_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	const struct doctor_config *config = &facts->config;

	if (config->part.seen == DOCTOR_REFUSED) {
		const char *mend = config->part.rc == -ENOENT   ? CONFIG_MAKE
				   : config->part.rc == -EACCES ? CONFIG_GUARD
								: NULL;

		doctor_found(verdict, DOCTOR_FAIL, mend, "%s", err_text(&config->part.err));
	}
}

static void initiator_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	const struct doctor_initiator *initiator = &facts->initiator;
	const struct config_host *host;

	/* No [host]: hosts says so. */
	if (initiator->exists &&
	    config_host_get(facts->config.config, facts->node, &host, NULL) == 0 &&
	    g_ascii_strcasecmp(host->initiator, initiator->name) != 0) {
		doctor_found(verdict, DOCTOR_WARN, NULL,
			     "lunmask.conf says initiator %s, /etc/iscsi/initiatorname.iscsi says "
			     "%s",
			     host->initiator, initiator->name);
	}
}

static void key_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	const struct doctor_key *key = &facts->key;

	if (!key->exists) {
		doctor_found(
			verdict, DOCTOR_FAIL,
			"lunmask journal keygen, on one node; then copy the file to the others",
			CLUSTER_KEY_FILE " does not exist");
		return;
	}
	if (key->uid != 0) {
		doctor_found(verdict, DOCTOR_FAIL, "chown root:root " CLUSTER_KEY_FILE,
			     CLUSTER_KEY_FILE " belongs to uid %u, not to root", key->uid);
	}
	if ((key->mode & 077) != 0) {
		doctor_found(verdict, DOCTOR_FAIL, "chmod 0600 " CLUSTER_KEY_FILE,
			     CLUSTER_KEY_FILE " has mode %04o, which lets others use it",
			     key->mode);
	}
	if (key->id.text[0] == '\0') {
		doctor_found(verdict, DOCTOR_FAIL,
			     "mv " CLUSTER_KEY_FILE " " CLUSTER_KEY_FILE ".old; lunmask journal "
			     "keygen; then copy the file to the others",
			     CLUSTER_KEY_FILE " is not a key");
	}
}

static void lunmaskd_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	if (!facts->programs.of[DOCTOR_LUNMASKD].running) {
		doctor_found(verdict, DOCTOR_FAIL, NULL, "lunmaskd does not run");
	} else if (facts->journal.part.seen == DOCTOR_REFUSED) {
		doctor_found(verdict, DOCTOR_FAIL, "systemctl restart lunmaskd",
			     "lunmaskd runs and does not answer: %s",
			     err_text(&facts->journal.part.err));
	}
}

static void runs_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict,
		       enum doctor_program program, enum doctor_level level)
{
	if (!facts->programs.of[program].running) {
		doctor_found(verdict, level, NULL, "%s does not run",
			     doctor_program_names[program]);
	}
}

static void cutoff_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	runs_judge(facts, verdict, DOCTOR_CUTOFF, DOCTOR_FAIL);
}

static void tidy_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	runs_judge(facts, verdict, DOCTOR_TIDY, DOCTOR_WARN);
}

static void replaced_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	size_t running = 0;

	for (size_t i = 0; i < DOCTOR_PROGRAMS; i++) {
		running += facts->programs.of[i].running ? 1 : 0;
		if (facts->programs.of[i].running && facts->programs.of[i].replaced) {
			doctor_found_mend(
				verdict, DOCTOR_WARN,
				g_strdup_printf("systemctl restart %s", doctor_program_names[i]),
				"%s runs from a file that was replaced since",
				doctor_program_names[i]);
		}
	}
	if (running == 0) {
		doctor_found(verdict, DOCTOR_UNKNOWN, "", "no daemon of lunmask runs");
	}
}

static void units_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	for (size_t i = 0; i < DOCTOR_PROGRAMS; i++) {
		if (!facts->units.enabled[i]) {
			doctor_found_mend(
				verdict, DOCTOR_WARN,
				g_strdup_printf("systemctl enable %s", doctor_program_names[i]),
				"%s.service is not enabled", doctor_program_names[i]);
		}
	}
}

static void guests_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	if (facts->units.guests && !facts->units.guests_ordered) {
		doctor_found(verdict, DOCTOR_FAIL, NULL,
			     "libvirt-guests.service is on, and pacemaker.service is not ordered "
			     "after it");
	}
}

static void shutdown_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	const struct doctor_shutdown *shutdown = &facts->shutdown;

	if (shutdown->key[0] != '\0') {
		doctor_found_mend(verdict, DOCTOR_FAIL,
				  g_strdup_printf("set %s = \"none\" in /etc/libvirt/qemu.conf; "
						  "systemctl restart libvirtd (or virtqemud)",
						  shutdown->key),
				  "/etc/libvirt/qemu.conf has %s = %s", shutdown->key,
				  shutdown->value);
	}
}

const struct doctor_check doctor_checks_node[] = {
	{.name = "config",
	 .looks_at = "lunmask.conf: its owner, its mode, its text, its keys' modes",
	 .needs = {DOCTOR_ASKED(config)},
	 .why = "No action of a VM, and no fencing by mask, works without it.",
	 .mend = "edit " CONFIG_FILE ", as lunmask.conf(5) says",
	 .judge = config_judge},
	{.name = "initiator-name",
	 .looks_at = "/etc/iscsi/initiatorname.iscsi, if there is one",
	 .needs = {DOCTOR_ANSWERS(config), DOCTOR_ANSWERS(initiator)},
	 .why = "What the array grants to this host under the other name is not cut off when the "
		"host is fenced.",
	 .mend = "give both files the same name, as the array knows this host",
	 .judge = initiator_judge},
	{.name = "journal-key",
	 .looks_at = CLUSTER_KEY_FILE,
	 .needs = {DOCTOR_ANSWERS(key)},
	 .why = "lunmaskd does not start without it, and then no VM starts or migrates.",
	 .mend = "lunmask journal keygen",
	 .judge = key_judge},
	{.name = "lunmaskd",
	 .looks_at = "lunmaskd: does it run and answer",
	 .needs = {DOCTOR_ANSWERS(programs), DOCTOR_ASKED(journal)},
	 .why = "Without it, no VM starts or migrates on this node.",
	 .mend = "systemctl enable --now lunmaskd; if it ends: journalctl -u lunmaskd",
	 .judge = lunmaskd_judge},
	{.name = "lunmask-cutoff",
	 .looks_at = "lunmask-cutoff: does it run",
	 .needs = {DOCTOR_ANSWERS(programs)},
	 .why = "If this host hangs and is fenced by mask meanwhile, nothing ends its old VMs, and "
		"it "
		"stays cut off.",
	 .mend = "systemctl enable --now lunmask-cutoff",
	 .judge = cutoff_judge},
	{.name = "lunmask-tidy",
	 .looks_at = "lunmask-tidy: does it run",
	 .needs = {DOCTOR_ANSWERS(programs)},
	 .why = "What this host could not give up while an array did not answer stays granted to "
		"it.",
	 .mend = "systemctl enable --now lunmask-tidy",
	 .judge = tidy_judge},
	{.name = "programs",
	 .looks_at = "the running daemons: are they the installed ones",
	 .needs = {DOCTOR_ANSWERS(programs)},
	 .why = "After an upgrade, the old program goes on until it is restarted.",
	 .judge = replaced_judge},
	{.name = "units",
	 .looks_at = "systemd: are the daemons' units enabled",
	 .needs = {DOCTOR_ANSWERS(units)},
	 .why = "It does not run after the next reboot.",
	 .judge = units_judge},
	{.name = "libvirt-guests",
	 .looks_at = "systemd: what stops the guests at a shutdown",
	 .needs = {DOCTOR_ANSWERS(units)},
	 .why = "At a shutdown it stops the guests while Pacemaker moves them.",
	 .mend = "systemctl disable --now libvirt-guests, or install lunmaskd's drop-in "
		 "pacemaker.service.d/lunmask.conf; systemctl daemon-reload",
	 .judge = guests_judge},
	{.name = "auto-shutdown",
	 .looks_at = "auto_shutdown_* in libvirt's qemu.conf",
	 .needs = {DOCTOR_ANSWERS(shutdown)},
	 .why = "At a shutdown libvirt saves or stops the guests while Pacemaker moves them.",
	 .judge = shutdown_judge},
	{0},
};
