/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launch/program_call.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/fd.h"
#include "process/process.h"
#include "process/process_spawn.h"

#define MS_NS UINT64_C(1000000)
#define READ_BYTES (16 * 1024)
#define KILLED_MS 50

struct program_call {
	qb_loop_t *loop;
	program_call_done *done;
	void *user;
	bool (*whole)(const char *data, size_t bytes);
	size_t answer_bytes_max;
	pid_t pid; /* 0: systemd has started it */
	int pidfd;
	int fd;
	bool polled;
	int32_t events;
	qb_loop_timer_handle timer;
	bool armed;
	char *request;
	size_t sent, request_bytes;
	GString *answer;
};

/* Children that did not end when they were killed: they hang in the kernel. */
static pid_t left[PROGRAM_CHILDREN_MAX];
static size_t n_left, n_running;

static void left_reap(void)
{
	for (size_t i = n_left; i > 0; i--) {
		if (waitpid(left[i - 1], NULL, WNOHANG) != 0) {
			left[i - 1] = left[--n_left];
		}
	}
}

/* It may have answered and still hang. A child that is killed takes a moment to end. */
static void child_end(struct program_call *call)
{
	if (call->pid > 0) {
		(void)kill(call->pid, SIGKILL);
		(void)process_wait(call->pidfd, deadline_in(KILLED_MS));
		n_running--;
		left[n_left++] = call->pid;
		left_reap();
		call->pid = 0;
	}
	fd_close(&call->pidfd);
}

static void call_stop(struct program_call *call)
{
	if (call->polled) {
		(void)qb_loop_poll_del(call->loop, call->fd);
		call->polled = false;
	}
	if (call->armed) {
		(void)qb_loop_timer_del(call->loop, call->timer);
		call->armed = false;
	}
	fd_close(&call->fd);
	child_end(call);
}

/* The last thing that is done with the call: done may free it. */
static void call_end(struct program_call *call, enum program_end end)
{
	call_stop(call);
	call->done(call->user, end, call->answer->str, call->answer->len);
}

static void on_timeout(void *data)
{
	struct program_call *call = data;

	call->armed = false;
	call_end(call, PROGRAM_TIMED_OUT);
}

/* If the other side is gone, what it has written says why. */
static void request_send(struct program_call *call)
{
	ssize_t sent = send(call->fd, call->request + call->sent, call->request_bytes - call->sent,
			    MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent > 0) {
		call->sent += (size_t)sent;
	} else if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		call->sent = call->request_bytes;
	}
}

/* True: the answer has ended, in one way or the other. */
static bool answer_read(struct program_call *call, enum program_end *ret_end)
{
	char data[READ_BYTES];
	ssize_t got = recv(call->fd, data, sizeof(data), MSG_DONTWAIT);

	if (got < 0) {
		return errno != EAGAIN && errno != EINTR;
	}
	if (got > 0) {
		g_string_append_len(call->answer, data, got);
		if (call->answer->len > call->answer_bytes_max) {
			*ret_end = PROGRAM_FLOODED;
			return true;
		}
	}
	return got == 0 || call->whole(call->answer->str, call->answer->len);
}

static int32_t on_ready(int32_t fd, int32_t revents, void *data)
{
	struct program_call *call = data;
	enum program_end end = PROGRAM_ANSWERED;

	(void)fd;
	if ((revents & POLLOUT) != 0) {
		request_send(call);
	}
	if ((revents & ~POLLOUT) != 0 && answer_read(call, &end)) {
		call_end(call, end);
		return 0;
	}
	if (call->sent == call->request_bytes && (call->events & POLLOUT) != 0) {
		call->events = POLLIN;
		(void)qb_loop_poll_mod(call->loop, QB_LOOP_LOW, call->fd, call->events, call,
				       on_ready);
	}
	return 0;
}

/* 0; or -errno, where -ENOENT and -ECONNREFUSED: nobody listens. */
static int socket_connect(struct program_call *call, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >=
	    sizeof(address.sun_path)) {
		return -ENAMETOOLONG;
	}
	call->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (call->fd < 0) {
		return -errno;
	}
	if (connect(call->fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int rc = -errno;

		fd_close(&call->fd);
		return rc;
	}
	return 0;
}

static int child_start(struct program_call *call, const char *path)
{
	const char *const argv[] = {path, NULL};
	int fds[2];
	int rc;

	left_reap();
	if (n_left + n_running >= PROGRAM_CHILDREN_MAX) {
		return -EBUSY;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
		return -errno;
	}
	call->fd = fds[0];
	rc = process_spawn(&(struct process_spawn){.argv = argv,
						   .fds = {fds[1], fds[1], -1, -1},
						   .flags = PROCESS_SPAWN_BOUND_KILL},
			   &call->pid, &call->pidfd);
	(void)close(fds[1]);
	n_running += rc == 0;
	return rc;
}

static int call_start(struct program_call *call, const struct program *program, int timeout_ms)
{
	int rc = socket_connect(call, program->socket);

	if (rc == -ENOENT || rc == -ECONNREFUSED) {
		rc = child_start(call, program->path);
	}
	if (rc < 0) {
		return rc;
	}
	call->events = POLLIN | POLLOUT;
	rc = qb_loop_poll_add(call->loop, QB_LOOP_LOW, call->fd, call->events, call, on_ready);
	call->polled = rc == 0;
	rc = rc < 0 ? rc
		    : qb_loop_timer_add(call->loop, QB_LOOP_LOW, (uint64_t)timeout_ms * MS_NS, call,
					on_timeout, &call->timer);
	call->armed = rc == 0;
	return rc;
}

int program_call_new(qb_loop_t *loop, const struct program *program,
		     const struct program_call_options *options, program_call_done *done,
		     void *user, struct program_call **ret)
{
	struct program_call *call = g_new0(struct program_call, 1);
	int rc;

	*call = (struct program_call){.loop = loop,
				      .done = done,
				      .user = user,
				      .whole = options->whole,
				      .answer_bytes_max = options->answer_bytes_max,
				      .pidfd = -1,
				      .fd = -1,
				      .request_bytes = options->request_bytes};
	call->answer = g_string_new(NULL);
	call->request = g_memdup2(options->request, options->request_bytes);
	rc = call_start(call, program, options->timeout_ms);
	if (rc < 0) {
		program_call_free(call);
		return rc;
	}
	*ret = call;
	return 0;
}

void program_call_free(struct program_call *call)
{
	if (call != NULL) {
		call_stop(call);
		g_string_free(call->answer, TRUE);
		g_free(call->request);
		g_free(call);
	}
}
