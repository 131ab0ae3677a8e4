/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_THREAD_H
#define LUNMASK_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#include "base/deadline.h"

/*
 * Threads that handle no signal, and condition variables with a deadline.
 *
 * A new thread has all signals blocked: only the thread that runs the program's event loop receives
 * signals.
 */

/* Starts a joinable thread. 0 or -errno. */
int thread_start(pthread_t *ret, void *(*main)(void *data), void *data);
/* Starts a detached thread. 0 or -errno. */
int thread_start_detached(void *(*main)(void *data), void *data);

/* The condition variable uses CLOCK_MONOTONIC, as deadlines do. */
void thread_cond_init(pthread_cond_t *cond);

/* Call it with lock held. False if the deadline has passed; true may be a spurious wake-up. */
bool thread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, struct deadline deadline);

#endif
