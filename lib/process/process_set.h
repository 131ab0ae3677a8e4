/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PROCESS_SET_H
#define LUNMASK_PROCESS_SET_H

#include <stddef.h>
#include <sys/types.h>

#include "base/deadline.h"
#include "base/err.h"
#include "names/name_limits.h"

/*
 * Processes that are held by pidfds, each from one moment on: whatever begins later, and be it with
 * the same pid, is none of them. For the one who must ask a question first and act on the answer
 * then, perhaps much later: what came in between is not acted on.
 *
 *	struct process_set set = {.n = 0};
 *	process_set_add(&set, pid, pidfd, "web1");
 *	process_set_release(&set);
 */
struct process_held {
	pid_t pid;
	int pidfd;
	char name[VM_NAME_MAX + 1];
};

struct process_set {
	struct process_held *held;
	size_t n;
	size_t room;
};

/* Takes the pidfd, also when it fails (-ENOMEM). */
int process_set_add(struct process_set *set, pid_t pid, int pidfd, const char *name,
		    struct err *err);

/* A signal to all; the first failure is told, the others get it all the same. */
int process_set_signal(const struct process_set *set, int signal, struct err *err);

/* Lets go of those that have ended by the deadline, which may have passed. */
void process_set_reap(struct process_set *set, struct deadline deadline);

/* SIGKILL to all; -ETIMEDOUT names one that has not ended, as one that hangs in the kernel may not.
 */
int process_set_end(struct process_set *set, struct deadline deadline, struct err *err);

void process_set_release(struct process_set *set);

#endif
