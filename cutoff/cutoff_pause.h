/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_CUTOFF_PAUSE_H
#define LUNMASK_DAEMON_CUTOFF_PAUSE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "process/process_set.h"

/*
 * Stops Pacemaker's controller on this host while the arrays are being asked. A host that stood
 * still becomes a cluster member again within a third of a second. It then reports that its VMs
 * run, and may even be the node that decides what to do about them. No array answers that fast.
 *
 *	struct cutoff_pause pause = {.program = CUTOFF_PAUSE_CONTROLLER};
 *	cutoff_pause_begin(&pause, &err);
 *	cutoff_pause_end(&pause);
 *
 * The controller is stopped by SIGSTOP and continued by SIGCONT. Meanwhile the other nodes wait for
 * it as for any slow node. A child process sends both signals. It continues the controller after
 * CUTOFF_PAUSE_MS, or when this process exits for whatever reason, so a hang of this process does
 * not make Pacemaker hang. (Pacemaker kills a controller that does not respond for 35 s, and the
 * node is fenced.)
 *
 * The caller owns the struct.
 */
#define CUTOFF_PAUSE_CONTROLLER "pacemaker-contr" /* its name in the kernel (15 characters) */
#define CUTOFF_PAUSE_MS 2500 /* less than fence_lunmask waits for the name of its node */

struct cutoff_pause {
	const char *program;
	struct process_set stopped;
	pid_t guard;    /* 0: not paused */
	int guard_pipe; /* closing this ends the guard */
};

/* Does nothing if no controller runs or if it is already paused. -errno with text. */
int cutoff_pause_begin(struct cutoff_pause *pause, struct err *err);

/* Continues the controller before it returns. Does nothing if it is not paused. */
void cutoff_pause_end(struct cutoff_pause *pause);

bool cutoff_pause_is_on(const struct cutoff_pause *pause);

#endif
