/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lunmask-cutoff: ends what uses LUNs on a host that its arrays have fenced while it lives, and
 * asks the cluster to let the host in again. See lunmask-cutoff(8).
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <qb/qbdefs.h>
#include <qb/qblog.h>

#include "config/config.h"
#include "cutoff/cutoff_watch.h"
#include "service/exit_status.h"
#include "service/log_target.h"
#include "service/notify.h"
#include "service/pidfile.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0"
#endif

#define RUN_DIRECTORY "/run/lunmask"
#define PID_FILE RUN_DIRECTORY "/lunmask-cutoff.pid"

struct options {
	const char *config; /* NULL: the default one */
	const char *node;   /* NULL: by the kernel's name */
	bool foreground;
};

static const char usage_text[] =
	"usage: lunmask-cutoff [-f] [-c FILE] [-n NODE]\n"
	"\n"
	"lunmask-cutoff kills the processes that use LUNs on this host if an array has fenced the\n"
	"host. systemd starts it, see lunmask-cutoff(8).\n"
	"\n"
	"  -f, --foreground   log to standard error instead of syslog\n"
	"  -c, --config FILE  the configuration file; default " CONFIG_FILE "\n"
	"  -n, --node NODE    the [host NODE] of this host; default: its host name\n"
	"      --version\n"
	"      --help\n";

enum { OPTION_VERSION = 256, OPTION_HELP };

/* 0: go on. Otherwise the exit status is in *ret_status. */
static int options_parse(int argc, char **argv, struct options *ret, int *ret_status)
{
	static const struct option table[] = {
		{"foreground", no_argument, NULL, 'f'},
		{"config", required_argument, NULL, 'c'},
		{"node", required_argument, NULL, 'n'},
		{"version", no_argument, NULL, OPTION_VERSION},
		{"help", no_argument, NULL, OPTION_HELP},
		{NULL, 0, NULL, 0},
	};
	int option;

	*ret_status = EXIT_STATUS_OK;
	while ((option = getopt_long(argc, argv, "fc:n:", table, NULL)) != -1) {
		switch (option) {
		case 'f': ret->foreground = true; break;
		case 'c': ret->config = optarg; break;
		case 'n': ret->node = optarg; break;
		case OPTION_VERSION: (void)printf("lunmask-cutoff %s\n", PACKAGE_VERSION); return 1;
		case OPTION_HELP: (void)fputs(usage_text, stdout); return 1;
		default:
			(void)fputs(usage_text, stderr);
			*ret_status = EXIT_STATUS_USAGE;
			return 1;
		}
	}
	if (optind < argc) {
		(void)fprintf(stderr, "lunmask-cutoff: '%s' is not an option\n%s", argv[optind],
			      usage_text);
		*ret_status = EXIT_STATUS_USAGE;
		return 1;
	}
	return 0;
}

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
	/* Not closed before the process ends. */
	rc = pidfile_lock(PID_FILE, err);
	return rc < 0 ? rc : 0;
}

static int daemon_main(const struct options *options, struct err *err)
{
	struct cutoff_watch watch = {.config = options->config, .node = options->node};
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
	struct options options = {0};
	struct err err = ERR_INIT;
	int status;
	int rc;

	if (options_parse(argc, argv, &options, &status) != 0) {
		return status;
	}
	log_target_start("lunmask-cutoff", options.foreground, options.foreground, LOG_NOTICE);
	rc = daemon_main(&options, &err);
	if (rc < 0) {
		qb_log(LOG_ERR, "lunmask-cutoff does not run: %s", err_text(&err));
	}
	qb_log_fini();
	return rc < 0 ? (int)exit_status_of(rc) : EXIT_STATUS_OK;
}
