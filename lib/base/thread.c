/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/thread.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

/* The thread inherits the mask. Blocking it itself, it could receive a signal before that. */
int thread_start(pthread_t *ret, void *(*main)(void *data), void *data)
{
	sigset_t all;
	sigset_t before;
	int rc;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(ret, NULL, main, data);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -rc;
}

int thread_start_detached(void *(*main)(void *data), void *data)
{
	pthread_t thread;
	int rc = thread_start(&thread, main, data);

	if (rc == 0) {
		(void)pthread_detach(thread);
	}
	return rc;
}

void thread_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t monotonic;

	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(cond, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
}

bool thread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, struct deadline deadline)
{
	int64_t at_ms = deadline.at_ms < 0 ? 0 : deadline.at_ms;
	struct timespec at = {.tv_sec = at_ms / 1000, .tv_nsec = at_ms % 1000 * 1000000};

	return pthread_cond_timedwait(cond, lock, &at) != ETIMEDOUT;
}
