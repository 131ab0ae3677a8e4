/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_LUN_OWNER_H
#define LUNMASK_VM_LUN_OWNER_H

#include "vm/vm_context.h"

/*
 * A LUN has one owner, a VM (I2). The masks do not show it, because they are per host. A VM becomes
 * the owner of its LUNs with its first start, when the mapping file is made.
 */

/*
 * For the first start: no other VM in the cluster's configuration names one of the LUNs, or a part
 * of one, and none of them is a LogicalUnit's. -EPERM names the VM and the LUN.
 */
int vm_lun_owner_check_new(struct vm_context *vm, struct deadline deadline, struct err *err);

/*
 * Step "owner": no other VM on this host uses one of the LUNs, neither a domain of lunmask nor any
 * QEMU. vm_paths_verify() must have run. -EPERM.
 */
int vm_lun_owner_check(void *context, struct deadline deadline, struct err *err);

/*
 * Removes from vm->lun_names what another VM uses here: a revoke would cut that VM off. If libvirt
 * does not answer, the QEMU processes tell, by what they were started with and by what their VMs
 * were granted here (vm_keep.h).
 */
void vm_lun_owner_leave_out(struct vm_context *vm, struct deadline deadline);

#endif
