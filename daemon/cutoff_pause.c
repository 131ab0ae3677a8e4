/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cutoff_pause.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "process.h"

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

int cutoff_pause_begin(struct cutoff_pause *pause, struct err *err)
{
	int rc = pause->stopped.n > 0 ? 0 : process_each(program_visit, pause, err);

	return rc < 0 ? rc : process_set_signal(&pause->stopped, SIGSTOP, err);
}

int cutoff_pause_end(struct cutoff_pause *pause, struct err *err)
{
	int rc = process_set_signal(&pause->stopped, SIGCONT, err);

	process_set_release(&pause->stopped);
	return rc;
}

int cutoff_pause_take_over(struct cutoff_pause *pause, struct err *err)
{
	int rc = process_each(program_visit, pause, err);

	return rc < 0 ? rc : cutoff_pause_end(pause, err);
}
