/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lunmaskd: keeps the cluster's journal. See lunmaskd(8) and docs/journal.md.
 */
#include <errno.h>
#include <getopt.h>
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

#include "node/node.h"
#include "node/settings.h"
#include "service/log_target.h"
#include "service/notify.h"
#include "service/pidfile.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0"
#endif
#ifndef LUNMASK_FENCED_PROGRAM
#define LUNMASK_FENCED_PROGRAM "/usr/libexec/lunmask/lunmask-fenced"
#endif

#define RUN_DIRECTORY "/run/lunmask"
#define PID_FILE RUN_DIRECTORY "/lunmaskd.pid"
#define STATE_PARENT "/var/lib/lunmask"
#define STATE_DIRECTORY STATE_PARENT "/journal"
#define KEY_FILE "/etc/lunmask/journal.key"
#define START_SECONDS 30
#define MS_NS UINT64_C(1000000)

struct options {
	const char *config; /* NULL: the default one */
	bool foreground;
	bool check;
};

static const char usage_text[] =
	"usage: lunmaskd [-f] [-c FILE] [--check]\n"
	"\n"
	"lunmaskd keeps the cluster's journal. systemd starts it, see lunmaskd(8).\n"
	"\n"
	"  -f, --foreground   log to standard error instead of syslog\n"
	"  -c, --config FILE  the settings file; default " SETTINGS_FILE " (optional)\n"
	"      --check        check the settings, the key and corosync, and exit\n"
	"      --version\n"
	"      --help\n";

enum { OPTION_CHECK = 256, OPTION_VERSION, OPTION_HELP };

/* 0: go on. Otherwise the exit status is in *ret_status. */
static int options_parse(int argc, char **argv, struct options *ret, int *ret_status)
{
	static const struct option table[] = {
		{"foreground", no_argument, NULL, 'f'},
		{"config", required_argument, NULL, 'c'},
		{"check", no_argument, NULL, OPTION_CHECK},
		{"version", no_argument, NULL, OPTION_VERSION},
		{"help", no_argument, NULL, OPTION_HELP},
		{NULL, 0, NULL, 0},
	};
	int option;

	*ret_status = EXIT_STATUS_OK;
	while ((option = getopt_long(argc, argv, "fc:", table, NULL)) != -1) {
		switch (option) {
		case 'f': ret->foreground = true; break;
		case 'c': ret->config = optarg; break;
		case OPTION_CHECK: ret->check = true; break;
		case OPTION_VERSION: (void)printf("lunmaskd %s\n", PACKAGE_VERSION); return 1;
		case OPTION_HELP: (void)fputs(usage_text, stdout); return 1;
		default:
			(void)fputs(usage_text, stderr);
			*ret_status = EXIT_STATUS_USAGE;
			return 1;
		}
	}
	if (optind < argc) {
		(void)fprintf(stderr, "lunmaskd: '%s' is not an option\n%s", argv[optind],
			      usage_text);
		*ret_status = EXIT_STATUS_USAGE;
		return 1;
	}
	return 0;
}

static int directory_make(const char *path, mode_t mode, struct err *err)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST) {
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	}
	return 0;
}

/* systemd has made them, where there is one. */
static int directories_make(struct err *err)
{
	int rc = directory_make(RUN_DIRECTORY, 0755, err);

	if (rc == 0) {
		rc = directory_make(STATE_PARENT, 0755, err);
	}
	return rc == 0 ? directory_make(STATE_DIRECTORY, 0700, err) : rc;
}

/* What is in memory is the journal's key and what guests are called: not for a core file. */
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

/* corosync's libraries wait for its answers without a limit. */
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
	/* A loop forgets that it was stopped before it ran. */
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

	if (rc == 0) {
		rc = loop_run(options->loop, node, err);
	}
	status = rc < 0 ? (int)exit_status_of(rc) : (int)node_exit_status(node);
	node_free(node);
	return rc < 0 ? rc : status;
}

/* 0 or more: exit status. */
static int daemon_main(const struct options *options, struct err *err)
{
	struct settings settings;
	struct node_options node_options = {
		.settings = &settings,
		.state_directory = STATE_DIRECTORY,
		.key_file = KEY_FILE,
		.fenced_program = LUNMASK_FENCED_PROGRAM,
	};
	int rc = settings_load(options->config, &settings, err);

	/* libqb has much to say at LOG_INFO. */
	log_target_start("lunmaskd", options->foreground || options->check, options->foreground,
			 rc == 0 && settings.debug ? LOG_DEBUG : LOG_NOTICE);
	if (rc == 0) {
		rc = process_prepare(err);
	}
	if (rc == 0 && !options->check) {
		rc = directories_make(err);
	}
	if (rc == 0 && !options->check) {
		/* Not closed before the process ends. */
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
	rc = options->check ? node_check(&node_options, err) : daemon_run(&node_options, err);
	qb_loop_destroy(node_options.loop);
	return rc;
}

int main(int argc, char **argv)
{
	struct options options = {0};
	struct err err = ERR_INIT;
	int status;
	int rc;

	if (options_parse(argc, argv, &options, &status) != 0) {
		return status;
	}
	rc = daemon_main(&options, &err);
	if (rc < 0) {
		qb_log(LOG_ERR, "lunmaskd does not run: %s", err_text(&err));
	} else if (options.check) {
		(void)printf("lunmaskd: settings, key and corosync are as they should be\n");
	}
	qb_log_fini();
	return rc < 0 ? (int)exit_status_of(rc) : rc;
}
