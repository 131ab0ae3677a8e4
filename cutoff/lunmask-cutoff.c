/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lunmask-cutoff: kills the processes that use LUNs on a host that its arrays have fenced while it
 * runs, and asks the cluster to unfence the host. See lunmask-cutoff(8).
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <qb/qbdefs.h>
#include <qb/qblog.h>

#include "command/usage.h"
#include "config/config.h"
#include "cutoff/cutoff_watch.h"
#include "service/exit_status.h"
#include "service/log_target.h"
#include "service/notify.h"
#include "service/pidfile.h"

#define RUN_DIRECTORY "/run/lunmask"
#define PID_FILE RUN_DIRECTORY "/lunmask-cutoff.pid"

/* The options of the command line. */
static struct {
	char *config; /* NULL: the default file */
	char *node;   /* NULL: the host name */
	gboolean foreground;
} given;

static const GOptionEntry option_rows[] = {
	{"foreground", 'f', 0, G_OPTION_ARG_NONE, &given.foreground,
	 "log to standard error instead of syslog", NULL},
	{"config", 'c', 0, G_OPTION_ARG_FILENAME, &given.config,
	 "the configuration; default " CONFIG_FILE, "FILE"},
	{"node", 'n', 0, G_OPTION_ARG_FILENAME, &given.node,
	 "the [host NODE] of this host; default: its host name", "NODE"},
	{0},
};

static const struct usage usage = {
	.name = "lunmask-cutoff",
	.summary =
		"Kills the processes that use LUNs on this host if an array has fenced the host.",
	.text = "systemd starts it, see lunmask-cutoff(8).",
	.rows = option_rows,
};

static int signals_open(int *ret, struct err *err)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;

	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGHUP, &ignore, NULL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	*ret = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return *ret < 0 ? err_set(err, -errno, "signalfd: %s", strerror(errno)) : 0;
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

static int daemon_main(struct err *err)
{
	struct cutoff_watch watch = {.config = given.config, .node = given.node};
	int rc = process_prepare(err);

	rc = rc < 0 ? rc : signals_open(&watch.signals, err);
	rc = rc < 0 ? rc : cutoff_watch_init(&watch, err);
	if (rc < 0) {
		return rc;
	}
	qb_log(LOG_NOTICE, "lunmask-cutoff starts | host=%s initiator=%s", watch.host.self->node,
	       watch.host.self->initiator);
	(void)notify_send("READY=1");
	rc = cutoff_watch_run(&watch, err);
	(void)notify_send("STOPPING=1");
	cutoff_watch_release(&watch);
	return rc;
}

int main(int argc, char **argv)
{
	enum usage_end end = usage_parse(&usage, argc, argv, NULL);
	struct err err = ERR_INIT;
	int rc;

	if (end != USAGE_CONTINUE) {
		return end == USAGE_WRONG ? EXIT_STATUS_USAGE : EXIT_STATUS_OK;
	}
	log_target_start("lunmask-cutoff", given.foreground, given.foreground, LOG_NOTICE);
	rc = daemon_main(&err);
	if (rc < 0) {
		qb_log(LOG_ERR, "lunmask-cutoff does not run: %s", err_text(&err));
	}
	qb_log_fini();
	return rc < 0 ? (int)exit_status_of(rc) : EXIT_STATUS_OK;
}
