/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ASYNC_CALL_H
#define LUNMASK_ASYNC_CALL_H

#include <pthread.h>
#include <stdbool.h>

#include "base/deadline.h"

/*
 * Runs a call that may block for ever in a thread of its own, so that the caller can stop waiting.
 *
 * The object that embeds the call is on the heap. The caller and the thread each hold a reference
 * to it, and the last release frees it. The caller may read the results only after
 * async_call_wait() has returned true. A caller that stops waiting releases its reference; the
 * object then belongs to the thread.
 *
 *	struct question {
 *		struct async_call call;   the first member
 *		...                       the thread's arguments and results
 *	};
 *	async_call_init(&question->call, question_run, question_free);
 *	rc = async_call_start(&question->call);
 *	if (rc == 0 && async_call_wait(&question->call, deadline)) { ... }
 *	async_call_release(&question->call);
 */
struct async_call {
	void (*run)(struct async_call *call);  /* called in the new thread */
	void (*free)(struct async_call *call); /* frees the whole object; called in either thread */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int refs;
	bool done;
	int done_fd; /* an eventfd; -1 unless async_call_pollable() was called */
};

/* The caller holds the first reference. */
void async_call_init(struct async_call *call, void (*run)(struct async_call *call),
		     void (*free)(struct async_call *call));

/* Before the start: async_call_wait_or() will be used. 0 or -errno. */
int async_call_pollable(struct async_call *call);

/* Call it once. 0, or -errno if no thread can be created. The caller releases in both cases. */
int async_call_start(struct async_call *call);

/* True if run() has returned, so that its results may be read; false if the deadline has passed. */
bool async_call_wait(struct async_call *call, struct deadline deadline);

/*
 * As async_call_wait(), but ends as well when fd can be read. It may then return false before the
 * deadline, with *ret_readable true.
 */
bool async_call_wait_or(struct async_call *call, int fd, struct deadline deadline,
			bool *ret_readable);

/* Drops the caller's reference. Accepts NULL. */
void async_call_release(struct async_call *call);

#endif
