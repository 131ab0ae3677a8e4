/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cutoff/cutoff.h"

#include <assert.h>
#include <glib.h>

static const struct {
	const char *text;
	bool told; /* is logged; the other events are too frequent */
} events[] = {
	[CUTOFF_STARTED] = {"start", false},
	[CUTOFF_SESSION_LOST] = {"a session with an array was lost", false},
	[CUTOFF_IO_ERROR] = {"libvirt reported an I/O error of a domain, or has reconnected", true},
	[CUTOFF_STALLED] = {"this host, or this process, stood still", true},
};
static_assert(G_N_ELEMENTS(events) == CUTOFF_EVENT_MAX, "an event without a text");

/* Intervals between queries after an event: the fencing may come later than the event. */
static const int64_t query_interval_ms[] = {1000, 2000, 4000, 8000};

/* Intervals between attempts to be unfenced: short while the nodes form a membership again. */
static const int64_t unfence_interval_ms[] = {1000, 1000, 1000,  1000,  2000, 2000,
					      4000, 8000, 16000, 32000, 60000};

const char *cutoff_event_to_str(enum cutoff_event event)
{
	return events[event].text;
}

void cutoff_init(struct cutoff *cutoff, int64_t now_ms)
{
	*cutoff = (struct cutoff){
		.last = CUTOFF_UNKNOWN,
		.n_queries = G_N_ELEMENTS(query_interval_ms),
		.query_ms = now_ms,
		.backoff_ms = CUTOFF_QUERY_MIN_MS,
		.return_ms = INT64_MAX,
	};
	for (size_t i = 0; i < CUTOFF_EVENT_MAX; i++) {
		cutoff->told_ms[i] = now_ms - CUTOFF_TELL_MS;
	}
}

static int64_t min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* A failing disk may cause many events per second. */
static bool event_tell(struct cutoff *cutoff, enum cutoff_event event, int64_t now_ms)
{
	if (!events[event].told || now_ms - cutoff->told_ms[event] < CUTOFF_TELL_MS) {
		return false;
	}
	cutoff->told_ms[event] = now_ms;
	return true;
}

bool cutoff_event(struct cutoff *cutoff, enum cutoff_event event, int64_t now_ms)
{
	int64_t at_ms = now_ms;

	if (cutoff->has_queried && at_ms < cutoff->queried_ms + CUTOFF_QUERY_MIN_MS) {
		at_ms = cutoff->queried_ms + CUTOFF_QUERY_MIN_MS;
	}
	cutoff->n_queries = 0;
	cutoff->backoff_ms = CUTOFF_QUERY_MIN_MS;
	cutoff->query_ms = min(cutoff->query_ms, at_ms);
	return event_tell(cutoff, event, now_ms);
}

enum cutoff_act cutoff_next(const struct cutoff *cutoff, int64_t now_ms, int64_t *ret_at_ms)
{
	*ret_at_ms = min(cutoff->query_ms, cutoff->return_ms);
	if (now_ms >= cutoff->query_ms) {
		return CUTOFF_QUERY;
	}
	return now_ms >= cutoff->return_ms ? CUTOFF_UNFENCE : CUTOFF_WAIT;
}

static int64_t doubled(int64_t *wait_ms, int64_t max_ms)
{
	int64_t now_ms = *wait_ms;

	*wait_ms = min(2 * now_ms, max_ms);
	return now_ms;
}

static int64_t query_wait(struct cutoff *cutoff)
{
	if (cutoff->last != CUTOFF_OPEN) {
		return doubled(&cutoff->backoff_ms, CUTOFF_BACKOFF_MAX_MS);
	}
	if (cutoff->n_queries < G_N_ELEMENTS(query_interval_ms)) {
		return query_interval_ms[cutoff->n_queries++];
	}
	return cutoff->busy ? CUTOFF_BUSY_MS : CUTOFF_IDLE_MS;
}

static int64_t return_wait(struct cutoff *cutoff)
{
	size_t try = cutoff->returns < G_N_ELEMENTS(unfence_interval_ms)
			     ? cutoff->returns++
			     : G_N_ELEMENTS(unfence_interval_ms) - 1;

	return unfence_interval_ms[try];
}

void cutoff_queried(struct cutoff *cutoff, enum cutoff_answer answer, bool busy, bool clean,
		    int64_t now_ms)
{
	/* Query early: more may be starting. What cannot be killed does not shorten the interval.
	 */
	if (answer != cutoff->last || (answer == CUTOFF_FENCED && busy && clean)) {
		cutoff->backoff_ms = CUTOFF_QUERY_MIN_MS;
	}
	cutoff->last = answer;
	cutoff->clean = clean;
	cutoff->busy = busy;
	cutoff->has_queried = true;
	cutoff->queried_ms = now_ms;
	cutoff->query_ms = now_ms + query_wait(cutoff);
	if (answer == CUTOFF_OPEN) {
		cutoff->returns = 0;
	}
	if (answer != CUTOFF_FENCED || !clean) {
		cutoff->return_ms = INT64_MAX;
	} else if (cutoff->return_ms == INT64_MAX) {
		cutoff->return_ms = now_ms + return_wait(cutoff);
	}
}

/* Even if the cluster says that it is done, the next query has to confirm it. */
void cutoff_unfence_tried(struct cutoff *cutoff, bool done, int64_t now_ms)
{
	cutoff->return_ms = now_ms + return_wait(cutoff);
	if (done) {
		cutoff->query_ms = now_ms;
	}
}
