/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_PATHS_H
#define LUNMASK_DAEMON_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "names/path.h"
#include "san/path_report.h"

/*
 * The table of this host's paths: what is measured when, and what a result changes. Time and
 *results in, requests and changes out; no I/O and no clock (docs/decisions/0025).
 *
 *	paths = paths_new(&settings, &ops, user);
 *	at paths_next_ms(paths):
 *		while (paths_due(paths, now_ms, &request)) { start a round; path_request_release() }
 *	paths_done(paths, now_ms, request.ask, report, why);      once for each round
 *
 * At most one round that measures (ALL or SOME) and one that asks the drivers (PORTS) are under
 *way.
 *
 * Dampening. A result that contradicts a row does not change it, but has the portal measured again
 * after PATHS_AGAIN_MS; the second one in a row changes it. A path that has fallen n times, where
 * each PATHS_CALM_MS in which it stayed up takes back one, is up again only after 2, 4, then 8
 * results of ordinary rounds, from the second fall on. A row that is UNKNOWN takes any result.
 */
#define PATHS_AGAIN_MS 1000
#define PATHS_PORTS_MS 300000 /* between two questions to the drivers */
#define PATHS_CALM_MS 600000
#define PATHS_STALE_ROUNDS 3  /* without a result for so many intervals, a path is UNKNOWN */
#define PATHS_DRIVER_MS 10000 /* for a driver's answer */

struct paths_settings {
	int interval_ms; /* from one round of all portals to the next */
	int timeout_ms;  /* for each portal; less than interval_ms */
};

struct paths_row {
	struct path path;
	int64_t since_ms;    /* the state is this one */
	int64_t measured_ms; /* the last result; 0: none yet */
	/* For paths.c: */
	enum path_state seen; /* what the last results were, if they contradict the state */
	int again;            /* so many in a row */
	int64_t due_ms;       /* measure it then, although no round of all is due */
	int falls;
	int64_t calm_ms;
	bool asked; /* it was there when the round of all began */
};

struct paths_ops {
	/* The state has changed. before PATH_UNKNOWN: it was not known, or the row is new. */
	void (*changed)(void *user, const struct paths_row *row, enum path_state before);
	/* A round that measures has ended, in one way or the other. */
	void (*measured)(void *user);
	/* Rounds fail, or no longer: why is "". Only when that changes. */
	void (*trouble)(void *user, const char *why);
};

struct paths;

/* settings and ops are borrowed. node: this node's name, copied. */
struct paths *paths_new(const struct paths_settings *settings, const char *node,
			const struct paths_ops *ops, void *user);
void paths_free(struct paths *paths); /* NULL is allowed */

/* When paths_due() has to be called next; INT64_MAX: after paths_done() only. */
int64_t paths_next_ms(const struct paths *paths);

/* True: this round has to be started now, and the caller releases *ret. Otherwise nothing is due.
 */
bool paths_due(struct paths *paths, int64_t now_ms, struct path_request *ret);

/* The end of a round. report NULL: it has none, for this reason. Both are borrowed. */
void paths_done(struct paths *paths, int64_t now_ms, enum path_ask ask,
		const struct path_report *report, const char *why);

/* The rows, by array and portal. generation: another one if rows have come or gone. */
size_t paths_count(const struct paths *paths);
const struct paths_row *paths_at(const struct paths *paths, size_t i);
uint64_t paths_generation(const struct paths *paths);

/* "" or why the last round has failed. */
const char *paths_trouble(const struct paths *paths);

#endif
