/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_FENCER_H
#define LUNMASK_FENCER_H

#include <stdbool.h>
#include <time.h>

/*
 * Pacemaker's fencer of this node: when was a node last fenced, is it fenced now, unfence it.
 *
 * An unfencing ("on") stands in the fencer's history like a fencing. It does not count as one: a
 * caller that took it for a fencing would take LUNs from a host that was just given them again.
 *
 * Each call blocks, and for longer than timeout_s when the fencer hangs: for a process or a thread
 * that can be left behind. client is the name by which the fencer logs the caller. 0, or a
 * Pacemaker code (negative; pcmk_strerror()).
 */

/* When node was last fenced or unfenced, with success; 0: never, as far as the fencer knows. */
int fencer_last_fencing(const char *client, const char *node, int timeout_s, time_t *ret);
int fencer_last_unfencing(const char *client, const char *node, int timeout_s, time_t *ret);

/* Was node fenced and not unfenced since? Fencings that the fencer does not know do not count. */
int fencer_is_fenced(const char *client, const char *node, int timeout_s, bool *ret);

/*
 * Has the node unfenced ("on"), as stonith_admin --unfence does: the device runs on the node
 * itself. 0 when it was done.
 */
int fencer_unfence(const char *client, const char *node, int timeout_s);

#endif
