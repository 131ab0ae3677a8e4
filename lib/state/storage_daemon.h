/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_STORAGE_DAEMON_H
#define LUNMASK_STORAGE_DAEMON_H

#include <sys/types.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * Starts and terminates a qemu-storage-daemon(1). This module is a part of the implementation of
 * image.h.
 *
 *	rc = storage_daemon_start(argv, -1, deadline, &daemon, err);
 *	rc = storage_daemon_end(&daemon, deadline, err);
 *
 * When the thread that started the daemon exits, the kernel sends the daemon SIGTERM. The daemon
 * inherits none of this process's descriptors. Its stdout and stderr are a non-blocking pipe. Its
 * QMP monitor is one end of a socket pair: the QMP greeting says that the daemon has completed
 * everything on its command line.
 */
struct storage_daemon {
	pid_t pid;
	int pidfd;
	int qmp;
	int messages;
};

/*
 * argv begins with the program and must not define the QMP monitor. secret: the stdin of a daemon
 * that reads a secret from it (qemu_login.h), and leaves no core dump; or -1. The caller closes it.
 * 0 if the daemon is ready.
 * Otherwise, with text, -ENOENT (the program does not exist), -E2BIG (argv is too long), -EIO (the
 * daemon exited; the text is its last message), -ETIMEDOUT, -EBUSY, or the -errno of a system call.
 * After a failure the daemon is gone, unless it does not exit even after SIGKILL.
 */
int storage_daemon_start(const char *const *argv, int secret, struct deadline deadline,
			 struct storage_daemon *ret, struct err *err);

/*
 * Sends SIGTERM, and SIGKILL after half of the time or 3 s, whichever is shorter. -EIO if the
 * daemon exited with an error, -ETIMEDOUT if SIGKILL was needed, -EBUSY if it does not exit even
 * after SIGKILL. In all other cases it is gone. Releases the struct in every case.
 */
int storage_daemon_end(struct storage_daemon *daemon, struct deadline deadline, struct err *err);

/*
 * Terminates every qemu-storage-daemon in this process's mount namespace that has argument on its
 * command line, no matter who started it. 0 also if there is none. -ETIMEDOUT if one does not exit.
 */
int storage_daemon_end_others(const char *argument, struct deadline deadline, struct err *err);

#endif
