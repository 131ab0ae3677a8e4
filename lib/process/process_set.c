/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/process_set.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "process/process.h"

int process_set_add(struct process_set *set, pid_t pid, int pidfd, const char *name,
		    struct err *err)
{
	struct process_held *held;

	if (set->n == set->room) {
		size_t room = set->room == 0 ? 16 : 2 * set->room;

		held = realloc(set->held, room * sizeof(*held));
		if (held == NULL) {
			(void)close(pidfd);
			return err_set(err, -ENOMEM, "out of memory");
		}
		set->held = held;
		set->room = room;
	}
	held = &set->held[set->n++];
	*held = (struct process_held){.pid = pid, .pidfd = pidfd};
	(void)snprintf(held->name, sizeof(held->name), "%s", name);
	return 0;
}

int process_set_signal(const struct process_set *set, int signal, struct err *err)
{
	int failed = 0;

	for (size_t i = 0; i < set->n; i++) {
		struct err one = ERR_INIT;
		int rc = process_signal(set->held[i].pidfd, signal, &one);

		if (rc < 0 && failed == 0) {
			failed = err_set(err, rc, "%s (pid %d): %.500s", set->held[i].name,
					 (int)set->held[i].pid, err_text(&one));
		}
	}
	return failed;
}

void process_set_reap(struct process_set *set, struct deadline deadline)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->n; i++) {
		if (process_wait(set->held[i].pidfd, deadline)) {
			(void)close(set->held[i].pidfd);
		} else {
			set->held[kept++] = set->held[i];
		}
	}
	set->n = kept;
}

int process_set_end(struct process_set *set, struct deadline deadline, struct err *err)
{
	int rc = process_set_signal(set, SIGKILL, err);

	process_set_reap(set, deadline);
	if (rc == 0 && set->n > 0) {
		rc = err_set(err, -ETIMEDOUT,
			     "%s (pid %d) did not exit after SIGKILL: reboot this host; the "
			     "process may hang in the kernel",
			     set->held[0].name, (int)set->held[0].pid);
	}
	return rc;
}

void process_set_release(struct process_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		(void)close(set->held[i].pidfd);
	}
	free(set->held);
	*set = (struct process_set){.n = 0};
}
