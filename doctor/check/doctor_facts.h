/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DOCTOR_FACTS_H
#define LUNMASK_DOCTOR_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "array/array.h"
#include "base/err.h"
#include "cluster/cluster_option.h"
#include "cluster/cluster_vms.h"
#include "config/cluster_id.h"
#include "config/config.h"
#include "doctor/check/doctor_cib.h"
#include "hypervisor/hypervisor.h"
#include "journal/journal.h"
#include "names/name_limits.h"
#include "ring/cluster_config.h"

/*
 * What there is on this node, and between the nodes: all that the checks of doctor_check.h judge.
 * doctor_look.h fills it; a test writes it by hand.
 *
 * Each part begins with how looking at it ended: it was seen; it was asked and refused, or does not
 * answer, which is a fact, too; or it could not be looked at, and no check that needs it passes.
 * Zeroed facts were not looked at.
 */
enum doctor_seen { DOCTOR_UNSEEN = 0, DOCTOR_REFUSED, DOCTOR_SEEN };
struct doctor_part {
	enum doctor_seen seen;
	int rc; /* REFUSED: -errno */
	struct err err;
};

/* The result of a question: 0, or -errno with text. */
struct doctor_answer {
	int rc;
	struct err err;
};

#define DOCTOR_NODES_MAX JOURNAL_NODES_MAX
#define DOCTOR_DIGEST 65 /* SHA-256 in hexadecimal, with its NUL */

enum doctor_program { DOCTOR_LUNMASKD, DOCTOR_CUTOFF, DOCTOR_TIDY, DOCTOR_PROGRAMS };
extern const char *const doctor_program_names[DOCTOR_PROGRAMS];

struct doctor_config {
	struct doctor_part part;
	const struct config *config; /* NULL unless it was seen */
	char digest[DOCTOR_DIGEST];  /* of the file's bytes */
};

/* /etc/iscsi/initiatorname.iscsi */
struct doctor_initiator {
	struct doctor_part part;
	bool exists;
	char name[ISCSI_NAME_MAX + 1];
};

struct doctor_key {
	struct doctor_part part;
	bool exists;
	unsigned int uid, mode;
	struct cluster_id id; /* what it stands for; not the key */
};

struct doctor_programs {
	struct doctor_part part;
	struct {
		bool running;
		bool replaced; /* its file was replaced since it was started */
	} of[DOCTOR_PROGRAMS];
};

struct doctor_units {
	struct doctor_part part;
	bool enabled[DOCTOR_PROGRAMS];
	bool guests;         /* libvirt-guests.service is enabled or active */
	bool guests_ordered; /* and is stopped after Pacemaker */
};

/* libvirt's qemu.conf: the first auto_shutdown_* that is not none, or "". */
struct doctor_shutdown {
	struct doctor_part part;
	char key[64];
	char value[64];
};

struct doctor_journal {
	struct doctor_part part;
	struct journal_status status;
};

struct doctor_corosync {
	struct doctor_part part;
	struct cluster_config config;
	bool unencrypted_allowed; /* journal.conf says so */
};

struct doctor_pacemaker {
	struct doctor_part part;
	bool quorum;
};

/* Of the cluster's configuration. */
struct doctor_settings {
	struct doctor_part part;
	struct doctor_cib cib;
	struct cluster_option_setting fencing_enabled;
};

struct doctor_devices {
	struct doctor_part part;
	const char *node[DOCTOR_NODES_MAX];
	int count[DOCTOR_NODES_MAX];
	size_t n;
};

struct doctor_libvirt {
	struct doctor_part part;
	struct hypervisor_versions versions;
};

/* What a state LUN needs. */
struct doctor_state_tools {
	struct doctor_part part;
	bool libiscsi; /* lunmask was built with it */
	/* Of each array of lunmask.conf: 0, or -errno of connecting to lunmask-redirect for it. */
	int redirect[CONFIG_ARRAYS_MAX];
	bool storage_daemon;
	int fuse; /* 0, or -errno of opening /dev/fuse */
	bool selinux_enforcing;
	bool selinux_fusefs; /* its policy lets QEMU use a file of FUSE */
};

struct doctor_array {
	const char *name;
	const char *transport;
	struct doctor_answer info; /* does the driver answer? */
	struct array_info has;
	struct doctor_answer read; /* may it read the array's state? */
	bool fenced;               /* this host, on that array */
	struct doctor_answer accounts_read;
	struct array_accounts accounts; /* if its driver sets some */
};

struct doctor_arrays {
	struct doctor_part part;
	struct doctor_array *of;
	size_t n;
};

/*
 * A VM of the cluster's configuration: can its parameters be read, has the array its LUNs, and how
 * much memory does the file of its parameter config give it?
 */
struct doctor_vm_luns {
	const struct cluster_vm *vm;
	const char *resource;
	const char *array;
	struct doctor_answer parameters;
	struct doctor_answer luns;
	struct doctor_answer memory;
	uint64_t memory_bytes; /* 0: it has no such file here */
};

struct doctor_luns {
	struct doctor_part part;
	struct doctor_vm_luns *of;
	size_t n;
};

/* Another node, as it answers to "lunmask doctor --local". */
struct doctor_peer {
	const char *node;
	const char *address;
	struct doctor_answer answer;
	char version[64];
	char config[DOCTOR_DIGEST];
	char key[CLUSTER_ID_DIGITS + 1];
	int64_t asked_ms, answered_ms; /* by this node's clock */
	int64_t began_ms, ended_ms;    /* by its own, in between */
	json_t *checks;                /* its rows; NULL: none */
};

struct doctor_peers {
	struct doctor_part part;
	struct doctor_peer *of;
	size_t n;
};

struct doctor_facts {
	char node[NODE_NAME_MAX + 1];
	char version[64]; /* of this command */
	struct doctor_config config;
	struct doctor_initiator initiator;
	struct doctor_key key;
	struct doctor_programs programs;
	struct doctor_units units;
	struct doctor_shutdown shutdown;
	struct doctor_journal journal;
	struct doctor_corosync corosync;
	struct doctor_pacemaker pacemaker;
	struct doctor_settings settings;
	struct doctor_devices devices;
	struct doctor_libvirt libvirt;
	struct doctor_state_tools state_tools;
	struct doctor_arrays arrays;
	struct doctor_luns luns;
	struct doctor_peers peers;
};

#endif
