/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PORTAL_PROBE_H
#define LUNMASK_PORTAL_PROBE_H

#include <stddef.h>

#include "config/config.h"
#include "names/path.h"

/*
 * Measures paths: connects to each portal, logs in to a discovery session (RFC 7143 4.3) with this
 * host's initiator name, and logs out. No LUN is needed, and none is touched.
 */

/*
 * Fills state, latency_us and reason of each path; configured is not used. config says how
 * this host logs in to the array; NULL: without CHAP. All are
 * tried side by side, PORTAL_PROBES_MAX at a time, each for at most timeout_ms. initiator must be a
 * legal name. done is called for each path as soon as its result is there, in any order.
 */
#define PORTAL_PROBES_MAX 512
void portal_probe(struct path *paths, size_t n, const char *initiator, const struct config *config,
		  int timeout_ms, void (*done)(void *data, const struct path *path), void *data);

#endif
