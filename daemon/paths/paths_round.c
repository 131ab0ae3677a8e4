/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "paths/paths_round.h"

#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
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
#define LEFT_MAX 4
#define CHILDREN_MAX 2 /* at once */
#define KILLED_MS 50

struct paths_round {
	qb_loop_t *loop;
	paths_round_done *done;
	void *user;
	pid_t pid; /* 0: systemd has started it */
	int pidfd;
	int fd;
	bool polled;
	int32_t events;
	qb_loop_timer_handle timer;
	bool armed;
	char *request;
	size_t sent, request_bytes;
	GString *report;
};

/* Children that did not end when they were killed: they hang in the kernel. */
static pid_t left[LEFT_MAX];
static size_t n_left;

static void left_reap(void)
{
	for (size_t i = n_left; i > 0; i--) {
		if (waitpid(left[i - 1], NULL, WNOHANG) != 0) {
			left[i - 1] = left[--n_left];
		}
	}
}

/* It may have reported and still hang. A child that is killed takes a moment to end. */
static void child_end(struct paths_round *round)
{
	if (round->pid > 0) {
		(void)kill(round->pid, SIGKILL);
		(void)process_wait(round->pidfd, deadline_in(KILLED_MS));
		left[n_left++] = round->pid;
		left_reap();
		round->pid = 0;
	}
	fd_close(&round->pidfd);
}

static void round_stop(struct paths_round *round)
{
	if (round->polled) {
		(void)qb_loop_poll_del(round->loop, round->fd);
		round->polled = false;
	}
	if (round->armed) {
		(void)qb_loop_timer_del(round->loop, round->timer);
		round->armed = false;
	}
	fd_close(&round->fd);
	child_end(round);
}

/* The last thing that is done with the round: done may free it. */
static void round_end(struct paths_round *round, const char *why)
{
	struct path_report report = {.paths = NULL};
	bool good = false;

	round_stop(round);
	if (why == NULL) {
		good = path_report_decode(round->report->str, round->report->len, &report) == 0;
		why = good                      ? ""
		      : round->report->len == 0 ? "lunmask-paths ended without a report"
						: "lunmask-paths wrote what is no report";
	}
	round->done(round->user, good ? &report : NULL, why);
	path_report_release(&report);
}

static void on_timeout(void *data)
{
	struct paths_round *round = data;

	round->armed = false;
	round_end(round, "lunmask-paths did not report in time");
}

/* False: the other side is gone; then what it has written says why. */
static void request_send(struct paths_round *round)
{
	ssize_t sent = send(round->fd, round->request + round->sent,
			    round->request_bytes - round->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent > 0) {
		round->sent += (size_t)sent;
	} else if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		round->sent = round->request_bytes;
	}
}

/* True: the report has ended, in one way or the other. */
static bool report_read(struct paths_round *round, const char **ret_why)
{
	char data[READ_BYTES];
	ssize_t got = recv(round->fd, data, sizeof(data), MSG_DONTWAIT);

	if (got < 0) {
		return errno != EAGAIN && errno != EINTR;
	}
	if (got > 0) {
		g_string_append_len(round->report, data, got);
		if (round->report->len > PATH_REPORT_BYTES_MAX) {
			*ret_why = "lunmask-paths wrote more than a report may have";
			return true;
		}
	}
	/* The last line completes it, even if the program stays. */
	return got == 0 || g_str_has_suffix(round->report->str, "\n" PATH_REPORT_END "\n") ||
	       strcmp(round->report->str, PATH_REPORT_END "\n") == 0;
}

static int32_t on_ready(int32_t fd, int32_t revents, void *data)
{
	struct paths_round *round = data;
	const char *why = NULL;

	(void)fd;
	if ((revents & POLLOUT) != 0) {
		request_send(round);
	}
	if ((revents & ~POLLOUT) != 0 && report_read(round, &why)) {
		round_end(round, why);
		return 0;
	}
	if (round->sent == round->request_bytes && (round->events & POLLOUT) != 0) {
		round->events = POLLIN;
		(void)qb_loop_poll_mod(round->loop, QB_LOOP_LOW, round->fd, round->events, round,
				       on_ready);
	}
	return 0;
}

/* 0; or -errno, where -ENOENT and -ECONNREFUSED: nobody listens. */
static int socket_connect(struct paths_round *round, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >=
	    sizeof(address.sun_path)) {
		return -ENAMETOOLONG;
	}
	round->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (round->fd < 0) {
		return -errno;
	}
	if (connect(round->fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int rc = -errno;

		fd_close(&round->fd);
		return rc;
	}
	return 0;
}

static int child_start(struct paths_round *round, const char *program)
{
	const char *const argv[] = {program, NULL};
	int fds[2];
	int rc;

	left_reap();
	if (n_left + CHILDREN_MAX > LEFT_MAX) {
		return -EBUSY; /* some more may be running */
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
		return -errno;
	}
	round->fd = fds[0];
	rc = process_spawn(&(struct process_spawn){.argv = argv,
						   .fds = {fds[1], fds[1], -1, -1},
						   .flags = PROCESS_SPAWN_BOUND_KILL},
			   &round->pid, &round->pidfd);
	(void)close(fds[1]);
	return rc;
}

static int round_start(struct paths_round *round, const struct paths_launch *launch, int timeout_ms)
{
	int rc = socket_connect(round, launch->socket);

	if (rc == -ENOENT || rc == -ECONNREFUSED) {
		rc = child_start(round, launch->program);
	}
	if (rc < 0) {
		return rc;
	}
	round->events = POLLIN | POLLOUT;
	rc = qb_loop_poll_add(round->loop, QB_LOOP_LOW, round->fd, round->events, round, on_ready);
	round->polled = rc == 0;
	rc = rc < 0 ? rc
		    : qb_loop_timer_add(round->loop, QB_LOOP_LOW,
					(uint64_t)PATHS_ROUND_MS(timeout_ms) * MS_NS, round,
					on_timeout, &round->timer);
	round->armed = rc == 0;
	return rc;
}

int paths_round_new(qb_loop_t *loop, const struct paths_launch *launch,
		    const struct path_request *request, paths_round_done *done, void *user,
		    struct paths_round **ret, struct err *err)
{
	struct paths_round *round = g_new0(struct paths_round, 1);
	int rc;

	*round = (struct paths_round){
		.loop = loop, .done = done, .user = user, .pidfd = -1, .fd = -1};
	round->report = g_string_new(NULL);
	round->request = path_request_encode(request);
	if (round->request == NULL) {
		rc = err_set(err, -EINVAL, "the node's name is not legal in lunmask.conf: '%.64s'",
			     request->node);
	} else {
		round->request_bytes = strlen(round->request);
		rc = round_start(round, launch, request->timeout_ms);
		if (rc < 0) {
			(void)err_set(err, rc, "cannot start lunmask-paths: %s", strerror(-rc));
		}
	}
	if (rc < 0) {
		paths_round_free(round);
		return rc;
	}
	*ret = round;
	return 0;
}

void paths_round_free(struct paths_round *round)
{
	if (round != NULL) {
		round_stop(round);
		g_string_free(round->report, TRUE);
		g_free(round->request);
		g_free(round);
	}
}
