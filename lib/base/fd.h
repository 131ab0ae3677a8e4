/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_FD_H
#define LUNMASK_FD_H

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

/* A descriptor that is closed at the end of its scope: AUTO_FD fd = open(...). -1 means none. */
static inline void fd_close(int *fd)
{
	if (*fd >= 0) {
		(void)close(*fd);
		*fd = -1;
	}
}
#define AUTO_FD __attribute__((cleanup(fd_close))) int

/* Reads to the end of the file, or until the buffer is full. The number of bytes, or -errno. */
static inline ssize_t fd_read(int fd, void *buffer, size_t size)
{
	size_t done = 0;
	ssize_t n;

	do {
		n = TEMP_FAILURE_RETRY(read(fd, (uint8_t *)buffer + done, size - done));
		done += n > 0 ? (size_t)n : 0;
	} while (n > 0 && done < size);
	return n < 0 ? -errno : (ssize_t)done;
}

#endif
