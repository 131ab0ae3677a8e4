/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_HANDOVER_H
#define LUNMASK_VM_HANDOVER_H

#include "vm/vm_context.h"

/*
 * The hand-over window: from here until the source's revoke both hosts are granted the VM's LUNs.
 *
 * Step "grant": vm->peer sees all LUNs; nobody but it and this host does.
 */
int vm_handover_probe(void *context, struct deadline deadline, struct err *err);
int vm_handover_run(void *context, struct deadline deadline, struct err *err);

/*
 * Closes the window again, while the domain is known to be here and not there. A half-made
 * incoming domain on the peer is ended first; a source that the failed migration left paused goes
 * on only when the peer is cut off.
 */
int vm_handover_undo(void *context, struct deadline deadline, struct err *err);

#endif
