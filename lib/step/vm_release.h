/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_RELEASE_H
#define LUNMASK_VM_RELEASE_H

#include "vm/vm_context.h"

/*
 * A release is a record in the journal: this host has given up the VM's LUNs, but the array may
 * still grant them to it. stop commits one when it cannot revoke them, for whatever reason, and the
 * domain is provably gone. Until the grant is revoked, any start of the VM may revoke it, although
 * the host is up and was not fenced.
 *
 * A release must be withdrawn before its host is granted the LUNs again, and before the host uses a
 * grant that was left. Otherwise a start elsewhere could revoke the LUNs of a running guest. Only
 * the process that has claimed the VM's task revokes or withdraws, and there is one such task. A
 * release by a host that held nothing stays until then and does no harm.
 *
 * The functions return the errors of vm_journal.h (-EHOSTDOWN...).
 */

/* stop: commits the release of this host. It first makes sure once more that the domain is gone. */
int vm_release_commit(struct vm_context *vm, struct deadline deadline, struct err *err);

/*
 * stop: removes this host's release or grant (vm_own.h), if there is one, because the LUNs have
 * been revoked. Errors are ignored.
 */
void vm_release_settle(struct vm_context *vm, struct deadline deadline);

/*
 * start: has host released lun, so that its grant may be revoked? -EPERM: it has, but the domain is
 * still on that host.
 */
int vm_release_look(struct vm_context *vm, const struct config_host *host, const char *lun,
		    struct deadline deadline, bool *ret_released, struct err *err);

/*
 * Removes whatever the journal has of the node, a release or a grant. 0: also nothing. gated: only
 * while this partition has quorum, as for what gives access.
 */
int vm_release_clear(struct vm_context *vm, const char *node, bool gated, struct deadline deadline,
		     struct err *err);

/* Removes the release by node, or the grant to it: the array grants it nothing now. 0: also none.
 */
int vm_release_end(struct vm_context *vm, const char *node, struct deadline deadline,
		   struct err *err);

/*
 * Step "withdraw": the host that is to be granted the LUNs (vm->peer, or this host) has no release.
 */
int vm_release_withdraw_probe(void *context, struct deadline deadline, struct err *err);
int vm_release_withdraw_run(void *context, struct deadline deadline, struct err *err);

#endif
