/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_REFLINK_H
#define LUNMASK_REFLINK_H

#include <stddef.h>

#include "driver/core/fault.h"

/*
 * Files that share their blocks with another file until one of them is written (ioctl_ficlone(2)).
 * It takes a moment, whatever the size. What a process has written to the source before is in the
 * copy, also what is not on the disks yet; the kernel writes that first.
 */

/* "unsupported": the file system of the folder has no reflinks. Nothing is left of it. */
int reflink_probe(const char *folder, const char *source, struct fault *fault);

/* Makes file, which must not exist, with those permissions. It is not durable yet. */
int reflink_make(const char *source, const char *file, unsigned int mode, struct fault *fault);

/* Its content, and its name in the folder. */
int reflink_sync(const char *folder, const char *file, struct fault *fault);

#endif
