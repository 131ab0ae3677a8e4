/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_SECRET_H
#define LUNMASK_VM_SECRET_H

#include "vm/vm_context.h"

/*
 * The CHAP secret with which QEMU on a host logs in to the VM's LUNs, where the array wants one. It
 * is in that host's libvirt (libvirt_secret.h) while QEMU is started there, or a drive attached:
 *
 *	rc = vm_secret_give(vm, deadline, err);
 *	rc = rc != 0 ? rc : hypervisor_create(...);
 *	vm_secret_take(vm, vm->hypervisor, deadline);
 *
 * Before a live migration, the target gives it to its own libvirt, when it verifies the LUNs
 * (peer_verify.h). All do nothing where the array is without CHAP.
 *
 * -EKEYREJECTED, whatever the cause: it must not be taken for what QEMU or libvirt say of the
 *guest.
 */
int vm_secret_give(struct vm_context *vm, struct deadline deadline, struct err *err);

/* hypervisor: this host's or the target's; NULL: nothing to do. A failure is reported. */
void vm_secret_take(struct vm_context *vm, struct hypervisor *hypervisor, struct deadline deadline);

/*
 * Step "secret" of stop: what an action that was killed has left. Always 0, since it gives nobody
 * access to a LUN that is masked.
 */
int vm_secret_end(void *context, struct deadline deadline, struct err *err);

#endif
