/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_MASKS_H
#define LUNMASK_VM_MASKS_H

#include "vm/vm_context.h"

/*
 * The masks of the VM's LUNs, as steps: all of the LUNs or none, and only what is ours to change
 * (I2, I3, I5, I7).
 */

/* Do all, or any, of the VM's LUNs show initiator? One read of the array. */
struct vm_holding {
	bool all;
	bool any;
	bool nexus; /* a session of initiator is open to one of them */
};

int vm_masks_holding(struct vm_context *vm, const char *initiator, struct deadline deadline,
		     struct vm_holding *ret, struct err *err);

/* Step "grant": this host sees all LUNs, and nobody else does. */
int vm_grant_probe(void *context, struct deadline deadline, struct err *err);
int vm_grant_run(void *context, struct deadline deadline, struct err *err);
int vm_grant_undo(void *context, struct deadline deadline, struct err *err);

/* Step "revoke": this host sees none of them. Its domain is provably gone. */
int vm_revoke_probe(void *context, struct deadline deadline, struct err *err);
int vm_revoke_run(void *context, struct deadline deadline, struct err *err);

/*
 * The first that has a path to any of the LUNs and is not this host; "" when there is none. A
 * session may outlive its grant, and counts as much.
 */
int vm_masks_stranger_find(struct vm_context *vm, struct deadline deadline,
			   char stranger[ISCSI_NAME_MAX + 1], char lun[LUN_NAME_MAX + 1],
			   struct err *err);

/* TASK_DONE when nobody but this host holds any of the LUNs; else the text names who does. */
int vm_masks_stranger(struct vm_context *vm, struct deadline deadline, struct err *err);

/* Does initiator hold all of the LUNs? Notes at the first look which it does not. */
int vm_grant_look(struct vm_context *vm, const char *initiator, struct vm_grant *grant,
		  struct deadline deadline, struct err *err);

/* Applies the change, and notes what it added: when the answer is lost, what it may have added. */
int vm_grant_give(struct vm_context *vm, const struct array_change *change, struct vm_grant *grant,
		  struct deadline deadline, struct err *err);

/* Takes from initiator exactly the LUNs that were added. */
int vm_grant_take_back(struct vm_context *vm, const char *initiator, struct vm_grant *grant,
		       struct deadline deadline, struct err *err);

/* Step "verify": every LUN answers here with the designator the array names (I6). */
int vm_paths_verify(void *context, struct deadline deadline, struct err *err);

#endif
