/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch/fencing_query.h"

#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "process/process_spawn.h"

#define ANSWER_MAX 48

struct fencing_query {
	qb_loop_t *loop;
	fencing_query_done *done;
	void *user;
	pid_t pid;
	int fd;
	qb_loop_timer_handle timer;
	bool timer_armed;
	char answer[ANSWER_MAX + 1];
	size_t bytes;
};

int fencing_query_parse(const char *text, size_t bytes, struct fencing_times *ret)
{
	g_autofree char *line = g_strndup(text, bytes);
	g_auto(GStrv) words = NULL;

	if (bytes > ANSWER_MAX || bytes == 0 || strlen(line) != bytes || line[bytes - 1] != '\n') {
		return -EBADMSG;
	}
	line[bytes - 1] = '\0';
	words = g_strsplit(line, " ", 0);
	if (g_strv_length(words) != 2 ||
	    !g_ascii_string_to_signed(words[0], 10, 0, INT64_MAX, &ret->fenced, NULL) ||
	    !g_ascii_string_to_signed(words[1], 10, 0, INT64_MAX, &ret->unfenced, NULL)) {
		return -EBADMSG;
	}
	return 0;
}

/* The program may have answered and still hang. */
static void query_kill(struct fencing_query *query)
{
	if (query->pid <= 0) {
		return;
	}
	(void)kill(query->pid, SIGKILL);
	(void)TEMP_FAILURE_RETRY(waitpid(query->pid, NULL, 0));
	query->pid = 0;
}

static void query_end(struct fencing_query *query, int rc)
{
	fencing_query_done *done = query->done;
	struct fencing_times times = {0};

	rc = rc < 0 ? rc : fencing_query_parse(query->answer, query->bytes, &times);
	query->done = NULL;
	if (done != NULL) {
		done(query->user, rc, &times);
	}
}

static void on_timeout(void *data)
{
	struct fencing_query *query = data;

	query->timer_armed = false;
	(void)qb_loop_poll_del(query->loop, query->fd);
	query_kill(query);
	query_end(query, -ETIMEDOUT);
}

static int32_t on_output(int32_t fd, int32_t revents, void *data)
{
	struct fencing_query *query = data;
	ssize_t got = read(fd, query->answer + query->bytes, ANSWER_MAX + 1 - query->bytes);

	(void)revents;
	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		return 0;
	}
	if (got > 0) {
		query->bytes += (size_t)got;
	}
	/* The answer is one line; the newline completes it. */
	if (got > 0 && query->bytes <= ANSWER_MAX && query->answer[query->bytes - 1] != '\n') {
		return 0;
	}
	(void)qb_loop_timer_del(query->loop, query->timer);
	query->timer_armed = false;
	(void)qb_loop_poll_del(query->loop, fd);
	query_kill(query);
	query_end(query, got > 0 && query->bytes <= ANSWER_MAX ? 0 : -EIO);
	return 0;
}

static int query_start(struct fencing_query *query, const char *program, const char *peer,
		       const char *self)
{
	const char *const argv[] = {program, peer, self, NULL};
	int fds[2];
	int rc;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0) {
		return -errno;
	}
	query->fd = fds[0];
	rc = process_spawn(&(struct process_spawn){.argv = argv, .fds = {-1, fds[1], -1, -1}},
			   &query->pid, NULL);
	(void)close(fds[1]);
	if (rc < 0) {
		return rc;
	}
	rc = qb_loop_poll_add(query->loop, QB_LOOP_MED, query->fd, POLLIN, query, on_output);
	if (rc == 0) {
		rc = qb_loop_timer_add(query->loop, QB_LOOP_MED,
				       FENCING_QUERY_MS * UINT64_C(1000000), query, on_timeout,
				       &query->timer);
		query->timer_armed = rc == 0;
	}
	return rc;
}

int fencing_query_new(qb_loop_t *loop, const char *program, const char *peer, const char *self,
		      fencing_query_done *done, void *user, struct fencing_query **ret,
		      struct err *err)
{
	struct fencing_query *query = g_new(struct fencing_query, 1);
	int rc;

	*query = (struct fencing_query){.loop = loop, .done = done, .user = user, .fd = -1};
	rc = query_start(query, program, peer, self);
	if (rc < 0) {
		query->done = NULL;
		fencing_query_free(query);
		return err_set(err, rc, "%s: %s", program, strerror(-rc));
	}
	*ret = query;
	return 0;
}

void fencing_query_free(struct fencing_query *query)
{
	if (query == NULL) {
		return;
	}
	if (query->pid > 0) {
		(void)qb_loop_poll_del(query->loop, query->fd);
		query_kill(query);
	}
	if (query->timer_armed) {
		(void)qb_loop_timer_del(query->loop, query->timer);
	}
	fd_close(&query->fd);
	g_free(query);
}
