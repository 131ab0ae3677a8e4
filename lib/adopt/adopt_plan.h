/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ADOPT_PLAN_H
#define LUNMASK_ADOPT_PLAN_H

#include "adopt/vm_adopt.h"

/*
 * Looks at everything that can be known before anything is changed: libvirt, the files, the array,
 * the cluster. What is in the way goes to adopt->result->refusals; an error means that it could not
 * be looked at. vm is opened with no LUN, and has them afterwards: vm->drives has all,
 * vm->lun_names those that the task makes.
 */
int adopt_plan_make(struct vm_context *vm, struct deadline deadline, struct err *err);

/* Of a task that only has to be completed: the definition as it was, and the LUNs that were there.
 */
int adopt_plan_rest(struct vm_context *vm, struct deadline deadline, struct err *err);

void adopt_plan_release(struct vm_adopt *adopt);

/*
 * The size of a drive: as large as its content, or as sizes say ("vda=20GiB"). -EINVAL: no size, or
 * too small.
 */
int adopt_plan_size(char *const *sizes, const char *target, uint64_t content_bytes, uint64_t *ret,
		    struct err *err);

#endif
