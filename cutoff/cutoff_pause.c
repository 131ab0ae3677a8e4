/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cutoff/cutoff_pause.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/process.h"

static bool is_program(const struct cutoff_pause *pause, pid_t pid)
{
	char name[PROCESS_NAME_MAX + 1];

	process_name(pid, name);
	return strcmp(name, pause->program) == 0;
}

static int program_visit(void *data, pid_t pid, struct err *err)
{
	struct cutoff_pause *pause = data;
	int pidfd;

	if (!is_program(pause, pid)) {
		return 0;
	}
	pidfd = process_hold(pid, err);
	if (pidfd < 0) {
		return pidfd == -ESRCH ? 0 : pidfd;
	}
	if (!is_program(pause, pid)) {
		(void)close(pidfd);
		return 0;
	}
	return process_set_add(&pause->stopped, pid, pidfd, pause->program, err);
}

/* Runs in a forked child of a threaded process, so it only makes system calls. */
static void __attribute__((noreturn)) guard(const struct cutoff_pause *pause, int guard_pipe)
{
	struct pollfd event = {.fd = guard_pipe, .events = POLLIN};
	int rc = process_set_signal(&pause->stopped, SIGSTOP, NULL);

	(void)poll(&event, 1, CUTOFF_PAUSE_MS);
	(void)process_set_signal(&pause->stopped, SIGCONT, NULL);
	_exit(rc < 0 ? 1 : 0);
}

static int guard_start(struct cutoff_pause *pause, struct err *err)
{
	int guard_pipe[2];

	if (pipe2(guard_pipe, O_CLOEXEC) < 0) {
		return err_set(err, -errno, "pipe: %s", strerror(errno));
	}
	pause->guard = fork();
	if (pause->guard == 0) {
		(void)close(guard_pipe[1]);
		guard(pause, guard_pipe[0]);
	}
	(void)close(guard_pipe[0]);
	pause->guard_pipe = guard_pipe[1];
	if (pause->guard < 0) {
		int rc = -errno;

		pause->guard = 0;
		(void)close(pause->guard_pipe);
		return err_set(err, rc, "fork: %s", strerror(-rc));
	}
	return 0;
}

int cutoff_pause_begin(struct cutoff_pause *pause, struct err *err)
{
	int rc = 0;

	if (cutoff_pause_is_on(pause)) {
		return 0;
	}
	rc = process_each(program_visit, pause, err);
	if (rc == 0 && pause->stopped.n > 0) {
		rc = guard_start(pause, err);
	}
	if (pause->guard == 0) {
		process_set_release(&pause->stopped);
	}
	return rc;
}

void cutoff_pause_end(struct cutoff_pause *pause)
{
	if (!cutoff_pause_is_on(pause)) {
		return;
	}
	(void)close(pause->guard_pipe);
	(void)TEMP_FAILURE_RETRY(waitpid(pause->guard, NULL, 0));
	/* In case the guard was killed. */
	(void)process_set_signal(&pause->stopped, SIGCONT, NULL);
	process_set_release(&pause->stopped);
	pause->guard = 0;
}

bool cutoff_pause_is_on(const struct cutoff_pause *pause)
{
	return pause->guard != 0;
}
