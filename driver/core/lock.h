/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_LOCK_H
#define LUNMASK_ARRAY_LOCK_H

#include "base/deadline.h"
#include "driver/core/fault.h"

/*
 * One lock for the whole array, for all processes of its management host.
 *
 *	rc = lock_take(file, LOCK_KIND_CHANGE, deadline, &fd, &fault);
 *	lock_release(fd);
 *
 * It is fair: a process waits only for those that came before it. Readers share it. Fencing goes
 * first: it waits for the requests that are being served, not for those that wait.
 *
 * The kernel keeps the queue, as locks on bytes of the file, so that nobody polls, and a process
 * that is killed leaves the queue or the lock at once. The file has the number of the last process
 * that came. It is never removed.
 */
enum lock_kind {
	LOCK_KIND_NONE,
	LOCK_KIND_READ,
	LOCK_KIND_CHANGE, /* excludes all others */
	LOCK_KIND_READ_FIRST,
	LOCK_KIND_CHANGE_FIRST,
};

/*
 * *ret_fd is -1 for LOCK_KIND_NONE. "busy": not obtained before the deadline. "internal": the file
 * cannot be opened or locked. Uses SIGALRM, so only one thread of a process may call it.
 */
int lock_take(const char *file, enum lock_kind kind, struct deadline deadline, int *ret_fd,
	      struct fault *fault);

/* fd -1: does nothing. */
void lock_release(int fd);

#endif
