/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_FENCER_H
#define LUNMASK_FENCER_H

#include <stdbool.h>
#include <time.h>

#include <crm/stonith-ng.h>

/*
 * When Pacemaker's fencer last fenced a node, out of its history: by "off" or "reboot", and with
 * success. An "on" is there too and does not count: it is what ends a fencing (unfencing), and
 * whoever took it for one would take LUNs from a host that has just been let in again.
 */

/* 0: there is none. */
time_t fencer_history_last(const stonith_history_t *history);
/* The last "on". */
time_t fencer_history_last_on(const stonith_history_t *history);

/*
 * Was the last thing that was done to the node, with success, a fencing? Then the cluster has
 * fenced it, and has not let it in since. Not so when the node was never fenced, or by somebody the
 * fencer knows nothing of.
 */
bool fencer_history_is_fenced(const stonith_history_t *history);

/*
 * Asks the fencer of this node. Blocks, for longer than timeout_s when the fencer hangs: for a
 * process or a thread that can be left behind. 0, or a Pacemaker code (negative; pcmk_strerror()).
 */
int fencer_last_fencing(const char *client, const char *node, int timeout_s, time_t *ret);
int fencer_last_unfencing(const char *client, const char *node, int timeout_s, time_t *ret);

/* Likewise fencer_history_is_fenced(). */
int fencer_is_fenced(const char *client, const char *node, int timeout_s, bool *ret);

/*
 * Has the node unfenced ("on"), as stonith_admin --unfence has: the device that can do it is run on
 * the node itself. Likewise blocking; 0 when it was done.
 */
int fencer_unfence(const char *client, const char *node, int timeout_s);

#endif
