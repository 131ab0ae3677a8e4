/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks of libvirt, of what a state LUN needs, and of the arrays. */
#include <glib.h>
#include <string.h>

#include "doctor/check/doctor_check.h"
#include "redirect/redirect_address.h"

#define LIBVIRT_MIN 7000000 /* 7.0.0 */

static void libvirt_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	if (facts->libvirt.part.seen == DOCTOR_REFUSED) {
		doctor_found(verdict, DOCTOR_FAIL, NULL, "%s", err_text(&facts->libvirt.part.err));
	}
}

static void versions_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	const struct hypervisor_versions *versions = &facts->libvirt.versions;

	if (versions->libvirt < LIBVIRT_MIN) {
		doctor_found(verdict, DOCTOR_FAIL, "upgrade libvirt",
			     "libvirt is %lu.%lu.%lu, and lunmask needs 7.0.0 or later",
			     versions->libvirt / 1000000, versions->libvirt / 1000 % 1000,
			     versions->libvirt % 1000);
	}
	if (versions->qemu == 0) {
		doctor_found(verdict, DOCTOR_FAIL, NULL, "libvirt finds no QEMU on this host");
	}
}

static void libiscsi_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	if (!facts->state_tools.libiscsi) {
		doctor_found(verdict, DOCTOR_WARN, NULL, "lunmask was built without libiscsi");
	}
}

static void redirect_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	size_t n = 0;
	const struct config_array *arrays = config_arrays(facts->config.config, &n);

	for (size_t i = 0; i < n; i++) {
		int rc = facts->state_tools.redirect[i];
		char portal[REDIRECT_PORTAL_BYTES];
		struct err err = ERR_INIT;

		if (redirect_portal_get(facts->config.config, arrays[i].name, portal, &err) < 0) {
			doctor_found(verdict, DOCTOR_WARN,
				     "give one of them another name, while no VM uses it", "%s",
				     err_text(&err));
		} else if (rc < 0) {
			doctor_found(verdict, DOCTOR_WARN, NULL,
				     "lunmask-redirect does not listen on %s, for array %s: %s",
				     portal, arrays[i].name, strerror(-rc));
		}
	}
}

static void state_tools_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	if (!facts->state_tools.storage_daemon) {
		doctor_found(verdict, DOCTOR_FAIL,
			     "apt install qemu-system-common (Debian 13: qemu-utils; Fedora: "
			     "qemu-img)",
			     "qemu-storage-daemon is not in PATH");
	}
	if (facts->state_tools.fuse < 0) {
		doctor_found(verdict, DOCTOR_FAIL, "modprobe fuse; apt install fuse3",
			     "/dev/fuse cannot be opened: %s", strerror(-facts->state_tools.fuse));
	}
}

static void selinux_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	if (facts->state_tools.selinux_enforcing && !facts->state_tools.selinux_fusefs) {
		doctor_found(verdict, DOCTOR_FAIL, NULL,
			     "SELinux is enforcing, and its boolean virt_use_fusefs is off");
	}
}

/* What leads out of an array's failure. */
static char *array_mend(const struct doctor_array *array)
{
	const char *host = strrchr(array->transport, '/');
	int rc = array->info.rc < 0 ? array->info.rc : array->read.rc;
	const char *address;

	host = host == NULL ? array->transport : host + 1;
	address = strchr(host, '@') != NULL ? strchr(host, '@') + 1 : host;
	switch (rc) {
	case -EACCES:
		return g_strdup_printf("ssh-keyscan %s >>/root/.ssh/known_hosts (and compare the "
				       "key); its public key into authorized_keys there",
				       address);
	case -ENOENT:
		return g_strdup_printf("install the driver on %s, or name it in [array %s]",
				       address, array->name);
	case -EHOSTUNREACH:
	case -ECONNREFUSED:
	case -ETIMEDOUT:
		return g_strdup_printf("look at the network and at sshd of %s; ssh %s true",
				       address, host);
	default: return g_strdup("man lunmask-array; man lunmask.conf");
	}
}

static void arrays_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	for (size_t i = 0; i < facts->arrays.n; i++) {
		const struct doctor_array *array = &facts->arrays.of[i];

		if (array->info.rc < 0) {
			doctor_found_mend(verdict, DOCTOR_FAIL, array_mend(array),
					  "array %s does not answer: %s", array->name,
					  err_text(&array->info.err));
		}
	}
}

static void accounts_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	for (size_t i = 0; i < facts->arrays.n; i++) {
		const struct doctor_array *array = &facts->arrays.of[i];
		const char *problem = array->accounts_read.rc < 0
					      ? err_text(&array->accounts_read.err)
					      : array->accounts.problem;

		if (*problem != '\0') {
			doctor_found(verdict, DOCTOR_FAIL, NULL, "array %s: %s", array->name,
				     problem);
		}
	}
}

static void array_user_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	for (size_t i = 0; i < facts->arrays.n; i++) {
		const struct doctor_array *array = &facts->arrays.of[i];

		if (array->info.rc == 0 && array->read.rc < 0) {
			doctor_found(verdict, DOCTOR_FAIL, NULL,
				     "array %s answers, and refuses to be read: %s", array->name,
				     err_text(&array->read.err));
		} else if (array->info.rc < 0 || !array->has.fence) {
			doctor_found(verdict, DOCTOR_UNKNOWN, "",
				     array->info.rc < 0 ? "array %s cannot be asked"
							: "array %s has no list of fenced hosts to "
							  "ask for",
				     array->name);
		}
	}
}

