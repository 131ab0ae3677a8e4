/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_CUTOFF_PATHS_H
#define LUNMASK_DAEMON_CUTOFF_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * This host's TCP connections to the ports of the arrays' portals, read from /proc/net. A fencing
 * closes the sessions. QEMU does not report that: it logs in again and again while its guest waits.
 * A lost connection is only a reason to ask the arrays.
 *
 *	struct cutoff_paths paths = {.n = 0};
 *	cutoff_paths_look(ports, n_ports, &paths, &lost, &err);     periodically
 *	cutoff_paths_release(&paths);
 *
 * The caller owns the struct.
 */
struct cutoff_paths {
	uint64_t *keys; /* sorted; a hash of each connection's local and remote address */
	size_t n;
	size_t room;
};

/* Reads the current connections. *ret_lost: one of the previous call is gone. -errno with text. */
int cutoff_paths_look(const uint16_t *ports, size_t n_ports, struct cutoff_paths *paths,
		      bool *ret_lost, struct err *err);
void cutoff_paths_release(struct cutoff_paths *paths);

/*
 * Adds the connections in a text in the format of /proc/net/tcp or tcp6 to paths, unsorted.
 * -ENOMEM.
 */
int cutoff_paths_parse(const char *text, const uint16_t *ports, size_t n_ports,
		       struct cutoff_paths *paths);
/* True if a connection in before is missing in after. Both must be sorted. */
bool cutoff_paths_lost(const struct cutoff_paths *before, const struct cutoff_paths *after);
void cutoff_paths_sort(struct cutoff_paths *paths);

#endif
