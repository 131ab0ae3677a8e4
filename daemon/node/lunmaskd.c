/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lunmaskd: keeps the cluster's journal. See lunmaskd(8) and docs/journal.md. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qb/qbdefs.h>
#include <qb/qblog.h>
#include <qb/qbloop.h>

#include "command/usage.h"
#include "node/node.h"
#include "node/settings.h"
#include "service/log_target.h"
#include "service/notify.h"
#include "service/pidfile.h"

#ifndef LUNMASK_FENCED_PROGRAM
#define LUNMASK_FENCED_PROGRAM "/usr/libexec/lunmask/lunmask-fenced"
#endif

#ifndef LUNMASK_PATHS_PROGRAM
#define LUNMASK_PATHS_PROGRAM "/usr/libexec/lunmask/lunmask-paths"
#endif

#ifndef LUNMASK_ANSWER_PROGRAM
#define LUNMASK_ANSWER_PROGRAM "/usr/libexec/lunmask/lunmask-answer"
#endif

#define RUN_DIRECTORY "/run/lunmask"
#define PATHS_SOCKET RUN_DIRECTORY "/paths.socket" /* lunmask-paths.socket has it, too */
#define ANSWER_SOCKET RUN_DIRECTORY "/answer.socket"
#define PID_FILE RUN_DIRECTORY "/lunmaskd.pid"
#define STATE_PARENT "/var/lib/lunmask"
#define STATE_DIRECTORY STATE_PARENT "/journal"
#define KEY_FILE "/etc/lunmask/journal.key"
#define START_SECONDS 30
#define MS_NS UINT64_C(1000000)

/* The options of the command line. */
static struct {
	char *config; /* NULL: the default file */
	gboolean foreground;
	gboolean check;
} given;

static const GOptionEntry option_rows[] = {
	{"foreground", 'f', 0, G_OPTION_ARG_NONE, &given.foreground,
	 "log to standard error instead of syslog", NULL},
	{"config", 'c', 0, G_OPTION_ARG_FILENAME, &given.config,
	 "settings; default " SETTINGS_FILE " (optional)", "FILE"},
	{"check", 0, 0, G_OPTION_ARG_NONE, &given.check,
	 "check the settings, the key and corosync, and exit", NULL},
	{0},
};

static const struct usage usage = {
	.name = "lunmaskd",
	.summary = "Keeps the cluster's journal. systemd starts it, see lunmaskd(8).",
	.rows = option_rows,
};

static int directory_make(const char *path, mode_t mode, struct err *err)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST) {
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	}
	return 0;
}

/* Under systemd they exist already. */
static int directories_make(struct err *err)
{
	int rc = directory_make(RUN_DIRECTORY, 0755, err);

	rc = rc < 0 ? rc : directory_make(STATE_PARENT, 0755, err);
	return rc == 0 ? directory_make(STATE_DIRECTORY, 0700, err) : rc;
}

/* Memory holds the journal's key and the names of guests, so there must be no core file. */
static int process_prepare(struct err *err)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	(void)umask(077);
	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGHUP, &ignore, NULL);
	if (chdir("/") < 0 || prctl(PR_SET_DUMPABLE, 0) < 0) {
		return err_set(err, -errno, "%s", strerror(errno));
	}
	return geteuid() == 0 ? 0 : err_set(err, -EPERM, "it must run as root");
}

/* corosync's libraries wait for answers without a time limit. */
static void on_alarm(int number)
{
	static const char text[] = "lunmaskd: corosync does not answer\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)number, (void)ignored;
	_exit(EXIT_STATUS_CLUSTER);
}

static void alarm_set(unsigned int seconds)
{
	struct sigaction action = {.sa_handler = on_alarm};

	(void)sigaction(SIGALRM, &action, NULL);
	(void)alarm(seconds);
}

static int32_t on_signal(int32_t number, void *data)
{
	qb_log(LOG_NOTICE, "lunmaskd ends: %s", strsignal(number));
	node_stop(data);
	return 0;
}

struct watchdog {
	qb_loop_t *loop;
	uint64_t every_ms;
};

static void on_watchdog(void *data)
{
	const struct watchdog *watchdog = data;
	qb_loop_timer_handle timer;

	(void)notify_send("WATCHDOG=1");
	(void)qb_loop_timer_add(watchdog->loop, QB_LOOP_HIGH, watchdog->every_ms * MS_NS, data,
				on_watchdog, &timer);
}

static int loop_run(qb_loop_t *loop, struct node *node, struct err *err)
{
	struct watchdog watchdog = {.loop = loop, .every_ms = notify_watchdog_ms()};
	int rc;

	(void)qb_loop_signal_add(loop, QB_LOOP_HIGH, SIGTERM, node, on_signal, NULL);
	(void)qb_loop_signal_add(loop, QB_LOOP_HIGH, SIGINT, node, on_signal, NULL);
	rc = node_start(node, err);
	alarm_set(0);
	if (rc < 0) {
		return rc;
	}
	if (watchdog.every_ms > 0) {
		on_watchdog(&watchdog);
	}
	/* qb_loop_run() ignores a stop that came before it. */
	if (!node_ended(node)) {
		qb_loop_run(loop);
	}
	(void)notify_send("STOPPING=1");
	return 0;
}

static int daemon_run(const struct node_options *options, struct err *err)
{
	struct node *node = NULL;
	int status;
	int rc = node_new(options, &node, err);

	rc = rc < 0 ? rc : loop_run(options->loop, node, err);
	status = rc < 0 ? (int)exit_status_of(rc) : (int)node_exit_status(node);
	node_free(node);
	return rc < 0 ? rc : status;
}

/* Returns -errno, or the exit status. */
static int daemon_main(struct err *err)
{
	struct settings settings;
	struct node_options node_options = {
		.settings = &settings,
		.state_directory = STATE_DIRECTORY,
		.key_file = KEY_FILE,
		.fenced_program = LUNMASK_FENCED_PROGRAM,
		.paths = {.socket = PATHS_SOCKET, .path = LUNMASK_PATHS_PROGRAM},
		.answer = {.socket = ANSWER_SOCKET, .path = LUNMASK_ANSWER_PROGRAM},
	};
	int rc = settings_load(given.config, &settings, err);

	/* libqb logs a lot at LOG_INFO. */
	log_target_start("lunmaskd", given.foreground || given.check, given.foreground,
			 rc == 0 && settings.debug ? LOG_DEBUG : LOG_NOTICE);
	rc = rc < 0 ? rc : process_prepare(err);
	if (rc == 0 && !given.check) {
		rc = directories_make(err);
	}
	if (rc == 0 && !given.check) {
		/* Stays open until the process exits. */
		rc = pidfile_lock(PID_FILE, err);
		rc = rc < 0 ? rc : 0;
	}
	if (rc < 0) {
		return rc;
	}
	node_options.loop = qb_loop_create();
	if (node_options.loop == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	alarm_set(START_SECONDS);
	rc = given.check ? node_check(&node_options, err) : daemon_run(&node_options, err);
	qb_loop_destroy(node_options.loop);
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
	rc = daemon_main(&err);
	if (rc < 0) {
		qb_log(LOG_ERR, "lunmaskd does not run: %s", err_text(&err));
	} else if (given.check) {
		(void)printf("lunmaskd: settings, key and corosync are as they should be\n");
	}
	qb_log_fini();
	return rc < 0 ? (int)exit_status_of(rc) : rc;
}
