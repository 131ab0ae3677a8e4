/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_FENCER_H
#define LUNMASK_FENCER_H

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
 * Asks the fencer of this node. Blocks, for longer than timeout_s when the fencer hangs: for a
 * process or a thread that can be left behind. 0, or a Pacemaker code (negative; pcmk_strerror()).
 */
int fencer_last_fencing(const char *client, const char *node, int timeout_s, time_t *ret);
int fencer_last_unfencing(const char *client, const char *node, int timeout_s, time_t *ret);

#endif
