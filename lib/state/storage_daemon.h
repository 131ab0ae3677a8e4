/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_STORAGE_DAEMON_H
#define LUNMASK_STORAGE_DAEMON_H

#include <sys/types.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * A qemu-storage-daemon(1) that this process starts and ends; the inside of image.h.
 *
 * It dies (SIGTERM, by the kernel) when the thread that started it does, and has none of our
 * descriptors: its stderr is a pipe that never blocks it, its QMP monitor one end of a socket pair
 * over which it greets us when everything on its command line is done.
 */
struct storage_daemon {
	pid_t pid;
	int pidfd;
	int qmp;
	int messages;
};

/*
 * argv begins with the program and must leave out the monitor. 0 when it is ready; -ENOENT when
 * there is no such program, -EIO when it refused (with its last words), -ETIMEDOUT. On failure it
 * is gone.
 */
int storage_daemon_start(const char *const *argv, struct deadline deadline,
			 struct storage_daemon *ret, struct err *err);

/*
 * SIGTERM, and SIGKILL after half of the time or 3 s. -EIO when it did not end well, -ETIMEDOUT
 * when it was killed; it is gone in all cases but -EBUSY.
 */
int storage_daemon_end(struct storage_daemon *daemon, struct deadline deadline, struct err *err);

/*
 * Ends every such daemon in our mount namespace that has argument on its command line, whoever
 * started it. -EBUSY when one does not end. 0 when there is none.
 */
int storage_daemon_end_others(const char *argument, struct deadline deadline, struct err *err);

#endif
