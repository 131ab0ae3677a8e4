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
int fencer_last_unfencing(const char *client, const char *node, int timeout_s, time_t *ret);

/*
 * Has node been fenced and not been unfenced since? Only fencings that the fencer remembers count.
 */
int fencer_is_fenced(const char *client, const char *node, int timeout_s, bool *ret);

/*
 * Unfences the node ("on"), as stonith_admin --unfence does; the device runs on the node itself. 0:
 * it is unfenced.
 */
int fencer_unfence(const char *client, const char *node, int timeout_s);

#endif
