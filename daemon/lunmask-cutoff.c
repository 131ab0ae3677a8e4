/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lunmask-cutoff: ends what uses LUNs on a host that its arrays have fenced while it lives, and
 * asks the cluster to let the host in again. See lunmask-cutoff(8).
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <qb/qbdefs.h>
#include <qb/qblog.h>

#include "cutoff.h"
#include "cutoff_host.h"
#include "cutoff_paths.h"
#include "cutoff_virt.h"
#include "exit_status.h"
#include "notify.h"
#include "pidfile.h"
#include "runner.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0"
#endif
#ifndef LUNMASK_REJOIN_PROGRAM
#define LUNMASK_REJOIN_PROGRAM "/usr/libexec/lunmask/lunmask-rejoin"
#endif

#define RUN_DIRECTORY "/run/lunmask"
#define PID_FILE RUN_DIRECTORY "/lunmask-cutoff.pid"
#define PATHS_MS 1000 /* between two looks at the connections */
#define STILL_MS 2000 /* so much later than wanted: it stood still */
#define LOOK_MS 10000 /* for all arrays together */
#define REPROBES 2    /* a monitor that runs just then keeps Pacemaker from forgetting */
#define REPROBE_MS 5000
#define RETURN_MS 120000
#define OUTPUT_MAX 4096

struct options {
	const char *config; /* NULL: the default one */
	const char *node;   /* NULL: by the kernel's name */
	bool foreground;
};

struct watch {
	const struct options *options;
	struct cutoff cutoff;
	struct cutoff_host host;
	struct cutoff_paths paths;
	int signals;
	int io_errors;
	enum cutoff_answer told; /* what the log knows */
	char told_why[ERR_TEXT_MAX];
	char return_why[ERR_TEXT_MAX];
	int reprobes; /* that Pacemaker still owes */
	char reprobe_why[ERR_TEXT_MAX];
};

static const char usage_text[] =
	"usage: lunmask-cutoff [-f] [-c FILE] [-n NODE]\n"
	"\n"
	"Ends what uses LUNs on this host when an array has it fenced; started by systemd, see\n"
	"lunmask-cutoff(8).\n"
	"\n"
	"  -f, --foreground   log to standard error instead of syslog\n"
	"  -c, --config FILE  the configuration; default " CONFIG_FILE "\n"
	"  -n, --node NODE    this host's name there; default: the kernel's\n"
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

static void log_start(const struct options *options)
{
	enum qb_log_target_slot target = options->foreground ? QB_LOG_STDERR : QB_LOG_SYSLOG;

	qb_log_init("lunmask-cutoff", LOG_DAEMON, LOG_NOTICE);
	(void)qb_log_ctl(QB_LOG_SYSLOG, QB_LOG_CONF_ENABLED, QB_FALSE);
	(void)qb_log_filter_ctl(target, QB_LOG_FILTER_ADD, QB_LOG_FILTER_FILE, "*", LOG_NOTICE);
	qb_log_format_set(target, options->foreground ? "%t %7p %b" : "%b");
	if (!options->foreground) {
		(void)qb_log_ctl(target, QB_LOG_CONF_THREADED, QB_TRUE);
	}
	(void)qb_log_ctl(target, QB_LOG_CONF_ENABLED, QB_TRUE);
	if (!options->foreground) {
		(void)qb_log_thread_start();
	}
}

/* What is told */

static void on_ended(void *data, const struct process_held *process, const char *array)
{
	(void)data;
	qb_log(LOG_ERR, "host: %s (pid %d) is ended: array %s has this host fenced", process->name,
	       (int)process->pid, array);
}

static void answer_tell(struct watch *watch, const struct cutoff_seen *seen, const struct err *why)
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
	case CUTOFF_SILENT:
		qb_log(LOG_WARNING, "host: whether %s is fenced is not known, nothing is ended: %s",
		       watch->host.self->node, err_text(why));
		break;
	}
	watch->told = seen->answer;
	(void)snprintf(watch->told_why, sizeof(watch->told_why), "%s", err_text(why));
}

static void return_tell(struct watch *watch, const char *why)
{
	if (strcmp(watch->return_why, why) != 0) {
		qb_log(LOG_NOTICE, "host: it stays fenced for now: %s", why);
		(void)snprintf(watch->return_why, sizeof(watch->return_why), "%s", why);
	}
}

/* What is done */

