/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * monitor_bench: what a monitor of level 0 costs over /bin/true, without a cluster.
 *
 *	monitor_bench run FRONT RUNS          both in turn, RUNS times each
 *	monitor_bench serve PROGRAM [ARG...]  runs PROGRAM with a server for it
 *
 * FRONT is the program that is installed as ocf:lunmask:VirtualMachine. It is answered by
 *lunmaskd's own server, in a process of its own, to which every VM runs.
 *
 * run prints medians of wall time and CPU (user and system), their ratios, and what the server uses
 * for one question. Exit status: 0; 1: a ratio is over the bar; 2: something does not work.
 */
#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ipc/ipc_glance.h"

#define RUNS_MAX 100000
#define BAR 1.6
enum { EXIT_MET = 0, EXIT_MISSED = 1, EXIT_WRONG = 2 };

struct costs {
	int64_t wall_us[RUNS_MAX];
	int64_t cpu_us[RUNS_MAX];
};

static char path[64];
static char *const front_environment[] = {(char[]){"OCF_RESKEY_CRM_meta_interval=10000"},
					  (char[]){"OCF_RESKEY_vm=web1"},
					  (char[]){"OCF_CHECK_LEVEL=0"}, NULL};

static enum journal_domain runs(void *shell, const char *vm)
{
	(void)shell;
	(void)vm;
	return JOURNAL_DOMAIN_RUNNING;
}

/* What it has used. */
static struct rusage server_end(pid_t server)
{
	struct rusage used = {0};
	int status;

	(void)kill(server, SIGTERM);
	while (wait4(server, &status, 0, &used) < 0 && errno == EINTR) {
	}
	(void)unlink(path);
	return used;
}

static pid_t server_begin(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	(void)snprintf(path, sizeof(path), "/tmp/lunmask-bench-%d.socket", getpid());
	if (setenv(JOURNAL_GLANCE_VARIABLE, path, 1) != 0 || pipe(ready) != 0) {
		exit(EXIT_WRONG);
	}
	pid = fork();
	if (pid == 0) {
		struct ipc_glance *server;
		struct err err = ERR_INIT;
		qb_loop_t *loop = qb_loop_create();

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (ipc_glance_new(loop, runs, NULL, &server, &err) < 0) {
			(void)fprintf(stderr, "monitor_bench: %s\n", err_text(&err));
			_exit(EXIT_WRONG);
		}
		(void)write(ready[1], "!", 1);
		qb_loop_run(loop);
		_exit(EXIT_WRONG);
	}
	(void)close(ready[1]);
	if (pid < 0 || read(ready[0], &byte, 1) != 1) {
		(void)fputs("monitor_bench: no server\n", stderr);
		exit(EXIT_WRONG);
	}
	(void)close(ready[0]);
	return pid;
}

static int64_t us_of(const struct timeval *time)
{
	return (int64_t)time->tv_sec * 1000000 + time->tv_usec;
}

static int64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void cost(char *const *argv, struct costs *costs, size_t i)
{
	int64_t begun = now_us();
	struct rusage used;
	int status = 0;
	pid_t pid;

	if (posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) != 0 ||
	    wait4(pid, &status, 0, &used) != pid || status != 0) {
		(void)fprintf(stderr, "monitor_bench: %s: status %d: it must be 0\n", argv[0],
			      WEXITSTATUS(status));
		exit(EXIT_WRONG);
	}
	costs->wall_us[i] = now_us() - begun;
	costs->cpu_us[i] = us_of(&used.ru_utime) + us_of(&used.ru_stime);
}

static int by_value(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static double median(int64_t *values, size_t n)
{
	qsort(values, n, sizeof(*values), by_value);
	return (double)(values[(n - 1) / 2] + values[n / 2]) / 2;
}

static bool line_print(const char *what, int64_t *of_true, int64_t *of_front, size_t n)
{
	double base = median(of_true, n), ours = median(of_front, n);
	bool met = ours <= BAR * base;

	(void)printf("%-5s %10.0f us %10.0f us   %5.2f   %s\n", what, base, ours, ours / base,
		     met ? "met" : "MISSED");
	return met;
}

static int run(char *front, size_t n)
{
	static struct costs base, ours;
	char *true_argv[] = {(char[]){"/bin/true"}, (char[]){"monitor"}, NULL};
	char *front_argv[] = {front, (char[]){"monitor"}, NULL};
	pid_t server = server_begin();
	struct rusage used;
	bool met;

	for (size_t i = 0; front_environment[i] != NULL; i++) {
		(void)putenv(front_environment[i]);
	}
	for (size_t i = 0; i < n; i++) {
		cost(true_argv, &base, i);
		cost(front_argv, &ours, i);
	}
	used = server_end(server);
	(void)printf("%-5s %13s %13s   ratio   bar %.1f   (medians of %zu, in turn)\n", "",
		     "/bin/true", "monitor", BAR, n);
	met = line_print("wall", base.wall_us, ours.wall_us, n);
	met = line_print("CPU", base.cpu_us, ours.cpu_us, n) && met;
	(void)printf("the server: %.0f us of CPU for each\n",
		     (double)(us_of(&used.ru_utime) + us_of(&used.ru_stime)) / (double)n);
	return met ? EXIT_MET : EXIT_MISSED;
}

static int serve(char **argv)
{
	pid_t server = server_begin();
	int status = 0;
	pid_t pid;

	for (size_t i = 0; front_environment[i] != NULL; i++) {
		(void)putenv(front_environment[i]);
	}
	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) != 0 ||
	    waitpid(pid, &status, 0) != pid) {
		status = -1;
	}
	(void)server_end(server);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_WRONG;
}

int main(int argc, char **argv)
{
	size_t n = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;

	if (argc == 4 && strcmp(argv[1], "run") == 0 && n >= 1 && n <= RUNS_MAX) {
		return run(argv[2], n);
	}
	if (argc >= 3 && strcmp(argv[1], "serve") == 0) {
		return serve(&argv[2]);
	}
	(void)fputs("usage: monitor_bench run FRONT RUNS | serve PROGRAM [ARG...]\n", stderr);
	return EXIT_WRONG;
}
