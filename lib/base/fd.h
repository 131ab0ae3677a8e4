/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_FD_H
#define LUNMASK_FD_H

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

#endif
