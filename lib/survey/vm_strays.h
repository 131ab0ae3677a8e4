/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_STRAYS_H
#define LUNMASK_VM_STRAYS_H

#include "hypervisor/hypervisor_pool.h"
#include "journal/journal.h"
#include "rules/stray.h"
#include "vm/vm_context.h"

/*
 * Who has a path to the VM's LUNs, and whether that is legal: what the array shows, judged by
 * stray.h with what the journal, Pacemaker and libvirt say. Changes nothing.
 *
 *	struct vm_strays_way way = {...};
 *	struct vm_strays strays = {.n = 0};
 *	rc = vm_strays_look(vm, &way, deadline, &strays, err);
 *	...
 *	vm_strays_release(&strays);
 *
 * Of vm only the LUN names, the array, the configuration and the settings that reach libvirt are
 * used, so that it may stand for a VM that the cluster does not know any more.
 */

/* What the journal has about the VM. */
struct vm_strays_record {
	bool known;                 /* latest is linearizable, or that was not asked for */
	struct err why;             /* it is not known */
	struct journal_task latest; /* open, or the one that ended last; revision 0: none */
	struct journal_task *tasks; /* all that are kept, the oldest first */
	size_t n_tasks;
	struct journal_release *releases;
	size_t n_releases;
};

/* Never fails: what cannot be read is not known. */
void vm_strays_record_read(const char *vm, enum journal_read how, struct deadline deadline,
			   struct vm_strays_record *ret);
void vm_strays_record_release(struct vm_strays_record *record);

/* What is asked besides the array and the journal. */
struct vm_strays_way {
	/* NULL: nobody. Then only this host's domain is known, and that it is there. */
	struct hypervisor_pool *pool;
	enum journal_read how;
	bool foreign_wanted;
	/* Has another VM this LUN too? NULL: no. */
	bool (*shared)(void *data, const char *vm, const char *lun);
	void *shared_data;
};

/* One host, and what is known of it. */
struct vm_holder {
	char initiator[ISCSI_NAME_MAX + 1];
	const struct config_host *host; /* NULL: foreign */
	enum stray_domain domain;
	enum stray_fate fate;
	enum stray_task task;
	struct stray_trace trace;
	struct err why; /* libvirt or Pacemaker did not answer */
};

enum vm_stray_end { VM_STRAY_LEFT, VM_STRAY_REMOVED, VM_STRAY_FAILED };

/* One host and one LUN: a stray, or legal. */
struct vm_stray {
	char lun[LUN_NAME_MAX + 1];
	size_t holder; /* its index */
	struct stray_facts facts;
	enum stray_verdict verdict;
	const char *why;       /* static */
	enum vm_stray_end end; /* of vm_reconcile.h */
	struct err end_err;    /* why it was not removed after all */
};

struct vm_strays {
	struct vm_holder *holders;
	size_t n_holders;
	struct vm_stray *rows; /* in the order of the VM's LUNs */
	size_t n;
	struct vm_strays_record record; /* read only when somebody but this host has a path */
	struct err note;                /* of vm_reconcile.h: what has to be known besides, or "" */
};

/* As array_masks(): -ECONNREFUSED, -ETIMEDOUT...: the array could not be looked at. */
int vm_strays_look(struct vm_context *vm, const struct vm_strays_way *way, struct deadline deadline,
		   struct vm_strays *ret, struct err *err);
void vm_strays_release(struct vm_strays *strays);

/* "node2", or the initiator of one that is no host. */
const char *vm_holder_name(const struct vm_holder *holder);

/* stray_who(), or that nobody can tell without the journal. */
const char *vm_stray_who(const struct vm_strays *strays, const struct vm_stray *row,
			 char ret[STRAY_TEXT_MAX]);

/* How many of the VM's LUNs are granted to initiator. */
size_t vm_strays_granted(const struct vm_strays *strays, const char *initiator);

/*
 * "LUN web1-data is granted to node2: not known who left it: opened by hand?", with how many more
 * there are. False: there is none.
 */
bool vm_strays_to_err(const struct vm_strays *strays, struct err *err);

#endif
