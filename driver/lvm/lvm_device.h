/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_LVM_DEVICE_H
#define LUNMASK_LVM_DEVICE_H

#include <stdint.h>

#include "base/deadline.h"
#include "driver/core/fault.h"

/*
 * The block device of a logical volume. It is opened only if the kernel says that it is this
 * volume: another one may have its name meanwhile, and a file in its place is what somebody has
 * written to a device node that was not there.
 */

/*
 * uuid: of the device mapper (lvm_report.h). flags: of open(2). "internal": it is not there, or is
 * another one, or has another size. The caller closes *ret_fd.
 */
int lvm_device_open(const char *path, const char *uuid, uint64_t size_bytes, int flags, int *ret_fd,
		    struct fault *fault);

/*
 * Makes zeros of what is behind *filled_bytes, until the deadline, but of one piece at least; then
 * they are durable, and *filled_bytes says how far it came.
 */
int lvm_device_fill(int fd, uint64_t size_bytes, struct deadline deadline, uint64_t *filled_bytes,
		    struct fault *fault);

#endif
