/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_RESIZE_H
#define LUNMASK_VM_RESIZE_H

#include "vm/vm_context.h"

/*
 * For the administrator: a drive grows. Its LUN is made larger on the array, the mapping file notes
 * the size, and a guest that runs here is told. The VM runs on this host, or nowhere: then this
 * host is granted its LUNs for a moment. It is a visit (vm_visit.h), with its errors.
 *
 * Each step looks whether it is done, so the same call goes on where one was killed. What it does
 * not come to, the next start does: a LUN that has grown is accepted, and noted.
 */
#define VM_RESIZE_STATE "state" /* in place of a drive: the state LUN */

struct vm_resized {
	char lun[LUN_NAME_MAX + 1];
	uint64_t before_bytes;
	bool here; /* the domain is active on this host, and was told */
};

/*
 * target: a drive of luns, or VM_RESIZE_STATE. -EINVAL: the LUN is larger. -ENOENT: no such drive.
 * -EPERM: it is a medium, a part of a LUN, or has the size that a firmware wants. -EBUSY names the
 * host that has the VM. -EOPNOTSUPP: the array's driver cannot do it.
 */
int vm_resize(struct vm_context *vm, const char *target, uint64_t size_bytes,
	      struct deadline deadline, struct vm_resized *ret, struct err *err);

#endif
