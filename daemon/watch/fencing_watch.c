/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch/fencing_watch.h"

#include <glib.h>

#include "base/deadline.h"
#include "watch/fencing_query.h"

#define MS_NS UINT64_C(1000000)
#define FAILURES_MAX 4

struct fencing_watch {
	qb_loop_t *loop;
	const char *program;
	const struct fencing_watch_ops *ops;
	void *user;
	struct fencing fencing;
	struct fencing_query *query;
	uint64_t ticket; /* ticket of the query */
	int failures;    /* consecutive failures */
	bool silent;
	qb_loop_timer_handle timer;
	bool armed;
};

static void watch_arm(struct fencing_watch *watch);

/* Pacemaker starts after lunmaskd, so the first failures are not reported. */
static void watch_failed(struct fencing_watch *watch, const char *why)
{
	watch->failures++;
	if (!watch->silent && (watch->failures >= FAILURES_MAX || !watch->fencing.present)) {
		watch->silent = true;
		watch->ops->silent(watch->user, why);
	}
}

static void on_times(struct fencing_watch *watch, const struct fencing_times *times)
{
	switch (fencing_answer(&watch->fencing, watch->ticket, times)) {
	case FENCING_FENCED: watch->ops->fenced(watch->user, watch->fencing.peer); break;
	case FENCING_VOID: watch->ops->let_in(watch->user, watch->fencing.peer); break;
	case FENCING_NONE: break;
	}
}

static void on_answer(void *user, int rc, const struct fencing_times *times)
{
	struct fencing_watch *watch = user;

	fencing_query_free(watch->query);
	watch->query = NULL;
	if (rc < 0) {
		watch_failed(watch, rc == -ETIMEDOUT ? "no answer in time" : "no answer");
	} else {
		watch->failures = 0;
		watch->silent = false;
	}
	if (rc == 0) {
		on_times(watch, times);
	}
	watch_arm(watch);
}

static void watch_ask(struct fencing_watch *watch)
{
	const char *peer = watch->ops->name(watch->user, watch->fencing.peer);
	const char *self = watch->ops->name(watch->user, watch->ops->self(watch->user));
	struct err err = ERR_INIT;

	if (peer == NULL || self == NULL) {
		watch_failed(watch, "corosync.conf has no name for one of the nodes");
		return;
	}
	if (fencing_query_new(watch->loop, watch->program, peer, self, on_answer, watch,
			      &watch->query, &err) < 0) {
		watch_failed(watch, err_text(&err));
	}
}

static void on_timer(void *data)
{
	struct fencing_watch *watch = data;

	watch->armed = false;
	if (watch->query == NULL &&
	    fencing_wants(&watch->fencing, deadline_now_ms(), &watch->ticket)) {
		watch_ask(watch);
	}
	watch_arm(watch);
}

static void watch_arm(struct fencing_watch *watch)
{
	int64_t next_ms = fencing_next_ms(&watch->fencing);
	int64_t now_ms = deadline_now_ms();
	uint64_t wait_ms = next_ms > now_ms ? (uint64_t)(next_ms - now_ms) : 1;

	if (watch->armed) {
		(void)qb_loop_timer_del(watch->loop, watch->timer);
		watch->armed = false;
	}
	/* While a query is running, its answer starts the timer. */
	if (next_ms != INT64_MAX && watch->query == NULL) {
		watch->armed = qb_loop_timer_add(watch->loop, QB_LOOP_LOW, wait_ms * MS_NS, watch,
						 on_timer, &watch->timer) == 0;
	}
}

struct fencing_watch *fencing_watch_new(qb_loop_t *loop, const char *program,
					const struct fencing_watch_ops *ops, void *user)
{
	struct fencing_watch *watch = g_new(struct fencing_watch, 1);

	*watch = (struct fencing_watch){.loop = loop, .program = program, .ops = ops, .user = user};
	return watch;
}

void fencing_watch_free(struct fencing_watch *watch)
{
	if (watch == NULL) {
		return;
	}
	fencing_query_free(watch->query);
	if (watch->armed) {
		(void)qb_loop_timer_del(watch->loop, watch->timer);
	}
	g_free(watch);
}

void fencing_watch_peer(struct fencing_watch *watch, uint32_t peer, bool present)
{
	uint64_t ticket = watch->fencing.ticket;

	fencing_peer(&watch->fencing, peer, present);
	if (ticket != watch->fencing.ticket) {
		watch_arm(watch);
	}
}

/* If Pacemaker does not answer now, it would not report the peer's fencing either. */
const char *fencing_watch_refused(const struct fencing_watch *watch, int64_t *ret_heard_ms)
{
	*ret_heard_ms = watch->fencing.heard_ms;
	return watch->failures > 0 ? "Pacemaker does not answer" : fencing_refused(&watch->fencing);
}
