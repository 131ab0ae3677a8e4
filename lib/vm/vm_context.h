/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_CONTEXT_H
#define LUNMASK_VM_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "array/array.h"
#include "base/deadline.h"
#include "base/err.h"
#include "config/cluster_id.h"
#include "config/config.h"
#include "domain/mapping.h"
#include "hypervisor/hypervisor.h"
#include "names/lun.h"
#include "redirect/redirect_address.h"
#include "rules/task.h"
#include "state/slot.h"
#include "vm/vm_grant.h"
#include "vm/vm_journal.h"
#include "vm/vm_settings.h"

/*
 * The state that the tasks of one VM share while they run: the parsed settings, the configuration,
 * and what the steps have found out. Internal to the vm_*.c files.
 *
 *	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
 *	rc = vm_context_open(settings, report, deadline, &vm, err);
 *
 * The context borrows settings and report: both must outlive it. It owns all the rest except peer.
 * The hypervisor connection is opened at its first use (vm_hypervisor()).
 */
struct vm_peer;
struct vm_create;
struct vm_adopt;
struct vm_apply;
struct unit;
struct vm_destroy;
struct vm_resize;
struct vm_carry;
struct vm_capture;

struct vm_context {
	const struct vm_settings *settings;
	const struct vm_report *report;
	char node[NODE_NAME_MAX + 1];

	struct config *config;
	const struct config_host *self;
	const char *const *portals; /* of the array; borrowed from config */
	size_t n_portals;
	/* Where lunmask-redirect answers for the array; "": its guests are not redirected. */
	char redirect[REDIRECT_PORTAL_BYTES];
	const struct chap *chap; /* how hosts log in to the array, or NULL; borrowed from config */
	struct array array;
	struct array_info array_info; /* asked for once */
	struct cluster_id cluster;

	struct drive drives[VM_LUNS_MAX];
	size_t n_drives;
	struct extent state;
	const char *lun_names[VM_LUNS_MAX]; /* each once; they point into drives and state */
	size_t n_luns;
	/* LUNs that the VM only reads, and does not own (vm_media.h); each once. */
	const char *media[VM_LUNS_MAX];
	size_t n_media;

	struct hypervisor *hypervisor; /* this host's; NULL until it is first used */
	/* The other host of a migration, or NULL; vm_peer_open() and vm_peer_close() own it. */
	struct vm_peer *peer;
	struct vm_create *create;   /* what lunmask create makes (vm_create.h), or NULL */
	struct vm_adopt *adopt;     /* what lunmask adopt takes over (vm_adopt.h), or NULL */
	struct vm_apply *apply;     /* what changes at once (vm_apply.h), or NULL; the caller's */
	struct unit *unit;          /* this stands for a LogicalUnit (unit_context.h), or NULL */
	struct vm_destroy *destroy; /* what lunmask destroy deletes (vm_destroy.h), or NULL */
	struct vm_resize *resize;   /* what lunmask resize makes larger (vm_resize.c), or NULL */
	struct vm_carry *carry;     /* migrate_to: LogicalUnits that go along (carry.h), or NULL */
	bool carries_units;         /* there are some, and lun_names has their LUNs */
	struct vm_capture
		*capture; /* what is made a snapshot, or of one (vm_snapshot.c), or NULL */

	/* Set by vm_paths_verify(): how this host reaches the LUNs: lun_names, then media. */
	struct lun luns[VM_LUNS_MAX];
	bool luns_known;
	const char *portal; /* a portal on which every LUN was verified */
	const char *source; /* what a domain is given as its portal: that, or redirect */

	/* Set by vm_state_load(). mapping is NULL if the state LUN was never written. */
	struct mapping *mapping;
	bool mapping_new; /* mapping was made from config, and is not on the state LUN yet */
	bool sizes_new;   /* a LUN has grown, and the state LUN does not say so yet */
	const struct mapping *mapping_next; /* to be stored (vm_define.h); the caller's */
	bool domain_here;                   /* the domain runs beside (vm_define.h) */
	enum image_state image;
	uint64_t image_bytes; /* what a valid image has at most; 0: not known */
	uint64_t generation;  /* of the last slot seen; a store replaces no other generation */
	bool generation_known;
	bool state_known;

	/* What this run added, and may therefore remove. */
	struct vm_grant grant;
	bool domain_created;
	/* The memory is saved and the domain gone; the slot may not be marked valid yet. */
	bool image_saved;
	/* Why the mapping file is not libvirt's own has been reported (vm_complete.h). */
	bool completion_failed;
	bool tpm_begun;      /* vm_tpm.h: this run has begun the process of the TPM */
	bool tpm_fresh;      /* and no domain has used it yet */
	int media_lock;      /* vm_media.h; 0: none */
	bool image_consumed; /* the domain is the only copy of the guest's memory */

	/* The action's task in the journal (vm_record.h), if it has one. */
	struct vm_journal journal;
	bool recorded;
	bool owned; /* the journal has the record of the grant (vm_own.h) */
	/* stop: it has tried to claim the task (once, before its first effect). */
	bool record_asked;
	bool owes;      /* something else than LUNs and grants is left to be undone */
	bool no_return; /* a TASK_NO_RETURN step is done: nothing before it is undone */
};

/*
 * Parses the settings (-EINVAL), then loads the configuration and finds this node's name. On
 * success the caller frees *ret.
 */
int vm_context_open(const struct vm_settings *settings, const struct vm_report *report,
		    struct deadline deadline, struct vm_context **ret, struct err *err);
/*
 * As vm_context_open(), for a VM of which only the LUNs are known. The names in luns must outlive
 * *ret.
 */
int vm_context_open_luns(const struct vm_settings *settings, const char *const *luns, size_t n_luns,
			 struct deadline deadline, struct vm_context **ret, struct err *err);
void vm_context_free(struct vm_context *vm);
void vm_context_drop(struct vm_context **vm);

/* Parses only the settings, for callers that have to work without a configuration. -EINVAL. */
int vm_settings_parse(const struct vm_settings *settings, struct vm_context *vm, struct err *err);

/* Finds this node's name, as vm_config_apply() does. */
int vm_node_find(struct vm_context *vm, struct deadline deadline, struct err *err);

/*
 * Loads the configuration from path (NULL: the default file) and looks up the array, and this
 * node's name and initiator.
 */
int vm_config_apply(struct vm_context *vm, const char *path, struct deadline deadline,
		    struct err *err);

/*
 * Returns the connection to this host's libvirt, opened on the first call. The context owns *ret,
 * which vm_domain_state() may replace.
 */
int vm_hypervisor(struct vm_context *vm, struct deadline deadline, struct hypervisor **ret,
		  struct err *err);

/*
 * The state of the domain on this host, as libvirt and the QEMU process show it. ABSENT: libvirt
 * has no such domain, and there is no QEMU of it. LOST: there is a QEMU.
 */
int vm_domain_state(struct vm_context *vm, struct deadline deadline, enum domain_state *ret,
		    struct err *err);

/*
 * lunmaskd's word on a domain that is absent here: what ended it was a migration that libvirt has
 * completed. False if lunmaskd cannot tell.
 */
bool vm_domain_departed(const struct vm_context *vm, struct deadline deadline);

/* The gate of every step that widens access (I8): 0 with quorum, -EPERM without. */
int vm_gate_quorum(void *context, struct deadline deadline, struct err *err);

/* Reports an event that happened outside of a table of steps. */
void vm_report_event(const struct vm_context *vm, const struct task_event *event);

#endif
