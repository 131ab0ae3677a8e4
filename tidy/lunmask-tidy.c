/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lunmask-tidy: completes this host's pending releases, and removes from it what was granted late.
 * See lunmask-tidy(8).
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <qb/qbdefs.h>
#include <qb/qblog.h>

#include "command/usage.h"
#include "service/exit_status.h"
#include "service/log_target.h"
#include "service/notify.h"
#include "service/pidfile.h"
#include "tidy/tidy_watch.h"

#ifndef LUNMASK_PROGRAM
#define LUNMASK_PROGRAM "/usr/sbin/lunmask"
#endif

#define RUN_DIRECTORY "/run/lunmask"
#define PID_FILE RUN_DIRECTORY "/lunmask-tidy.pid"

/* The options of the command line. */
static struct {
	gboolean foreground;
} given;

static const GOptionEntry option_rows[] = {
	{"foreground", 'f', 0, G_OPTION_ARG_NONE, &given.foreground,
	 "log to standard error instead of syslog", NULL},
	{0},
};

static const struct usage usage = {
	.name = "lunmask-tidy",
	.summary = "Revokes from this host what it has released.",
	.text = "systemd starts it, see lunmask-tidy(8).",
	.rows = option_rows,
};

/* There is nothing to put in order: a round that runs ends by itself. */
static void on_end(int number)
{
	(void)number;
	_exit(EXIT_STATUS_OK);
}

static void signals_set(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction end = {.sa_handler = on_end};

	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGHUP, &ignore, NULL);
	(void)sigaction(SIGTERM, &end, NULL);
	(void)sigaction(SIGINT, &end, NULL);
}

static int process_prepare(struct err *err)
{
	int rc;

	(void)umask(077);
	if (chdir("/") < 0) {
		return err_set(err, -errno, "/: %s", strerror(errno));
	}
	if (geteuid() != 0) {
		return err_set(err, -EPERM, "it must run as root");
	}
	if (mkdir(RUN_DIRECTORY, 0755) < 0 && errno != EEXIST) {
		return err_set(err, -errno, RUN_DIRECTORY ": %s", strerror(errno));
	}
	/* Stays open until the process exits. */
	rc = pidfile_lock(PID_FILE, err);
	return rc < 0 ? rc : 0;
}

int main(int argc, char **argv)
{
	enum usage_end end = usage_parse(&usage, argc, argv, NULL);
	struct tidy_watch watch = {.program = LUNMASK_PROGRAM};
	struct err err = ERR_INIT;
	int rc;

	if (end != USAGE_CONTINUE) {
		return end == USAGE_WRONG ? EXIT_STATUS_USAGE : EXIT_STATUS_OK;
	}
	log_target_start("lunmask-tidy", given.foreground, given.foreground, LOG_NOTICE);
	signals_set();
	rc = process_prepare(&err);
	if (rc < 0) {
		qb_log(LOG_ERR, "lunmask-tidy does not run: %s", err_text(&err));
		qb_log_fini();
		return (int)exit_status_of(rc);
	}
	qb_log(LOG_NOTICE, "lunmask-tidy starts");
	(void)notify_send("READY=1");
	tidy_watch_run(&watch);
}
