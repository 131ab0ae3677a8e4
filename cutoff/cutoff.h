/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_CUTOFF_H
#define LUNMASK_DAEMON_CUTOFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decides when a host asks its arrays whether they have it fenced, and when it asks the cluster to
 * unfence it. No I/O and no clock; times are ms of one monotonic clock.
 *
 *	cutoff_init(&cutoff, now);
 *	cutoff_event(&cutoff, CUTOFF_SESSION_LOST, now);     at each event
 *	switch (cutoff_next(&cutoff, now, &at_ms)) {
 *	case CUTOFF_WAIT:   until at_ms, or an event
 *	case CUTOFF_QUERY:   ask the arrays; cutoff_queried(&cutoff, answer, ..., now)
 *	case CUTOFF_UNFENCE: ask to be unfenced; cutoff_unfence_tried(&cutoff, done, now)
 *	}
 *
 * The caller owns the struct; nothing has to be released.
 *
 * After an event the host asks the arrays at once. Since the fencing may come later than the event,
 * it repeats the query several times during the next 15 s. It never queries twice within
 * CUTOFF_QUERY_MIN_MS. Only the answer of an array counts: an array that does not answer changes
 * nothing. The host asks to be unfenced only when the last query found it fenced and no process
 * that uses its LUNs is left. While the host is fenced, or an array does not answer, the intervals
 * grow.
 */
#define CUTOFF_QUERY_MIN_MS 1000
#define CUTOFF_BUSY_MS 30000        /* between queries without an event, while LUNs are in use */
#define CUTOFF_IDLE_MS 60000        /* the same while no LUNs are in use */
#define CUTOFF_BACKOFF_MAX_MS 30000 /* between queries while it is fenced, or that is unknown */
#define CUTOFF_TELL_MS 10000        /* between log lines for the same kind of event */

enum cutoff_event {
	CUTOFF_STARTED,
	CUTOFF_SESSION_LOST, /* a connection to a portal was lost */
	CUTOFF_IO_ERROR,     /* libvirt reported one, or one may have been missed */
	CUTOFF_STALLED,      /* this process did not run for some time */
	CUTOFF_EVENT_MAX,
};

const char *cutoff_event_to_str(enum cutoff_event event);

enum cutoff_answer {
	CUTOFF_OPEN,    /* every array says that the host is not fenced */
	CUTOFF_FENCED,  /* an array says that the host is fenced */
	CUTOFF_UNKNOWN, /* no array says that it is fenced, but not all answered */
};

enum cutoff_act { CUTOFF_WAIT, CUTOFF_QUERY, CUTOFF_UNFENCE };

struct cutoff {
	enum cutoff_answer last; /* result of the last query; SILENT before the first one */
	bool clean;              /* no process that uses LUNs was left after it */
	bool busy;
	bool has_queried;
	int64_t queried_ms;
	size_t n_queries; /* number of queries since the last event, at most the length of
			     query_interval_ms */
	int64_t query_ms;
	int64_t backoff_ms; /* next interval while fenced or while arrays do not answer */
	int64_t return_ms;
	int64_t told_ms[CUTOFF_EVENT_MAX];
	size_t returns; /* attempts to be unfenced since the host was last not fenced */
};

void cutoff_init(struct cutoff *cutoff, int64_t now_ms);
/* True: the caller should log the event. */
bool cutoff_event(struct cutoff *cutoff, enum cutoff_event event, int64_t now_ms);

/* The next action. *ret_at_ms: when it is due; now or in the past for all but CUTOFF_WAIT. */
enum cutoff_act cutoff_next(const struct cutoff *cutoff, int64_t now_ms, int64_t *ret_at_ms);

/* The result of a query. busy: processes that use LUNs were found; clean: none is left now. */
void cutoff_queried(struct cutoff *cutoff, enum cutoff_answer answer, bool busy, bool clean,
		    int64_t now_ms);
/* Reports an attempt to be unfenced. done: the cluster says that the host is unfenced. */
void cutoff_unfence_tried(struct cutoff *cutoff, bool done, int64_t now_ms);

#endif
