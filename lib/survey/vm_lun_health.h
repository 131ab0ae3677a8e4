/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_LUN_HEALTH_H
#define LUNMASK_VM_LUN_HEALTH_H

#include "vm/vm_context.h"

/*
 * Tells, as events of the monitor, which of the VM's LUNs the array calls degraded or failed: each
 * change once. What was told is in a file under /run, until the host is booted. A VM is not worse
 * for it: it would be on the same LUNs anywhere else.
 */
#define VM_LUN_HEALTH_DIRECTORY "/run/lunmask/lun-health"
/* Another directory, for tests. */
#define VM_LUN_HEALTH_VARIABLE "LUNMASK_LUN_HEALTH"

/*
 * Where the array does not answer, or its driver does not know the health, nothing is told, and
 * what was told before is kept.
 */
void vm_lun_health_tell(struct vm_context *vm, struct deadline deadline);

#endif
