/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_MASKS_H
#define LUNMASK_VM_MASKS_H

#include "vm/vm_context.h"

/*
 * The steps that change the masks of the VM's LUNs: all of the LUNs or none (I7), and only grants
 * that are ours to change (I2, I3, I5).
 *
 * The steps take a struct vm_context. They read the masks from the array each time and return the
 * errors of array.h. vm->grant and vm_peer.grant record what they added.
 */

/* What initiator holds of the VM's LUNs, read from the array in one call. */
struct vm_holding {
	bool all;
	bool any;
	bool nexus; /* initiator has a session open to one of them */
};

int vm_masks_holding(struct vm_context *vm, const char *initiator, struct deadline deadline,
		     struct vm_holding *ret, struct err *err);

/*
 * Step "grant": this host is granted all LUNs, and no other host is granted any. -EPERM: another
 * host holds a LUN, or a domain from earlier is here. The undo revokes what was added; -EBUSY while
 * a domain is here.
 */
int vm_grant_probe(void *context, struct deadline deadline, struct err *err);
int vm_grant_run(void *context, struct deadline deadline, struct err *err);
int vm_grant_undo(void *context, struct deadline deadline, struct err *err);

/*
 * Step "revoke": this host is granted none of the LUNs and has no session open. The domain must be
 * provably gone before (vm_gone.h). A LUN that the array does not have is left out.
 */
int vm_revoke_probe(void *context, struct deadline deadline, struct err *err);
int vm_revoke_run(void *context, struct deadline deadline, struct err *err);

/*
 * Finds the first initiator, other than this host's, with a path to one of the LUNs. A path is a
 * grant or a session, because a session may outlive its grant. stranger is "" if there is none.
 */
int vm_masks_other_holder_find(struct vm_context *vm, struct deadline deadline,
			       char stranger[ISCSI_NAME_MAX + 1], char lun[LUN_NAME_MAX + 1],
			       struct err *err);

/*
 * TASK_DONE if no other host has a path to any of the LUNs; otherwise the text names one that has.
 */
int vm_masks_other_holder(struct vm_context *vm, struct deadline deadline, struct err *err);

/*
 * TASK_DONE if initiator holds all of the LUNs. The first call records the missing ones in grant.
 */
int vm_grant_check(struct vm_context *vm, const char *initiator, struct vm_grant *grant,
		   struct deadline deadline, struct err *err);

/*
 * Applies the change and records in grant what it added. If the answer is lost, it records all that
 * may have been added.
 */
int vm_grant_apply(struct vm_context *vm, const struct array_change *change, struct vm_grant *grant,
		   struct deadline deadline, struct err *err);

/* Revokes from initiator exactly the LUNs that grant records as added, and empties grant. */
int vm_grant_revert(struct vm_context *vm, const char *initiator, struct vm_grant *grant,
		    struct deadline deadline, struct err *err);

/*
 * Step "verify": every LUN is reached from this host with the designator that the array names (I6).
 * Fills vm->luns and vm->portal. -EUCLEAN: another volume. -EHOSTUNREACH: fewer portals than
 * paths_required are good.
 */
int vm_paths_verify(void *context, struct deadline deadline, struct err *err);

#endif
