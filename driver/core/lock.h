/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_LOCK_H
#define LUNMASK_ARRAY_LOCK_H

#include "base/deadline.h"
#include "driver/core/fault.h"

/*
 * One lock for the whole array, shared by all processes of its management host. It is an flock(2)
 * on an open file, so it ends with the process that holds it. The file is empty and is never
 * removed.
 */

/*
 * Takes the lock. The caller closes the descriptor to release it. "busy": not obtained before the
 * deadline. "internal": the file cannot be opened or locked.
 */
int lock_take(const char *file, struct deadline deadline, int *ret_fd, struct fault *fault);

#endif
