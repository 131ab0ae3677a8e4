/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_CUTOFF_H
#define LUNMASK_DAEMON_CUTOFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * When a host asks its arrays whether they have it fenced, and when it asks to be let in again.
 * Decided here; no I/O, no clock.
 *
 *	cutoff_init(&cutoff, now);
 *	cutoff_event(&cutoff, CUTOFF_SESSION_LOST, now);     whenever something has happened
 *	switch (cutoff_next(&cutoff, now, &at_ms)) {
 *	case CUTOFF_WAIT:   until at_ms, or an event
 *	case CUTOFF_LOOK:   ask the arrays; cutoff_looked(&cutoff, answer, ..., now)
 *	case CUTOFF_RETURN: ask to be let in; cutoff_returned(&cutoff, done, now)
 *	}
 *
 * After an event it looks at once and, since a fencing may still be on its way, again and again for
 * a quarter of a minute; but never twice within CUTOFF_LOOK_MIN_MS. Only an array's word counts: an
 * array that is silent changes nothing. To be let in is asked for only when the last look found the
 * host fenced and nothing left on it that uses its LUNs. Where it is fenced, or an array is silent,
 * it looks and asks with growing patience.
 */
#define CUTOFF_LOOK_MIN_MS 1000
#define CUTOFF_BUSY_MS 30000         /* between two looks for no reason, while LUNs are used here */
#define CUTOFF_IDLE_MS 60000         /* the same when they are not */
#define CUTOFF_PATIENCE_MAX_MS 30000 /* while it is fenced, or that is not known */
#define CUTOFF_TELL_MS 10000         /* between two lines about one kind of event */

enum cutoff_event {
	CUTOFF_STARTED,
	CUTOFF_SESSION_LOST, /* a connection to a portal is gone */
	CUTOFF_IO_ERROR,     /* libvirt has told of one, or may have without being heard */
	CUTOFF_STOOD_STILL,  /* this process did not run for a while */
	CUTOFF_EVENT_MAX,
};

const char *cutoff_event_to_str(enum cutoff_event event);

enum cutoff_answer {
	CUTOFF_OPEN,   /* every array says that it is not fenced */
	CUTOFF_FENCED, /* an array says that it is */
	CUTOFF_SILENT, /* none says that it is, and not all answer */
};

enum cutoff_act { CUTOFF_WAIT, CUTOFF_LOOK, CUTOFF_RETURN };

struct cutoff {
	enum cutoff_answer last; /* what the last look found; SILENT before the first */
	bool clean;              /* and nothing was left */
	bool busy;
	bool has_looked;
	int64_t looked_ms;
	size_t rung; /* looks since the last event */
	int64_t look_ms;
	int64_t fenced_wait_ms; /* with silent arrays, and with being fenced */
	int64_t return_ms;
	int64_t told_ms[CUTOFF_EVENT_MAX];
	size_t returns; /* tries, since it was not fenced last */
};

void cutoff_init(struct cutoff *cutoff, int64_t now_ms);
/* True: it is worth a line in the log. */
bool cutoff_event(struct cutoff *cutoff, enum cutoff_event event, int64_t now_ms);

/* *ret_at_ms: when it is due; in the past or now for all but CUTOFF_WAIT. */
enum cutoff_act cutoff_next(const struct cutoff *cutoff, int64_t now_ms, int64_t *ret_at_ms);

/* busy: there was something that uses LUNs; clean: there is nothing now. */
void cutoff_looked(struct cutoff *cutoff, enum cutoff_answer answer, bool busy, bool clean,
		   int64_t now_ms);
/* done: the host is said to be let in. */
void cutoff_returned(struct cutoff *cutoff, bool done, int64_t now_ms);

#endif
