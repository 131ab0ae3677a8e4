/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_FENCER_H
#define LUNMASK_FENCER_H

#include <stdbool.h>
#include <time.h>

/*
 * Questions to Pacemaker's fencer on this node: when was a node last fenced, is it fenced now? And
 * one command: unfence it.
 *
 * The fencer records an unfencing ("on") in its history like a fencing. Here it does not count as
 * one: otherwise a caller would take LUNs from a host that has just been given them again.
 *
 * Each call blocks, and for longer than timeout_s if the fencer hangs. Call it in a process or
 * thread that can be left behind. client is the name under which the fencer logs the caller.
 * Returns 0 or a Pacemaker code (negative; pcmk_strerror()).
 */

/* When node was last fenced, or unfenced, successfully; 0: the fencer remembers none. */
int fencer_last_fencing(const char *client, const char *node, int timeout_s, time_t *ret);
/* Also how many fencings it remembers. */
int fencer_fencings(const char *client, const char *node, int timeout_s, int *ret_count,
		    time_t *ret_last);
int fencer_last_unfencing(const char *client, const char *node, int timeout_s, time_t *ret);

/* Was node fenced, and not unfenced since? Only fencings that the fencer remembers count. */
int fencer_is_fenced(const char *client, const char *node, int timeout_s, bool *ret);

/* How many devices of the fencer of this node can fence node. */
int fencer_devices(const char *client, const char *node, int timeout_s, int *ret_count);

/* As stonith_admin --unfence: "on", which the device runs on the node itself. 0: unfenced. */
int fencer_unfence(const char *client, const char *node, int timeout_s);

#endif
