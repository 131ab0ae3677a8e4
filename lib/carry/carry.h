/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CARRY_H
#define LUNMASK_CARRY_H

#include "vm/vm_context.h"

/*
 * The LogicalUnits that a VM takes along in a live migration. To Pacemaker they migrate after the
 *VM; the guest has their LUNs all the time. So migrate_to of the VM grants, verifies and hands over
 * their LUNs with its own: carry_find() adds them to vm->lun_names. In the journal each is a
 * migration of its own, under the name that unit_name.h gives it: the actions of the LogicalUnit go
 *on with it.
 *
 *	struct vm_carry carry = {.n = 0};
 *	vm->carry = &carry;
 *	rc = carry_find(vm, deadline, err);               before vm_paths_verify()
 *	rc = carry_claim_run(vm, deadline, err);          before step "grant"
 *	carry_end(vm, rc, deadline);                      when the migration has ended
 *	carry_release(&carry);
 */
#define CARRY_MAX 16

struct carried {
	char lun[LUN_NAME_MAX + 1];
	char key[VM_NAME_MAX + 1];
	struct vm_settings settings; /* in whose name it is recorded */
	struct vm_context *vm;       /* NULL until it is claimed */
};

struct vm_carry {
	struct carried units[CARRY_MAX];
	size_t n;
};

/*
 * Looks for disks of LogicalUnits in the domain here. Each must be of the VM's array, follow this
 * VM (parameter vm), and be one that Pacemaker migrates (meta attribute allow-migrate); else
 * -EPERM, with what to do. -E2BIG: there are too many. May be called again.
 */
int carry_find(struct vm_context *vm, struct deadline deadline, struct err *err);

/*
 * Part of step "withdraw": claims the task of each, and records that its LUN is the target's, too.
 * -EBUSY: an action of it is under way. Errors: those of vm_journal.h.
 */
int carry_claim_probe(void *context, struct deadline deadline, struct err *err);
int carry_claim_run(void *context, struct deadline deadline, struct err *err);

/* -EUCLEAN: one of their LUNs is another volume on the target, as it was verified there. */
int carry_same_check(const struct vm_context *vm, const struct lun *there, struct err *err);

/* rc: of the migration. What was undone is over; otherwise the LogicalUnit's actions go on. */
void carry_end(struct vm_context *vm, int rc, struct deadline deadline);

/* In saved mode none goes along: what live mode has begun is ended, as undone. */
void carry_drop(struct vm_context *vm, struct deadline deadline);

void carry_release(struct vm_carry *carry);

/*
 * stop, after the domain is gone: revokes what another host has granted to this one for
 * LogicalUnits that follow the VM, and that did not arrive. What has arrived is recorded, and
 * revoked, by their own actions. Errors are reported, and left to the next stop here.
 */
void carry_leave(struct vm_context *vm, struct deadline deadline);

#endif
