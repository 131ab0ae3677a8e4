/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/async_call.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/thread.h"

void async_call_init(struct async_call *call, void (*run)(struct async_call *call),
		     void (*free)(struct async_call *call))
{
	*call = (struct async_call){.run = run, .free = free, .refs = 1, .done_fd = -1};
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
	if (call->done_fd >= 0) {
		(void)eventfd_write(call->done_fd, 1);
	}
	(void)pthread_mutex_unlock(&call->lock);
	async_call_release(call);
	return NULL;
}

int async_call_pollable(struct async_call *call)
{
	call->done_fd = eventfd(0, EFD_CLOEXEC);
	return call->done_fd < 0 ? -errno : 0;
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

bool async_call_wait_or(struct async_call *call, int fd, struct deadline deadline,
			bool *ret_readable)
{
	struct pollfd fds[] = {
		{.fd = call->done_fd, .events = POLLIN},
		{.fd = fd, .events = POLLIN},
	};

	while (poll(fds, 2, deadline_left_ms(deadline)) < 0 && errno == EINTR) {
	}
	*ret_readable = fds[1].revents != 0;
	return async_call_wait(call, deadline_in(0));
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
	if (call->done_fd >= 0) {
		(void)close(call->done_fd);
	}
	call->free(call);
}
