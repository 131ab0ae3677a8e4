/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_OWN_H
#define LUNMASK_VM_OWN_H

#include "vm/vm_context.h"

/*
 * The journal's record of which host may use the VM's LUNs, and since when
 * (journal_release.granted). It is written before each try of a grant, and also where a host had
 * the grant already: from then on, only a later fencing of the host is evidence that the VM does
 * not run there.
 *
 * The steps take a struct vm_context. Errors are those of vm_journal_submit().
 */

/* Step "grant" of start, and of migrate_to: vm_masks.h and vm_handover.h, after the record. */
int vm_own_grant_probe(void *context, struct deadline deadline, struct err *err);
int vm_own_grant_run(void *context, struct deadline deadline, struct err *err);
int vm_own_grant_undo(void *context, struct deadline deadline, struct err *err);
int vm_own_handover_probe(void *context, struct deadline deadline, struct err *err);
int vm_own_handover_run(void *context, struct deadline deadline, struct err *err);
int vm_own_handover_undo(void *context, struct deadline deadline, struct err *err);

/* Records that node may use the LUNs from now on. */
int vm_own_record(struct vm_context *vm, const char *node, struct deadline deadline,
		  struct err *err);

/* The target takes the VM over: the source is not asked about any more. A check of migrate_from. */
int vm_own_arrived(void *context, struct deadline deadline, struct err *err);

/* Was the host, or the node that granted to it, fenced since? Asks the fencer and the journal. */
struct vm_own_fenced {
	bool host;
	int64_t host_s; /* when the host was fenced last, in s since the epoch; 0: never */
	bool orphaned;  /* another node granted to the host, and was fenced since */
};
int vm_own_fenced_ask(const struct journal_release *grant, struct deadline deadline,
		      struct vm_own_fenced *ret, struct err *err);

#endif
