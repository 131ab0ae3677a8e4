/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PROCESS_SPAWN_H
#define LUNMASK_PROCESS_SPAWN_H

#include <sys/types.h>

/*
 * Starts a program. The child gets the descriptors that are named here and no other, no blocked
 * signal, and the default action for every signal. Its parent waits for it (waitpid(2)).
 */
#define PROCESS_SPAWN_FDS 4

enum process_spawn_flags {
	PROCESS_SPAWN_GROUP = 1u << 0,   /* leads a process group of its own */
	PROCESS_SPAWN_SESSION = 1u << 1, /* leads a session of its own */
	/* The kernel sends it SIGTERM when the thread that started it ends. */
	PROCESS_SPAWN_BOUND = 1u << 2,
};

struct process_spawn {
	const char *const *argv; /* ends with NULL; argv[0] is looked up in PATH if it has no '/' */
	/* What the child gets as 0, 1, 2 and 3. -1 is /dev/null, and for 3 nothing. */
	int fds[PROCESS_SPAWN_FDS];
	unsigned int flags;
};

/*
 * *ret_pidfd, unless ret_pidfd is NULL, is for the caller to close. 0, or -errno, with no child
 * left: -ENOENT when there is no such program.
 */
int process_spawn(const struct process_spawn *spawn, pid_t *ret_pid, int *ret_pidfd);

#endif
