/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_LOCK_H
#define LUNMASK_ARRAY_LOCK_H

#include "base/deadline.h"
#include "driver/core/fault.h"

/*
 * One lock for the whole array, across the processes of its management host: the lock of an open
 * file, so that it ends with the process that has it. The file stays and is empty.
 */

/* The descriptor, which holds the lock until it is closed; or "busy" when it was not got in time.
 */
int lock_take(const char *file, struct deadline deadline, int *ret_fd, struct fault *fault);

#endif
