/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/process_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "process/process.h"

/* While the child fills 0 to 3, the originals and the report pipe are at this number or above. */
#define KEEP_FROM 16

/* In the child between fork(2) and exec(3): system calls only; false with errno on failure. */

static bool fds_place(const int fds[PROCESS_SPAWN_FDS], int report)
{
	int kept[PROCESS_SPAWN_FDS];

	for (int i = 0; i < PROCESS_SPAWN_FDS; i++) {
		kept[i] = fds[i] >= 0 ? fcntl(fds[i], F_DUPFD, KEEP_FROM)
			  : i < 3     ? open("/dev/null", O_RDWR)
				      : -1;
		if (kept[i] < 0 && (fds[i] >= 0 || i < 3)) {
			return false;
		}
	}
	for (int i = 0; i < PROCESS_SPAWN_FDS; i++) {
		if (kept[i] < 0) {
			(void)close(i);
		} else if (kept[i] != i && dup2(kept[i], i) < 0) {
			return false;
		}
	}
	return close_range(PROCESS_SPAWN_FDS, (unsigned int)report - 1, 0) == 0 &&
	       close_range((unsigned int)report + 1, ~0u, 0) == 0;
}

static void signals_default(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++) {
		(void)signal(number, SIG_DFL);
	}
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool flags_apply(unsigned int flags, pid_t parent)
{
	/* With 0, a core that goes to a program by a pipe would still be dumped: core(5). */
	static const struct rlimit no_core = {.rlim_cur = 1, .rlim_max = 1};

	if ((flags & (PROCESS_SPAWN_BOUND | PROCESS_SPAWN_BOUND_KILL)) != 0) {
		int signal_at_end = (flags & PROCESS_SPAWN_BOUND_KILL) != 0 ? SIGKILL : SIGTERM;

		errno = ESRCH; /* if the parent is gone */
		if (prctl(PR_SET_PDEATHSIG, signal_at_end) != 0 || getppid() != parent) {
			return false;
		}
	}
	if ((flags & PROCESS_SPAWN_NO_CORE) != 0 && setrlimit(RLIMIT_CORE, &no_core) != 0) {
		return false;
	}
	if ((flags & PROCESS_SPAWN_SESSION) != 0 && setsid() < 0) {
		return false;
	}
	return (flags & PROCESS_SPAWN_GROUP) == 0 || setpgid(0, 0) == 0;
}

static void __attribute__((noreturn))
child_exec(const struct process_spawn *spawn, pid_t parent, int report)
{
	int kept;
	int number;

	signals_default();
	kept = fcntl(report, F_DUPFD_CLOEXEC, KEEP_FROM);
	if (kept >= 0) {
		report = kept;
		if (fds_place(spawn->fds, report) && flags_apply(spawn->flags, parent)) {
			(void)execvp(spawn->argv[0], (char *const *)spawn->argv);
		}
	}
	number = errno;
	(void)!write(report, &number, sizeof(number));
	_exit(127);
}

/* The child reports its errno. The end of the file without a report means that the program runs. */
static int report_read(int report)
{
	int number = 0;
	ssize_t bytes = TEMP_FAILURE_RETRY(read(report, &number, sizeof(number)));

	return bytes == 0 ? 0 : bytes == sizeof(number) ? -number : -EIO;
}

static void child_remove(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)TEMP_FAILURE_RETRY(waitpid(pid, NULL, 0));
}

int process_spawn(const struct process_spawn *spawn, pid_t *ret_pid, int *ret_pidfd)
{
	int report[2];
	pid_t parent = getpid();
	sigset_t all, before;
	pid_t pid;
	int rc;

	if (pipe2(report, O_CLOEXEC) < 0) {
		return -errno;
	}
	/* No signal handler of this process may run in the child. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0) {
		child_exec(spawn, parent, report[1]);
	}
	rc = pid < 0 ? -errno : 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	fd_close(&report[1]);
	rc = rc < 0 ? rc : report_read(report[0]);
	fd_close(&report[0]);
	if (rc == 0 && ret_pidfd != NULL) {
		*ret_pidfd = process_hold(pid, NULL);
		rc = *ret_pidfd < 0 ? *ret_pidfd : 0;
	}
	if (rc < 0 && pid > 0) {
		child_remove(pid);
	}
	*ret_pid = rc == 0 ? pid : 0;
	return rc;
}
