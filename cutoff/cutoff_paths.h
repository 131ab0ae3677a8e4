/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_CUTOFF_PATHS_H
#define LUNMASK_DAEMON_CUTOFF_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * This host's TCP connections to the ports of the arrays' portals, as /proc/net tells of them. A
 * fencing cuts sessions, and QEMU says nothing of it: it logs in again, and again, and its guest
 * waits. That one is gone is no more than a reason to ask the arrays.
 *
 *	struct cutoff_paths paths = {.n = 0};
 *	cutoff_paths_look(ports, n_ports, &paths, &lost, &err);     now and then
 *	cutoff_paths_release(&paths);
 */
struct cutoff_paths {
	uint64_t *keys; /* sorted; of each connection's own end and the other one */
	size_t n;
	size_t room;
};

/* *ret_lost: one of those of the look before is there no more. */
int cutoff_paths_look(const uint16_t *ports, size_t n_ports, struct cutoff_paths *paths,
		      bool *ret_lost, struct err *err);
void cutoff_paths_release(struct cutoff_paths *paths);

/* Adds those of a text of the form of /proc/net/tcp, or tcp6, to paths, unsorted. -ENOMEM. */
int cutoff_paths_parse(const char *text, const uint16_t *ports, size_t n_ports,
		       struct cutoff_paths *paths);
/* Is one of before not in after? Both are sorted. */
bool cutoff_paths_lost(const struct cutoff_paths *before, const struct cutoff_paths *after);
void cutoff_paths_sort(struct cutoff_paths *paths);

#endif
