/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_FENCER_HISTORY_H
#define LUNMASK_FENCER_HISTORY_H

#include <stdbool.h>
#include <time.h>

#include <crm/stonith-ng.h>

/*
 * What the history of one node says, as Pacemaker's fencer gives it: a list in any order. Only
 * actions that succeeded count. "off" and "reboot" are fencings; "on" is an unfencing, which ends a
 * fencing. For fencer.c.
 */

/* When the last fencing was completed; 0: there is none. */
time_t fencer_history_last(const stonith_history_t *history);
/* The last unfencing. */
time_t fencer_history_last_on(const stonith_history_t *history);

/*
 * Is the later of the last fencing and the last unfencing a fencing? Then the cluster has fenced
 * the node, and has not unfenced it since. An empty history: no.
 */
bool fencer_history_is_fenced(const stonith_history_t *history);

#endif
