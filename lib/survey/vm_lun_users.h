/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_LUN_USERS_H
#define LUNMASK_VM_LUN_USERS_H

#include "vm/vm_context.h"

/*
 * Does anything on this host use one of these LUNs of the VM's array, other than the VM itself: a
 * domain of lunmask, or any QEMU that has the LUN on its command line? 0: no. -EPERM names what
 * does. Any other error: not known.
 */
int vm_lun_users_none(struct vm_context *vm, const char *const *luns, size_t n_luns,
		      struct deadline deadline, struct err *err);

#endif
