/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "paths/paths_watch.h"

#include <glib.h>
#include <string.h>

#include "base/deadline.h"

#define MS_NS UINT64_C(1000000)

/* A round that is under way: one measures, one asks the drivers. */
struct place {
	struct paths_watch *watch;
	enum path_ask ask;
	struct paths_round *round; /* NULL: none */
};

struct paths_watch {
	qb_loop_t *loop;
	const struct program *program;
	struct paths *paths;
	struct place measuring, asking;
	qb_loop_timer_handle timer;
	bool armed;
};

static void watch_arm(struct paths_watch *watch);

static void on_done(void *user, const struct path_report *report, const char *why)
{
	struct place *place = user;
	struct paths_watch *watch = place->watch;

	paths_done(watch->paths, deadline_now_ms(), place->ask, report, why);
	paths_round_free(place->round);
	place->round = NULL;
	watch_arm(watch);
}

static void round_begin(struct paths_watch *watch, const struct path_request *request)
{
	struct place *place = request->ask == PATH_ASK_PORTS ? &watch->asking : &watch->measuring;
	struct err err = ERR_INIT;

	place->ask = request->ask;
	if (paths_round_new(watch->loop, watch->program, request, on_done, place, &place->round,
			    &err) < 0) {
		paths_done(watch->paths, deadline_now_ms(), request->ask, NULL, err_text(&err));
	}
}

static void on_timer(void *data)
{
	struct paths_watch *watch = data;
	struct path_request request;

	watch->armed = false;
	while (paths_due(watch->paths, deadline_now_ms(), &request)) {
		round_begin(watch, &request);
		path_request_release(&request);
	}
	watch_arm(watch);
}

static void watch_arm(struct paths_watch *watch)
{
	int64_t next_ms = paths_next_ms(watch->paths);
	int64_t now_ms = deadline_now_ms();
	uint64_t wait_ms = next_ms > now_ms ? (uint64_t)(next_ms - now_ms) : 1;

	if (watch->armed) {
		(void)qb_loop_timer_del(watch->loop, watch->timer);
		watch->armed = false;
	}
	/* Otherwise the end of a round starts the timer. */
	if (next_ms != INT64_MAX) {
		watch->armed = qb_loop_timer_add(watch->loop, QB_LOOP_LOW, wait_ms * MS_NS, watch,
						 on_timer, &watch->timer) == 0;
	}
}

struct paths_watch *paths_watch_new(qb_loop_t *loop, const struct program *program,
				    const struct paths_settings *settings, const char *node,
				    const struct paths_ops *ops, void *user)
{
	struct paths_watch *watch = g_new0(struct paths_watch, 1);

	*watch = (struct paths_watch){.loop = loop, .program = program};
	watch->measuring.watch = watch;
	watch->asking.watch = watch;
	watch->paths = paths_new(settings, node, ops, user);
	watch_arm(watch);
	return watch;
}

void paths_watch_free(struct paths_watch *watch)
{
	if (watch != NULL) {
		if (watch->armed) {
			(void)qb_loop_timer_del(watch->loop, watch->timer);
		}
		paths_round_free(watch->measuring.round);
		paths_round_free(watch->asking.round);
		paths_free(watch->paths);
		g_free(watch);
	}
}

const struct paths *paths_watch_table(const struct paths_watch *watch)
{
	return watch->paths;
}
