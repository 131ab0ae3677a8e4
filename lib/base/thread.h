/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_THREAD_H
#define LUNMASK_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#include "base/deadline.h"

/*
 * Threads that handle no signal, and conditions that are waited for until a deadline.
 *
 * A new thread has all signals blocked: signals are for the thread that runs the program's loop.
 */

/* Joinable. 0 or -errno. */
int thread_start(pthread_t *ret, void *(*main)(void *data), void *data);
/* Detached. 0 or -errno. */
int thread_start_detached(void *(*main)(void *data), void *data);

/* A condition on CLOCK_MONOTONIC, which deadlines count by. */
void thread_cond_init(pthread_cond_t *cond);

/* With the lock held. False at the deadline; true may also be a spurious wake-up. */
bool thread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, struct deadline deadline);

#endif