/* lunmask-rejoin(8), which may have to be ended. */
static int rejoin_run(const struct watch *watch, const char *verb, int64_t timeout_ms,
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
 * Pacemaker here remembers that the domains ran. If the cluster is told so when this node is back,
 * it takes them for a second instance, and may stop the one that is well. While corosync hangs
 * Pacemaker does not answer: then it is told later.
 */
static void cluster_tell(struct watch *watch)
{
	struct err err = ERR_INIT;

	if (rejoin_run(watch, "reprobe", REPROBE_MS, &err) == 0) {
		watch->reprobes--;
		watch->reprobe_why[0] = '\0';
		qb_log(LOG_NOTICE, "host: Pacemaker was told to look anew at what runs here");
	} else if (strcmp(watch->reprobe_why, err_text(&err)) != 0) {
		qb_log(LOG_WARNING, "host: Pacemaker still takes what was ended for running: %s",
		       err_text(&err));
		(void)snprintf(watch->reprobe_why, sizeof(watch->reprobe_why), "%s",
			       err_text(&err));
	}
}

/* A configuration that is not legal just now is told like a silent array; the last one is used. */
static void watch_look(struct watch *watch)
{
	struct cutoff_seen seen = {.answer = CUTOFF_SILENT};
	struct err err = ERR_INIT;
	struct err config_err = ERR_INIT;
	int rc = cutoff_host_configure(&watch->host, watch->options->config, &config_err);

	if (rc < 0) {
		qb_log(LOG_WARNING, "configuration: %s; the last one is used",
		       err_text(&config_err));
	}
	rc = cutoff_host_look(&watch->host, deadline_in(LOOK_MS), &seen, &err);
	if (rc < 0) {
		seen = (struct cutoff_seen){.answer = CUTOFF_SILENT, .busy = true};
	}
	answer_tell(watch, &seen, &err);
	if (seen.answer == CUTOFF_FENCED && seen.busy) {
		watch->reprobes = REPROBES;
	}
	if (watch->reprobes > 0) {
		cluster_tell(watch);
	}
	cutoff_looked(&watch->cutoff, seen.answer, seen.busy, seen.clean, deadline_now_ms());
	if (seen.answer == CUTOFF_OPEN) {
		watch->reprobes = 0;
		watch->return_why[0] = '\0';
	}
}

static void watch_return(struct watch *watch)
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
	cutoff_returned(&watch->cutoff, rc == 0, deadline_now_ms());
}

/* What happens */

static void event_note(struct watch *watch, enum cutoff_event event)
{
	qb_log(LOG_DEBUG, "event: %s", cutoff_event_to_str(event));
	cutoff_event(&watch->cutoff, event, deadline_now_ms());
}

static void paths_look(struct watch *watch)
{
	struct err err = ERR_INIT;
	bool lost = false;

	/* What cannot be read is as good as lost. */
	if (cutoff_paths_look(watch->host.ports, watch->host.n_ports, &watch->paths, &lost, &err) <
		    0 ||
	    lost) {
		event_note(watch, CUTOFF_SESSION_LOST);
	}
}

/* Unlike the loop's time it goes on while the machine sleeps. */
static int64_t real_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* True: it is to end. */
static bool watch_wait(struct watch *watch, int64_t at_ms)
{
	struct pollfd fds[] = {{.fd = watch->signals, .events = POLLIN},
			       {.fd = watch->io_errors, .events = POLLIN}};
	int64_t left_ms = at_ms - deadline_now_ms();
	int64_t began_ms = real_ms();
	uint64_t count;

	left_ms = left_ms < 0 ? 0 : left_ms < PATHS_MS ? left_ms : PATHS_MS;
	if (poll(fds, 2, (int)left_ms) < 0 && errno != EINTR) {
		return true;
	}
	if (real_ms() - began_ms > left_ms + STILL_MS) {
		event_note(watch, CUTOFF_STOOD_STILL);
	}
	if ((fds[1].revents & POLLIN) != 0) {
		(void)!read(watch->io_errors, &count, sizeof(count));
		event_note(watch, CUTOFF_IO_ERROR);
	}
	paths_look(watch);
	return fds[0].revents != 0;
}

static void watch_run(struct watch *watch)
{
	bool end = false;

	cutoff_init(&watch->cutoff, deadline_now_ms());
	event_note(watch, CUTOFF_STARTED);
	while (!end) {
		int64_t at_ms;
		enum cutoff_act act = cutoff_next(&watch->cutoff, deadline_now_ms(), &at_ms);

		(void)notify_send("WATCHDOG=1");
		switch (act) {
		case CUTOFF_LOOK: watch_look(watch); break;
		case CUTOFF_RETURN: watch_return(watch); break;
		case CUTOFF_WAIT: break;
		}
		end = watch_wait(watch, act == CUTOFF_WAIT ? at_ms : 0);
	}
}

/* Life */

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

static int watch_main(const struct options *options, struct err *err)
{
	struct watch watch = {
		.options = options,
		.host = {.node = options->node, .told = on_ended},
		.told = CUTOFF_SILENT,
		.io_errors = -1,
	};
	int rc = process_prepare(err);

	rc = rc < 0 ? rc : signals_open(&watch.signals, err);
	rc = rc < 0 ? rc : cutoff_host_configure(&watch.host, options->config, err);
	rc = rc < 0 ? rc : cutoff_virt_start(&watch.io_errors, err);
	if (rc < 0) {
		return rc;
	}
	qb_log(LOG_NOTICE, "lunmask-cutoff starts | host=%s initiator=%s", watch.host.self->node,
	       watch.host.self->initiator);
	(void)notify_send("READY=1");
	watch_run(&watch);
	(void)notify_send("STOPPING=1");
	cutoff_paths_release(&watch.paths);
	cutoff_host_release(&watch.host);
	return 0;
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
	log_start(&options);
	rc = watch_main(&options, &err);
	if (rc < 0) {
		qb_log(LOG_ERR, "lunmask-cutoff does not run: %s", err_text(&err));
	}
	qb_log_fini();
	return rc < 0 ? (int)exit_status_of(rc) : EXIT_STATUS_OK;
}
