/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_GONE_H
#define LUNMASK_VM_GONE_H

#include "vm/vm_context.h"

/*
 * Is the domain provably gone from this host? Only then may its access be revoked (I5).
 *
 * The probe of a step: no QEMU process has the domain's name, and libvirt reports no such domain.
 * If libvirt does not answer within 5 s, the absence of the process decides: without a QEMU process
 * libvirtd cannot have the domain.
 */
int vm_gone_probe(void *context, struct deadline deadline, struct err *err);

/*
 * As the probe, but returns 0 only if libvirt has answered as well: a libvirtd that hangs may still
 * carry out earlier requests. -EBUSY: the domain or its process is here. Any other error: not
 * known.
 */
int vm_gone_confirm(struct vm_context *vm, struct deadline deadline, struct err *err);

#endif
