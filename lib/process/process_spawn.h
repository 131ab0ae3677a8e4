/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PROCESS_SPAWN_H
#define LUNMASK_PROCESS_SPAWN_H

#include <sys/types.h>

/*
 * Starts a program. The child gets only the descriptors in fds, no blocked signals, and the default
 * action for every signal, except for the two that glibc reserves (32 and 33): their action is
 * inherited. The caller must reap the child with waitpid(2).
 */
#define PROCESS_SPAWN_FDS 4

enum process_spawn_flags {
	PROCESS_SPAWN_GROUP = 1u << 0,   /* the child leads a new process group */
	PROCESS_SPAWN_SESSION = 1u << 1, /* the child leads a new session */
	/* The kernel sends the child SIGTERM when the thread that started it exits. */
	PROCESS_SPAWN_BOUND = 1u << 2,
	PROCESS_SPAWN_BOUND_KILL = 1u << 3, /* the same, with SIGKILL */
	PROCESS_SPAWN_NO_CORE = 1u << 4,    /* it gets a secret, and must leave no core dump */
};

struct process_spawn {
	const char *const *argv; /* NULL-terminated; argv[0] is searched in PATH if it has no '/' */
	/* The child's descriptors 0 to 3. -1 means /dev/null for 0 to 2, and closed for 3. */
	int fds[PROCESS_SPAWN_FDS];
	unsigned int flags;
};

/* The caller closes *ret_pidfd (or NULL). -errno: no child is left; -ENOENT: no such program. */
int process_spawn(const struct process_spawn *spawn, pid_t *ret_pid, int *ret_pidfd);

#endif
