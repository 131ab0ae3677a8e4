/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TRUSTED_FILE_H
#define LUNMASK_TRUSTED_FILE_H

#include <stddef.h>
#include <sys/stat.h>

#include "base/err.h"

/* Files that control what runs as root: regular, root's or the caller's, no forbidden mode bits. */

/* 0, -EINVAL or -EACCES; the text names an acceptable mode. */
int trusted_file_check(const struct stat *status, mode_t forbidden, struct err *err);

/* Reads at most size bytes; others must not be able to write the file. Never blocks. -errno. */
int trusted_file_read(const char *path, char *buffer, size_t size, size_t *ret_bytes,
		      struct err *err);

/* The same for a file that nobody else may read, either (mode 0600). */
int trusted_file_read_private(const char *path, char *buffer, size_t size, size_t *ret_bytes,
			      struct err *err);

#endif
