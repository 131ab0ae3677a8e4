/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_GRANT_H
#define LUNMASK_VM_GRANT_H

#include <stddef.h>

#include "array/array.h"
#include "base/err.h"
#include "names/lun.h"

/* What one task grants to one host. All zero at first; vm_masks.h has the steps that fill it. */
struct vm_grant {
	struct array_changed missing; /* LUNs that the host did not hold before */
	struct array_changed added;   /* what may be taken away again */
};

/* These were added by this task, if by an earlier process of it. -ENOMEM. */
int vm_grant_note(struct vm_grant *grant, const char (*luns)[LUN_NAME_MAX + 1], size_t n_luns,
		  struct err *err);

void vm_grant_release(struct vm_grant *grant);

#endif
