/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_STRAYS_H
#define LUNMASK_VM_STRAYS_H

#include "journal/journal.h"
#include "peers/peer_pool.h"
#include "rules/released.h"
#include "rules/stray.h"
#include "vm/vm_context.h"

/*
 * Finds out who has a path to the VM's LUNs and whether that is legal. rules/stray.h judges what
 * the array shows, together with the answers of the journal, Pacemaker and libvirt. It changes
 * nothing.
 *
 *	struct vm_strays_sources way = {...};
 *	struct vm_strays strays = {.n = 0};
 *	rc = vm_strays_look(vm, &way, deadline, &strays, err);
 *	...
 *	vm_strays_release(&strays);
 *
 * Of vm it uses only the LUN names, the array, the configuration and the settings that reach
 * libvirt. So vm may stand for a VM that the cluster no longer knows (vm_context_open_luns()).
 */

/* What the journal records about the VM. */
struct vm_strays_record {
	bool known;                 /* latest is valid, and linearizable if that was asked for */
	struct err why;             /* the reason if it is not known */
	struct journal_task latest; /* open, or the last one that ended; revision 0: none */
	struct journal_task *tasks; /* all that the journal keeps, oldest first */
	size_t n_tasks;
	struct journal_release *releases;
	size_t n_releases;
	struct journal_release *grants;
	size_t n_grants;
};

/* Never fails: known is false if the journal cannot be read. */
void vm_strays_record_read(const char *vm, enum journal_read how, struct deadline deadline,
			   struct vm_strays_record *ret);
void vm_strays_record_release(struct vm_strays_record *record);

struct vm_all;

/* What is asked besides the array. */
struct vm_strays_sources {
	/*
	 * NULL: neither Pacemaker nor another node is asked, and the domain is taken to be on this
	 * host.
	 */
	struct peer_pool *pool;
	enum journal_read how;
	bool foreign_wanted;
	/*
	 * Only this host is looked at, and nobody has asked. What a record explains is left to
	 * Pacemaker.
	 */
	bool own;
	/* Look at the VM's releases too. A LUN that the array does not have is then no error. */
	bool releases;
	/* The other VMs, as vm_all.h has them. NULL: there is none. */
	struct vm_all *all;
};

/* One host, or a foreign initiator, and what is known about it. */
struct vm_holder {
	char initiator[ISCSI_NAME_MAX + 1];
	const struct config_host *host; /* NULL: foreign */
	enum stray_domain domain;
	enum stray_fate fate;
	enum stray_task task;
	struct stray_trace trace;
	struct err why; /* why libvirt or Pacemaker did not answer */
};

enum vm_stray_end { VM_STRAY_LEFT, VM_STRAY_REMOVED, VM_STRAY_FAILED };

/* One LUN and one holder: a stray, or legal. */
struct vm_stray {
	char lun[LUN_NAME_MAX + 1];
	size_t holder; /* index of its holder */
	struct stray_facts facts;
	enum stray_verdict verdict;
	const char *why;       /* static text */
	enum vm_stray_end end; /* set by vm_reconcile() */
	struct err end_err;    /* why it was not removed */
};

enum vm_released_end { VM_RELEASED_LEFT, VM_RELEASED_ENDED, VM_RELEASED_FAILED };

/* A release of the VM's LUNs in the journal. */
struct vm_released {
	const struct journal_release *release; /* borrowed from the record */
	struct released_facts facts;
	enum released_verdict verdict;
	const char *why;          /* static text */
	struct err note;          /* what else the host reaches, or why that is not known */
	enum vm_released_end end; /* set by vm_reconcile() */
	struct err end_err;       /* why it was not ended */
};

struct vm_strays {
	struct vm_holder *holders;
	size_t n_holders;
	struct vm_stray *rows; /* in the order of the VM's LUNs */
	size_t n;
	/* Read if the pool is given, or if another host has a path. */
	struct vm_strays_record record;
	struct vm_released *released; /* if releases was given, and the record is known */
	size_t n_released;
	const char *missing[VM_LUNS_MAX]; /* LUNs that the array does not have */
	size_t n_missing;
	struct err note; /* set by vm_reconcile(): something else to know, or "" */
};

/*
 * -ECONNREFUSED, -ETIMEDOUT and the other errors of array_masks(): the array could not be read.
 * -EAGAIN: the VM's tasks change too often. On an error nothing needs to be released.
 */
int vm_strays_look(struct vm_context *vm, const struct vm_strays_sources *way,
		   struct deadline deadline, struct vm_strays *ret, struct err *err);
void vm_strays_release(struct vm_strays *strays);

/* "node2", or the initiator if it belongs to no host. */
const char *vm_holder_name(const struct vm_holder *holder);

/* The text of stray_who(), or that nothing is known without the journal. Returns ret. */
const char *vm_stray_who(const struct vm_strays *strays, const struct vm_stray *row,
			 char ret[STRAY_TEXT_MAX]);

/* The VM's task in relation to a node ("": to none). */
enum stray_task vm_strays_task(const struct vm_strays_record *record, const char *node);

/*
 * Does the record explain a grant to the node? It does if the VM's last start or migration has
 * succeeded there, or if the journal remembers no task of the VM. A release explains nothing.
 */
bool vm_strays_explained(const struct vm_strays_record *record, const char *node);

/* Has the array no LUN of this name? */
bool vm_strays_missing(const struct vm_strays *strays, const char *lun);

/* How many of the VM's LUNs are granted to initiator. */
size_t vm_strays_granted(const struct vm_strays *strays, const char *initiator);

/*
 * Sets err to the first stray, with the number of further ones. Example: "LUN web1-data is granted
 * to node2: not known who left it: opened by hand?". False: there is no stray.
 */
bool vm_strays_to_err(const struct vm_strays *strays, struct err *err);

#endif
