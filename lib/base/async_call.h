/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ASYNC_CALL_H
#define LUNMASK_ASYNC_CALL_H

#include <pthread.h>
#include <stdbool.h>

#include "base/deadline.h"

/*
 * A call that may block for ever, in a thread of its own, so that the caller can stop waiting.
 *
 * The object that holds the call is on the heap, and the caller and the thread share it. The last
 *of the two to release it frees it. The caller reads results only after async_call_wait() was true;
 *a caller that stops waiting leaves the object to the thread.
 *
 *	struct question {
 *		struct async_call call;   the first member
 *		...                       what the thread is asked, and what it found
 *	};
 *	async_call_init(&question->call, question_run, question_free);
 *	rc = async_call_start(&question->call);
 *	if (rc == 0 && async_call_wait(&question->call, deadline)) { ... }
 *	async_call_release(&question->call);
 */
struct async_call {
	void (*run)(struct async_call *call);  /* in the thread */
	void (*free)(struct async_call *call); /* the whole object, in either thread */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int refs;
	bool done;
};

void async_call_init(struct async_call *call, void (*run)(struct async_call *call),
		     void (*free)(struct async_call *call));

/* Once. 0, or -errno when there is no thread to be had; the caller releases in both cases. */
int async_call_start(struct async_call *call);

/* True when run() has returned: its results may be read. */
bool async_call_wait(struct async_call *call, struct deadline deadline);

/* NULL is fine. */
void async_call_release(struct async_call *call);

#endif
