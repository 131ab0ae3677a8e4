/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_REGRANT_H
#define LUNMASK_VM_REGRANT_H

#include "vm/vm_context.h"

/*
 * An array that was restarted may have lost its masks. QEMU tries to log in again without end, so
 * the guest goes on when its host is granted the LUNs again.
 *
 * The domain must run on this host. The LUNs are granted only if the journal says that this host
 * may use them, that no other host may, and that this host was not fenced since; if no task of the
 * VM is open; and under quorum (I8). 0: this host is granted all LUNs. -EPERM with the reason: the
 * journal does not permit it. Otherwise the errors of vm_journal.h and array_apply().
 */
int vm_regrant(struct vm_context *vm, struct deadline deadline, struct err *err);

#endif
