/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_GRANT_H
#define LUNMASK_VM_GRANT_H

#include <stddef.h>

#include "array/array.h"
#include "base/err.h"
#include "names/lun.h"

/*
 * The LUNs that one task grants to one host. Zero-initialised by the owner and filled by the steps
 * in vm_masks.h; freed with vm_grant_release().
 */
struct vm_grant {
	struct array_changed missing; /* LUNs that the host did not hold at first */
	struct array_changed added;   /* LUNs that this task added, and may revoke */
};

/* Records that this task added these LUNs, possibly in an earlier process. -ENOMEM. */
int vm_grant_note(struct vm_grant *grant, const char (*luns)[LUN_NAME_MAX + 1], size_t n_luns,
		  struct err *err);

void vm_grant_release(struct vm_grant *grant);

#endif
