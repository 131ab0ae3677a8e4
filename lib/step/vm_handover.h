/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_HANDOVER_H
#define LUNMASK_VM_HANDOVER_H

#include "vm/vm_context.h"

/*
 * Opens and closes the hand-over window of a migration, on the source. While it is open, both hosts
 * are granted the VM's LUNs; it ends with the revoke of the source.
 *
 * Step "grant": vm->peer is granted all LUNs, and no host besides it and this one is granted any.
 * vm_peer_open() must have set vm->peer. -EPERM: another host holds a LUN.
 */
int vm_handover_probe(void *context, struct deadline deadline, struct err *err);
int vm_handover_run(void *context, struct deadline deadline, struct err *err);

/*
 * Closes the window, unless the domain runs on the peer or exists only there (-EBUSY). First it
 * destroys an incomplete incoming domain on the peer; then it revokes the peer's grants; only then
 * does it resume a source domain that the failed migration left paused.
 */
int vm_handover_undo(void *context, struct deadline deadline, struct err *err);

#endif
