/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_RELEASED_H
#define LUNMASK_VM_RELEASED_H

#include "survey/vm_strays.h"

/*
 * Finds out which of the VM's releases in the journal may end (rules/released.h). It uses what
 * vm_strays_look() has read, and asks the array once more only if a released LUN is not there. A
 * release of LUNs that vm does not name is left out: vm_all.h lists them separately.
 *
 * Fills strays->released. 0 or -ENOMEM.
 */
int vm_released_look(struct vm_context *vm, const struct vm_strays_sources *way,
		     struct vm_strays *strays, struct deadline deadline);

#endif