static void array_has_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	for (size_t i = 0; i < facts->arrays.n; i++) {
		const struct doctor_array *array = &facts->arrays.of[i];
		const struct {
			bool has;
			const char *name;
		} rows[] = {
			{array->has.fence, "fence"},
			{array->has.nexus_list, "nexus-list"},
			{array->has.revoke_cuts_nexus, "revoke-cuts-nexus"},
			{array->has.requester, "requester"},
			{array->has.hosts, "hosts"},
		};
		g_autoptr(GString) lacks = g_string_new(NULL);

		for (size_t j = 0; j < G_N_ELEMENTS(rows); j++) {
			if (!rows[j].has) {
				g_string_append_printf(lacks, "%s%s", lacks->len > 0 ? ", " : "",
						       rows[j].name);
			}
		}
		if (array->info.rc == 0 && lacks->len > 0) {
			doctor_found(verdict, DOCTOR_WARN, NULL, "the driver of array %s lacks %s",
				     array->name, lacks->str);
		}
	}
}

static void fenced_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	for (size_t i = 0; i < facts->arrays.n; i++) {
		const struct doctor_array *array = &facts->arrays.of[i];

		if (array->info.rc < 0 || array->read.rc < 0) {
			doctor_found(verdict, DOCTOR_UNKNOWN, "", "array %s cannot be asked",
				     array->name);
		} else if (array->fenced) {
			doctor_found_mend(
				verdict, DOCTOR_FAIL,
				g_strdup_printf("stonith_admin --unfence %s", facts->node),
				"array %s has this host fenced", array->name);
		}
	}
}

const struct doctor_check doctor_checks_storage[] = {
	{.name = "libvirt",
	 .looks_at = "libvirt: does it answer",
	 .needs = {DOCTOR_ASKED(libvirt)},
	 .why = "No VM can run on this node.",
	 .mend = "systemctl enable --now libvirtd (or virtqemud.socket)",
	 .judge = libvirt_judge},
	{.name = "libvirt-version",
	 .looks_at = "the versions of libvirt and QEMU",
	 .needs = {DOCTOR_ANSWERS(libvirt)},
	 .why = "lunmask uses what older ones do not have.",
	 .mend = "apt install qemu-system-x86 qemu-block-extra",
	 .judge = versions_judge},
	{.name = "libiscsi",
	 .looks_at = "lunmask itself: can it log in to a LUN",
	 .needs = {DOCTOR_ANSWERS(state_tools)},
	 .why = "No VM can run on this node: no LUN is handed to QEMU that was not verified.",
	 .mend = "keep VMs off it by a location constraint, or install a lunmask with libiscsi",
	 .judge = libiscsi_judge},
	{.name = "redirect",
	 .looks_at = "lunmask-redirect: does it listen for each array",
	 .needs = {DOCTOR_ANSWERS(config), DOCTOR_ANSWERS(state_tools)},
	 .why = "A guest whose portal dies hangs until it is back, and could then write old data "
		"over "
		"newer.",
	 .mend = "systemctl daemon-reload; systemctl restart lunmask-redirect.socket",
	 .judge = redirect_judge},
	{.name = "state-lun",
	 .looks_at = "qemu-storage-daemon and FUSE",
	 .needs = {DOCTOR_ANSWERS(state_tools)},
	 .why = "They make a state LUN a file for libvirt: without them no memory is saved or "
		"restored.",
	 .judge = state_tools_judge},
	{.name = "selinux",
	 .looks_at = "SELinux: may QEMU use what a state LUN is saved through",
	 .needs = {DOCTOR_ANSWERS(state_tools)},
	 .why = "QEMU writes and reads a VM's saved memory through a file of FUSE, which SELinux "
		"refuses then.",
	 .mend = "setsebool -P virt_use_fusefs on",
	 .judge = selinux_judge},
	{.name = "array",
	 .looks_at = "the arrays: does each driver answer",
	 .needs = {DOCTOR_ANSWERS(arrays)},
	 .why = "No VM of that array starts or migrates, and this node cannot fence by mask.",
	 .judge = arrays_judge},
	{.name = "array-user",
	 .looks_at = "the arrays: may the user of [array] read them",
	 .needs = {DOCTOR_ANSWERS(arrays)},
	 .why = "A driver that may not read its array cannot change masks either.",
	 .mend = "give transport a user who may run the driver; lunmask-array-tgt needs root "
		 "(lunmask.conf(5))",
	 .judge = array_user_judge},
	{.name = "array-driver",
	 .looks_at = "the arrays: can each driver all that lunmask uses",
	 .needs = {DOCTOR_ANSWERS(arrays)},
	 .why = "Without it, fencing by mask is not possible, or an open session survives a "
		"revoke.",
	 .mend = "upgrade the driver (lunmask-array(7))",
	 .judge = array_has_judge},
	{.name = "array-accounts",
	 .looks_at = "the arrays: has each the accounts that its driver is to set (CHAP)",
	 .needs = {DOCTOR_ANSWERS(arrays)},
	 .why = "A host that has the secret may be refused, or one that has not is let in.",
	 .mend = "on the array's host: lunmask-array-tgt --restore",
	 .judge = accounts_judge},
	{.name = "fenced",
	 .looks_at = "the arrays: is this host fenced",
	 .needs = {DOCTOR_ANSWERS(arrays)},
	 .why = "The array grants it nothing until it is unfenced.",
	 .judge = fenced_judge},
	{0},
};
