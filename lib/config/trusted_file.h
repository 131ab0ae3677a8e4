/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TRUSTED_FILE_H
#define LUNMASK_TRUSTED_FILE_H

#include <stddef.h>
#include <sys/stat.h>

#include "base/err.h"

/*
 * Files that say what a program of root's does: regular ones, root's or the caller's, and others
 * may not do with them what is forbidden.
 */

/* 0, -EINVAL or -EACCES; the text says with which mode it would do. */
int trusted_file_check(const struct stat *status, mode_t forbidden, struct err *err);

/* Up to size bytes of one that nobody else may write. Never waits, for a FIFO either. -errno. */
int trusted_file_read(const char *path, char *buffer, size_t size, size_t *ret_bytes,
		      struct err *err);

#endif
