/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_CUTOFF_PAUSE_H
#define LUNMASK_DAEMON_CUTOFF_PAUSE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "process/process_set.h"

/*
 * Pacemaker's controller on this host, kept from acting while an array is asked. A host that stood
 * still is a member again within a third of a second, says that its VMs run, and may be the one
 * who decides what is done about that: no array answers sooner.
 *
 *	struct cutoff_pause pause = {.program = CUTOFF_PAUSE_CONTROLLER};
 *	cutoff_pause_begin(&pause, &err);
 *	cutoff_pause_end(&pause, &err);
 *
 * It is stopped (SIGSTOP) and goes on (SIGCONT): the other nodes wait for what it says, as for that
 * of any slow one. A child does both, and lets it go on after CUTOFF_PAUSE_MS or when this process
 * ends, however it does: whatever hangs here, Pacemaker does not hang with it. (It ends a
 * controller that is silent for 35 s, and the node is fenced.)
 */
#define CUTOFF_PAUSE_CONTROLLER "pacemaker-contr" /* as the kernel has it */
#define CUTOFF_PAUSE_MS 2500 /* less than fence_lunmask waits for the name of its node */

struct cutoff_pause {
	const char *program;
	struct process_set stopped;
	pid_t guard; /* 0: none */
	int leash;   /* it ends when this is closed */
};

/* Where none runs nothing is done; nor when it is paused already. */
int cutoff_pause_begin(struct cutoff_pause *pause, struct err *err);

/* When it returns the controller goes on. */
void cutoff_pause_end(struct cutoff_pause *pause);

bool cutoff_pause_is_on(const struct cutoff_pause *pause);

#endif
