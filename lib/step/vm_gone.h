/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_GONE_H
#define LUNMASK_VM_GONE_H

#include "vm/vm_context.h"

/*
 * Is the domain provably gone from this host? Before that, nothing is taken away from it (I5).
 *
 * As a probe: no process calls itself its QEMU, and libvirt knows no such domain. A libvirtd that
 * does not answer cannot have a domain without a QEMU process.
 */
int vm_gone_probe(void *context, struct deadline deadline, struct err *err);

/*
 * 0 only if libvirt has answered too: one that hangs may carry out later what was asked of it.
 * -EBUSY, or why it cannot be seen.
 */
int vm_gone_surely(struct vm_context *vm, struct deadline deadline, struct err *err);

#endif
