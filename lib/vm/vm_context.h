/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_CONTEXT_H
#define LUNMASK_VM_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "array/array.h"
#include "base/deadline.h"
#include "base/err.h"
#include "config/config.h"
#include "domain/mapping.h"
#include "hypervisor/hypervisor.h"
#include "names/lun.h"
#include "rules/task.h"
#include "state/slot.h"
#include "vm/vm_grant.h"
#include "vm/vm_journal.h"
#include "vm/vm_settings.h"

/*
 * What the tasks of one VM share while they run: the settings as parsed, the configuration, and
 * what was learned on the way. Internal to the vm_*.c files.
 *
 *	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
 *	rc = vm_context_open(settings, report, deadline, &vm, err);
 *
 * The hypervisor connection is opened when it is first asked for.
 */
struct vm_peer;

struct vm_context {
	const struct vm_settings *settings;
	const struct vm_report *report;
	char node[NODE_NAME_MAX + 1];

	struct config *config;
	const struct config_host *self;
	const char *const *portals; /* of the array */
	size_t n_portals;
	struct array array;

	struct drive drives[VM_LUNS_MAX];
	size_t n_drives;
	struct extent state;
	const char *lun_names[VM_LUNS_MAX]; /* each once; point into drives and state */
	size_t n_luns;

	struct hypervisor *hypervisor; /* this host's */
	struct vm_peer *peer; /* the other host of a migration, or NULL; closed by its opener */

	/* Learned by vm_paths_verify(): how this host reaches the LUNs. */
	struct lun luns[VM_LUNS_MAX];
	bool luns_known;
	const char *portal; /* one on which every LUN was verified */

	/* Learned by vm_state_load(); mapping is NULL on a state LUN that was never written. */
	struct mapping *mapping;
	enum image_state image;
	uint64_t generation; /* of the slot seen last; a store replaces no other */
	bool generation_known;
	bool state_known;

	/* What this run added, and may therefore take away. */
	struct vm_grant grant;
	bool domain_created;
	bool image_saved;    /* the memory is saved and the domain gone; the slot may not say so */
	bool image_consumed; /* the domain is the only copy of the guest's memory */

	/* The action's task (vm_record.h), unless it goes without one. */
	struct vm_journal journal;
	bool recorded;
	bool record_asked; /* stop: it claims once, with its first effect */
	bool no_return;    /* a step has been done behind which nothing is undone */
};

/* Parses what the settings say; -EINVAL. Then the configuration, and this node's name. */
int vm_context_open(const struct vm_settings *settings, const struct vm_report *report,
		    struct deadline deadline, struct vm_context **ret, struct err *err);
/* Of a VM whose parameters are not known but for its LUNs, which must outlive it. */
int vm_context_open_luns(const struct vm_settings *settings, const char *const *luns, size_t n_luns,
			 struct deadline deadline, struct vm_context **ret, struct err *err);
void vm_context_free(struct vm_context *vm);
void vm_context_drop(struct vm_context **vm);

/* Only what the settings say, for those who must do without a configuration. -EINVAL. */
int vm_settings_parse(const struct vm_settings *settings, struct vm_context *vm, struct err *err);

/* Settings and configuration: which array, and who is this node on the SAN. */
int vm_config_apply(struct vm_context *vm, const char *path, struct deadline deadline,
		    struct err *err);

int vm_hypervisor(struct vm_context *vm, struct deadline deadline, struct hypervisor **ret,
		  struct err *err);

/* This host's domain. */
int vm_domain_state(struct vm_context *vm, struct deadline deadline, enum domain_state *ret,
		    struct err *err);

/* The gate of every step that widens access (I8). */
int vm_gate_quorum(void *context, struct deadline deadline, struct err *err);

/* Tells the report what happened outside of a table. */
void vm_report_event(const struct vm_context *vm, const struct task_event *event);

#endif
