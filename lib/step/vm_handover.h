/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_HANDOVER_H
#define LUNMASK_VM_HANDOVER_H

#include "rules/handover.h"
#include "vm/vm_context.h"

/*
 * Opens and closes the hand-over window of a migration, on the source. While it is open, both hosts
 * are granted the VM's LUNs; it ends with the revoke of the source. vm_peer_open() must have set
 * vm->peer.
 *
 * Step "grant": vm->peer is granted all LUNs, and no host besides it and this one is granted any.
 * -EPERM: another host holds a LUN.
 */
int vm_handover_probe(void *context, struct deadline deadline, struct err *err);
int vm_handover_run(void *context, struct deadline deadline, struct err *err);

/*
 * Closes the window if the guest belongs here, or to nobody; otherwise -EBUSY. First it destroys
 * what has arrived on the peer; then it revokes the peer's grants; only then does it resume a
 * source domain that the failed migration left paused. A peer that does not answer is cut off by
 * the revoke: it has run nothing.
 */
int vm_handover_undo(void *context, struct deadline deadline, struct err *err);

/* What both hosts show, and the verdict on it (rules/handover.h). */
struct vm_handover_sight {
	enum handover_here here;
	enum handover_there there;
	enum handover verdict;
};

/*
 * Looks at both hosts. What cannot be seen is UNKNOWN, and err then says why. On return, err has
 * the text "it is ... here, and ... on PEER" if nothing failed.
 */
void vm_handover_look(struct vm_context *vm, struct deadline deadline,
		      struct vm_handover_sight *ret, struct err *err);

/*
 * Carries out START and LEFT: starts what has arrived on the peer (needs quorum, I8), or ends what
 * is left here. For the other verdicts it does nothing and returns 0.
 */
int vm_handover_complete(struct vm_context *vm, enum handover verdict, struct deadline deadline,
			 struct err *err);

#endif
