/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_FENCER_HISTORY_H
#define LUNMASK_FENCER_HISTORY_H

#include <stdbool.h>
#include <time.h>

#include "cluster/pacemaker_compat.h"

/*
 * Reads the history of one node that Pacemaker's fencer returns: a list in any order. Only
 * successful actions count. "off" and "reboot" are fencings; "on" is an unfencing, which ends a
 * fencing. Used by fencer.c.
 */

/* The time at which the last fencing was completed; 0: there is none. */
time_t fencer_history_last(const stonith_history_t *history);
/* The number of fencings in the history. */
int fencer_history_count(const stonith_history_t *history);
/* The time at which the last unfencing was completed; 0: there is none. */
time_t fencer_history_last_on(const stonith_history_t *history);

/* Was the last of them a fencing, with no unfencing since? False for an empty history. */
bool fencer_history_is_fenced(const stonith_history_t *history);

#endif
