/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cutoff/cutoff_watch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <qb/qbdefs.h>
#include <qb/qblog.h>

#include "cutoff/cutoff_virt.h"
#include "process/runner.h"
#include "service/notify.h"

#ifndef LUNMASK_REJOIN_PROGRAM
#define LUNMASK_REJOIN_PROGRAM "/usr/libexec/lunmask/lunmask-rejoin"
#endif

#define PATHS_MS 1000 /* interval of checking the connections */
#define STILL_MS 2000 /* a wakeup this much too late is a standstill */
#define LOOK_MS 10000 /* time limit for querying all arrays */
#define REPROBES 2    /* more than one: a concurrent monitor keeps Pacemaker from forgetting */
#define REPROBE_MS 5000
#define RETURN_MS 120000
#define RETURN_TELL 5 /* consecutive failures with one reason until it is logged */
#define OUTPUT_MAX 4096

/* Logging */

static void on_ended(void *data, const struct process_held *process, const char *array)
{
	(void)data;
	qb_log(LOG_ERR, "host: killing %s (pid %d): array %s has this host fenced", process->name,
	       (int)process->pid, array);
}

static void answer_tell(struct cutoff_watch *watch, const struct cutoff_seen *seen,
			const struct err *why)
{
	bool same = watch->told == seen->answer && strcmp(watch->told_why, err_text(why)) == 0;

	if (same) {
		return;
	}
	switch (seen->answer) {
	case CUTOFF_FENCED:
		qb_log(LOG_ERR, "host: %s is fenced: %s | left=%s", watch->host.self->node,
		       err_text(why), seen->clean ? "nothing" : "something");
		break;
	case CUTOFF_OPEN:
		qb_log(LOG_NOTICE, "host: %s is not fenced", watch->host.self->node);
		break;
	case CUTOFF_UNKNOWN:
		qb_log(LOG_WARNING,
		       "host: it is unknown whether %s is fenced, no process is killed: %s",
		       watch->host.self->node, err_text(why));
		break;
	}
	watch->told = seen->answer;
	(void)snprintf(watch->told_why, sizeof(watch->told_why), "%s", err_text(why));
}

/* Logs a reason only when it persists: just after a return many things are not yet known. */
static void return_tell(struct cutoff_watch *watch, const char *why)
{
	if (strcmp(watch->return_why, why) != 0) {
		(void)snprintf(watch->return_why, sizeof(watch->return_why), "%s", why);
		watch->return_whys = 0;
	}
	watch->return_whys++;
	if (watch->return_whys == RETURN_TELL) {
		qb_log(LOG_NOTICE, "host: it stays fenced for now: %s", why);
	}
}

/* Actions */

/* Runs lunmask-rejoin, and kills it if it takes longer than timeout_ms. */
static int rejoin_run(const struct cutoff_watch *watch, const char *verb, int64_t timeout_ms,
		      struct err *err)
{
	const struct runner runner = {.transport = "exec"};
	const char *const argv[] = {LUNMASK_REJOIN_PROGRAM, verb, watch->host.self->node, NULL};
	struct runner_result result = {.exit_status = 0};
	int rc = runner_run(&runner, argv, "", OUTPUT_MAX, deadline_in(timeout_ms), &result, err);

	if (rc == 0 && result.exit_status != 0) {
		rc = err_set(err, -EPERM, "%s",
			     *result.stderr_tail != '\0' ? result.stderr_tail
							 : LUNMASK_REJOIN_PROGRAM " failed");
	}
	runner_result_release(&result);
	return rc;
}

/*
 * Pacemaker on this host still records the killed domains as running. If the cluster learns that
 * when this node rejoins, it takes them for a second instance and may stop the healthy one. While
 * corosync hangs, Pacemaker does not answer; then this is repeated later.
 */
static void cluster_tell(struct cutoff_watch *watch)
{
	struct err err = ERR_INIT;

	if (rejoin_run(watch, "reprobe", REPROBE_MS, &err) == 0) {
		watch->reprobes--;
		watch->reprobe_why[0] = '\0';
		qb_log(LOG_NOTICE, "host: Pacemaker was asked to probe again what runs here");
	} else if (strcmp(watch->reprobe_why, err_text(&err)) != 0) {
		qb_log(LOG_WARNING,
		       "host: Pacemaker still records the killed processes as running: %s",
		       err_text(&err));
		(void)snprintf(watch->reprobe_why, sizeof(watch->reprobe_why), "%s",
			       err_text(&err));
	}
}

/* A failure is logged, because the cluster may then stop the healthy VM. */
static void controller_pause(struct cutoff_watch *watch)
{
	struct err err = ERR_INIT;

	if (cutoff_pause_begin(&watch->pause, &err) < 0) {
		qb_log(LOG_WARNING,
		       "host: cannot stop Pacemaker's controller while the arrays are asked: %s",
		       err_text(&err));
	} else if (cutoff_pause_is_on(&watch->pause)) {
		qb_log(LOG_NOTICE, "host: Pacemaker's controller waits for the array's word");
	}
}

