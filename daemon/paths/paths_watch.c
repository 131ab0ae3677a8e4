/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "paths/paths_watch.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/fd.h"

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
	int timer; /* a timerfd; -1: none */
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

/*
 * The timer is made once, and only set from then on. A timer of the loop is made anew each time,
 * and if that failed once, nothing would be measured any more.
 */
static int32_t on_timer(int32_t fd, int32_t revents, void *data)
{
	struct paths_watch *watch = data;
	struct path_request request;
	uint64_t expirations;

	(void)revents;
	(void)!read(fd, &expirations, sizeof(expirations));
	while (paths_due(watch->paths, deadline_now_ms(), &request)) {
		round_begin(watch, &request);
		path_request_release(&request);
	}
	watch_arm(watch);
	return 0;
}

/* No time stops it: the end of a round sets it again. */
static void watch_arm(struct paths_watch *watch)
{
	int64_t next_ms = paths_next_ms(watch->paths);
	struct itimerspec when = {.it_interval = {0}};

	if (next_ms != INT64_MAX) {
		next_ms = MAX(next_ms, 1);
		when.it_value = (struct timespec){.tv_sec = next_ms / 1000,
						  .tv_nsec = next_ms % 1000 * 1000000};
	}
	(void)timerfd_settime(watch->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static int timer_make(struct paths_watch *watch)
{
	int rc;

	watch->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (watch->timer < 0) {
		return -errno;
	}
	rc = qb_loop_poll_add(watch->loop, QB_LOOP_LOW, watch->timer, POLLIN, watch, on_timer);
	if (rc < 0) {
		fd_close(&watch->timer);
	}
	return rc;
}

int paths_watch_new(qb_loop_t *loop, const struct program *program,
		    const struct paths_settings *settings, const char *node,
		    const struct paths_ops *ops, void *user, struct paths_watch **ret,
		    struct err *err)
{
	struct paths_watch *watch = g_new0(struct paths_watch, 1);
	int rc;

	*watch = (struct paths_watch){.loop = loop, .program = program};
	watch->measuring.watch = watch;
	watch->asking.watch = watch;
	watch->paths = paths_new(settings, node, ops, user);
	rc = timer_make(watch);
	if (rc < 0) {
		paths_watch_free(watch);
		return err_set(err, rc, "paths: no timer for their measurement: %s", strerror(-rc));
	}
	watch_arm(watch);
	*ret = watch;
	return 0;
}

void paths_watch_free(struct paths_watch *watch)
{
	if (watch != NULL) {
		if (watch->timer >= 0) {
			(void)qb_loop_poll_del(watch->loop, watch->timer);
			fd_close(&watch->timer);
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
