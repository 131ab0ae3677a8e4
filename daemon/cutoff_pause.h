/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_CUTOFF_PAUSE_H
#define LUNMASK_DAEMON_CUTOFF_PAUSE_H

#include "err.h"
#include "process_set.h"

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
 * of any slow one. Whoever is killed between the two leaves it stopped; cutoff_pause_take_over() is
 * for the next one. (Pacemaker ends a controller that is silent for 35 s; its node is fenced.)
 */
#define CUTOFF_PAUSE_CONTROLLER "pacemaker-contr" /* as the kernel has it */

struct cutoff_pause {
	const char *program;
	struct process_set stopped;
};

/* Where none runs nothing is done; nor when it is paused already. */
int cutoff_pause_begin(struct cutoff_pause *pause, struct err *err);
int cutoff_pause_end(struct cutoff_pause *pause, struct err *err);

/* What a predecessor has stopped goes on. */
int cutoff_pause_take_over(struct cutoff_pause *pause, struct err *err);

#endif