/* If the configuration is invalid at the moment, this is logged and the last valid one is used. */
static void watch_look(struct cutoff_watch *watch)
{
	struct cutoff_seen seen = {.answer = CUTOFF_UNKNOWN};
	struct err err = ERR_INIT;
	struct err config_err = ERR_INIT;
	int rc = cutoff_host_configure(&watch->host, watch->config, &config_err);

	if (rc < 0) {
		qb_log(LOG_WARNING, "configuration: %s; the last valid one is used",
		       err_text(&config_err));
	}
	rc = cutoff_host_query(&watch->host, deadline_in(LOOK_MS), &seen, &err);
	cutoff_pause_end(&watch->pause);
	if (rc < 0) {
		seen = (struct cutoff_seen){.answer = CUTOFF_UNKNOWN, .busy = true};
	}
	answer_tell(watch, &seen, &err);
	if (seen.answer == CUTOFF_FENCED && seen.busy) {
		watch->reprobes = REPROBES;
	}
	if (watch->reprobes > 0) {
		cluster_tell(watch);
	}
	cutoff_queried(&watch->cutoff, seen.answer, seen.busy, seen.clean, deadline_now_ms());
	if (seen.answer == CUTOFF_OPEN) {
		watch->reprobes = 0;
		watch->return_why[0] = '\0';
	}
}

static void watch_return(struct cutoff_watch *watch)
{
	struct err err = ERR_INIT;
	int rc = cutoff_host_may_return(&watch->host, &err);

	rc = rc < 0 ? rc : rejoin_run(watch, "unfence", RETURN_MS, &err);
	if (rc < 0) {
		return_tell(watch, err_text(&err));
	} else {
		qb_log(LOG_NOTICE,
		       "host: the cluster was asked to unfence it, and says that it has");
	}
	cutoff_unfence_tried(&watch->cutoff, rc == 0, deadline_now_ms());
}

/* Events */

static void event_note(struct cutoff_watch *watch, enum cutoff_event event)
{
	if (cutoff_event(&watch->cutoff, event, deadline_now_ms())) {
		qb_log(LOG_NOTICE, "host: the arrays are asked: %s", cutoff_event_to_str(event));
	}
}

static void paths_look(struct cutoff_watch *watch)
{
	struct err err = ERR_INIT;
	bool lost = false;

	/* If the connections cannot be read, they are treated as lost. */
	if (cutoff_paths_look(watch->host.ports, watch->host.n_ports, &watch->paths, &lost, &err) <
		    0 ||
	    lost) {
		event_note(watch, CUTOFF_SESSION_LOST);
	}
}

/* This clock continues while the machine is suspended, unlike that of the loop. */
static int64_t real_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* 1: the loop has to end. */
static int watch_wait(struct cutoff_watch *watch, int64_t at_ms, struct err *err)
{
	struct pollfd fds[] = {{.fd = watch->signals, .events = POLLIN},
			       {.fd = watch->io_errors, .events = POLLIN}};
	int64_t left_ms = at_ms - deadline_now_ms();
	int64_t began_ms = real_ms();
	uint64_t count;

	left_ms = left_ms < 0 ? 0 : left_ms < PATHS_MS ? left_ms : PATHS_MS;
	if (poll(fds, 2, (int)left_ms) < 0 && errno != EINTR) {
		return err_set(err, -errno, "poll: %s", strerror(errno));
	}
	if (real_ms() - began_ms > left_ms + STILL_MS) {
		controller_pause(watch);
		event_note(watch, CUTOFF_STALLED);
	}
	if ((fds[1].revents & POLLIN) != 0) {
		(void)!read(watch->io_errors, &count, sizeof(count));
		event_note(watch, CUTOFF_IO_ERROR);
	}
	paths_look(watch);
	return fds[0].revents != 0 ? 1 : 0;
}

int cutoff_watch_run(struct cutoff_watch *watch, struct err *err)
{
	int rc = 0;

	cutoff_init(&watch->cutoff, deadline_now_ms());
	event_note(watch, CUTOFF_STARTED);
	while (rc == 0) {
		int64_t at_ms;
		enum cutoff_act act = cutoff_next(&watch->cutoff, deadline_now_ms(), &at_ms);

		if (cutoff_pause_is_on(&watch->pause)) {
			act = CUTOFF_QUERY; /* at once: the controller is stopped meanwhile */
		}
		(void)notify_send("WATCHDOG=1");
		switch (act) {
		case CUTOFF_QUERY: watch_look(watch); break;
		case CUTOFF_UNFENCE: watch_return(watch); break;
		case CUTOFF_WAIT: break;
		}
		rc = watch_wait(watch, act == CUTOFF_WAIT ? at_ms : 0, err);
	}
	return rc < 0 ? rc : 0;
}

/* Setting up and releasing */

int cutoff_watch_init(struct cutoff_watch *watch, struct err *err)
{
	int rc;

	watch->host = (struct cutoff_host){.node = watch->node, .told = on_ended};
	watch->pause = (struct cutoff_pause){.program = CUTOFF_PAUSE_CONTROLLER};
	watch->told = CUTOFF_UNKNOWN;
	rc = cutoff_host_configure(&watch->host, watch->config, err);
	return rc < 0 ? rc : cutoff_virt_start(&watch->io_errors, err);
}

void cutoff_watch_release(struct cutoff_watch *watch)
{
	cutoff_pause_end(&watch->pause);
	cutoff_paths_release(&watch->paths);
	cutoff_host_release(&watch->host);
}
