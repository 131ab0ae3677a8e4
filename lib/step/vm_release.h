/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_RELEASE_H
#define LUNMASK_VM_RELEASE_H

#include "vm/vm_context.h"

/*
 * Releases: a stop that cannot reach the array's management, but whose domain is provably gone, has
 * the journal record that its host has given up the VM's LUNs. Until the array has been told, the
 * host's grant is anybody's to revoke who starts the VM, though the host is up and was not fenced.
 *
 * That ends before the host is granted the LUNs again, and before it uses a grant that was left:
 * otherwise a start elsewhere could take from a running guest what it lives on. Whoever revokes, or
 * withdraws, has claimed the VM's task; there is only one. A release by a host that held nothing
 * stays until then, and does no harm.
 */

/* stop: commits it. The domain is looked for again before that. */
int vm_release_commit(struct vm_context *vm, struct deadline deadline, struct err *err);

/* stop: the grant is revoked after all; an earlier release has nothing left to say. */
void vm_release_settle(struct vm_context *vm, struct deadline deadline);

/*
 * start: has host released lun, so that its grant may be revoked? A domain that is seen there all
 * the same is -EPERM.
 */
int vm_release_look(struct vm_context *vm, const struct config_host *host, const char *lun,
		    struct deadline deadline, bool *ret_released, struct err *err);

/* The release of node goes: it holds no grant any more, or is to use it again. */
int vm_release_end(struct vm_context *vm, const char *node, struct deadline deadline,
		   struct err *err);

/* Step "withdraw": the host that is to get the LUNs has no release outstanding. */
int vm_release_withdraw_probe(void *context, struct deadline deadline, struct err *err);
int vm_release_withdraw_run(void *context, struct deadline deadline, struct err *err);

#endif
