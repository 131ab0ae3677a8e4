/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PROCESS_SET_H
#define LUNMASK_PROCESS_SET_H

#include <stddef.h>
#include <sys/types.h>

#include "base/deadline.h"
#include "base/err.h"
#include "names/name_limits.h"

/*
 * A set of processes, each held by a pidfd. A process that starts after its pidfd was opened is not
 * in the set, even if it has the same pid. Use it to collect processes, then ask a question, and
 * act on the answer much later without touching a process that started in between.
 *
 * The set owns the pidfds; process_set_release() closes them.
 *
 *	struct process_set set = {.n = 0};
 *	process_set_add(&set, pid, pidfd, "web1", err);
 *	process_set_end(&set, deadline, err);
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

/* Takes ownership of the pidfd, even on failure (-ENOMEM). Copies name, truncated if it is long. */
int process_set_add(struct process_set *set, pid_t pid, int pidfd, const char *name,
		    struct err *err);

/* Signals all processes. Returns the first failure, with text, but signals the others as well. */
int process_set_signal(const struct process_set *set, int signal, struct err *err);

/* Waits until the deadline, which may have passed, and removes those that have exited. */
void process_set_reap(struct process_set *set, struct deadline deadline);

/* SIGKILL, wait, remove the exited. -ETIMEDOUT names one that has not: a hang in the kernel? */
int process_set_end(struct process_set *set, struct deadline deadline, struct err *err);

void process_set_release(struct process_set *set);

#endif
