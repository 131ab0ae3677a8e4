/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/async_call.h"

#include <stddef.h>

#include "base/thread.h"

void async_call_init(struct async_call *call, void (*run)(struct async_call *call),
		     void (*free)(struct async_call *call))
{
	*call = (struct async_call){.run = run, .free = free, .refs = 1};
	(void)pthread_mutex_init(&call->lock, NULL);
	thread_cond_init(&call->changed);
}

static void *call_main(void *data)
{
	struct async_call *call = data;

	call->run(call);
	(void)pthread_mutex_lock(&call->lock);
	call->done = true;
	(void)pthread_cond_broadcast(&call->changed);
	(void)pthread_mutex_unlock(&call->lock);
	async_call_release(call);
	return NULL;
}

int async_call_start(struct async_call *call)
{
	int rc;

	call->refs++; /* for the thread, which does not exist yet: no lock is needed */
	rc = thread_start_detached(call_main, call);
	if (rc < 0) {
		call->refs--;
	}
	return rc;
}

bool async_call_wait(struct async_call *call, struct deadline deadline)
{
	bool done;

	(void)pthread_mutex_lock(&call->lock);
	while (!call->done && thread_cond_wait(&call->changed, &call->lock, deadline)) {
	}
	done = call->done;
	(void)pthread_mutex_unlock(&call->lock);
	return done;
}

void async_call_release(struct async_call *call)
{
	int refs;

	if (call == NULL) {
		return;
	}
	(void)pthread_mutex_lock(&call->lock);
	refs = --call->refs;
	(void)pthread_mutex_unlock(&call->lock);
	if (refs > 0) {
		return;
	}
	(void)pthread_cond_destroy(&call->changed);
	(void)pthread_mutex_destroy(&call->lock);
	call->free(call);
}
