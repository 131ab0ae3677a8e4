/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "process/process_spawn.h"
#include "process/runner_ssh.h"

/* The time that a killed program may take to exit. Only a hang in the kernel takes longer. */
#define REAP_MAX_MS 2000
#define READ_BYTES 65536
#define STDERR_KEEP_BYTES 1024

/* One running program: the parent's ends of its pipes, and its output so far. */
struct child {
	pid_t pid;
	int pidfd;
	int in;
	int out;
	int err;
	char *output;
	size_t output_bytes;
	size_t output_room;
	char messages[STDERR_KEEP_BYTES]; /* the end of its output to stderr */
	size_t message_bytes;
};

static void child_init(struct child *child)
{
	*child = (struct child){.pid = -1, .pidfd = -1, .in = -1, .out = -1, .err = -1};
}

static void child_release(struct child *child)
{
	fd_close(&child->pidfd);
	fd_close(&child->in);
	fd_close(&child->out);
	fd_close(&child->err);
	free(child->output);
}

static int pipe_open(int ends[2])
{
	return pipe2(ends, O_CLOEXEC) != 0 ? -errno : 0;
}

static int child_spawn(struct child *child, const char *const argv[], unsigned int flags)
{
	int in[2] = {-1, -1};
	int out[2] = {-1, -1};
	int err[2] = {-1, -1};
	int rc = pipe_open(in);

	rc = rc != 0 ? rc : pipe_open(out);
	rc = rc != 0 ? rc : pipe_open(err);
	if (rc == 0) {
		struct process_spawn spawn = {
			.argv = argv,
			.fds = {in[0], out[1], err[1], -1},
			.flags = PROCESS_SPAWN_GROUP | flags,
		};

		rc = process_spawn(&spawn, &child->pid, &child->pidfd);
	}
	fd_close(&in[0]);
	fd_close(&out[1]);
	fd_close(&err[1]);
	child->in = in[1];
	child->out = out[0];
	child->err = err[0];
	if (rc != 0) {
		return rc;
	}
	(void)fcntl(child->in, F_SETFL, O_NONBLOCK);
	(void)fcntl(child->out, F_SETFL, O_NONBLOCK);
	(void)fcntl(child->err, F_SETFL, O_NONBLOCK);
	return 0;
}

static void child_kill(const struct child *child)
{
	if (child->pid > 0) {
		(void)kill(-child->pid, SIGKILL);
		(void)kill(child->pid, SIGKILL);
	}
}

/* False if the program has not exited by the deadline. */
static bool child_reap(struct child *child, struct deadline deadline, int *ret_status)
{
	for (;;) {
		pid_t pid = waitpid(child->pid, ret_status, WNOHANG);

		if (pid == child->pid || (pid < 0 && errno != EINTR)) {
			child->pid = -1;
			return pid > 0;
		}
		if (deadline_passed(deadline)) {
			return false;
		}
		(void)poll(&(struct pollfd){.fd = child->pidfd, .events = POLLIN}, 1,
			   child->pidfd < 0 ? 10 : deadline_left_ms(deadline));
	}
}

/* write(2) without SIGPIPE: a program need not read its input. */
static ssize_t pipe_write(int fd, const char *data, size_t bytes)
{
	sigset_t pipe_only;
	sigset_t before;
	sigset_t pending;
	ssize_t written;
	int number;

	(void)sigemptyset(&pipe_only);
	(void)sigaddset(&pipe_only, SIGPIPE);
	(void)sigpending(&pending);
	(void)pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
	written = write(fd, data, bytes);
	number = errno;
	if (written < 0 && number == EPIPE && sigismember(&pending, SIGPIPE) == 0) {
		(void)sigtimedwait(&pipe_only, NULL, &(struct timespec){0});
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = number;
	return written;
}

static void child_feed(struct child *child, const char **input, size_t *left)
{
	ssize_t written = *left == 0 ? 0 : pipe_write(child->in, *input, *left);

	if (written > 0) {
		*input += written;
		*left -= (size_t)written;
	}
	if (*left == 0 || (written < 0 && errno != EAGAIN && errno != EINTR)) {
		fd_close(&child->in);
	}
}

static int output_add(struct child *child, const char *data, size_t bytes, size_t max)
{
	if (bytes > max - child->output_bytes) {
		return -EMSGSIZE;
	}
	if (child->output_bytes + bytes + 1 > child->output_room) {
		size_t room = 2 * (child->output_bytes + bytes) + 1;
		char *grown = realloc(child->output, room);

		if (grown == NULL) {
			return -ENOMEM;
		}
		child->output = grown;
		child->output_room = room;
	}
	memcpy(child->output + child->output_bytes, data, bytes);
	child->output_bytes += bytes;
	child->output[child->output_bytes] = '\0';
	return 0;
}

static void messages_add(struct child *child, const char *data, size_t bytes)
{
	size_t keep = child->message_bytes;

	if (bytes >= sizeof(child->messages)) {
		data += bytes - sizeof(child->messages);
		bytes = sizeof(child->messages);
	}
	if (keep > sizeof(child->messages) - bytes) {
		keep = sizeof(child->messages) - bytes;
	}
	memmove(child->messages, child->messages + child->message_bytes - keep, keep);
	memcpy(child->messages + keep, data, bytes);
	child->message_bytes = keep + bytes;
}

/* Reads once. 1 if there may be more to read, 0 if there is nothing now, or -errno. */
static int child_take(struct child *child, int *fd, size_t max)
{
	char data[READ_BYTES];
	ssize_t bytes = read(*fd, data, sizeof(data));

	if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) {
		return 0;
	}
	if (bytes <= 0) {
		fd_close(fd);
		return 0;
	}
	if (fd == &child->err) {
		messages_add(child, data, (size_t)bytes);
		return 1;
	}
	int rc = output_add(child, data, (size_t)bytes, max);

	return rc != 0 ? rc : 1;
}

/*
 * Reads what an exited program has left in the pipes. It does not wait for the end of the files:
 * another process may outlive the program and keep the pipes open, as ssh's master does with
 * stderr.
 */
static int child_drain(struct child *child, size_t max)
{
	int rc = 1;

	while (rc > 0 && child->out >= 0) {
		rc = child_take(child, &child->out, max);
	}
	/* The number of reads is limited, because such a process may write for ever. */
	for (int i = 0; i < 4 && child->err >= 0; i++) {
		(void)child_take(child, &child->err, max);
	}
	return rc < 0 ? rc : 0;
}

/* Writes the input and reads the output until the program has exited. */
static int child_converse(struct child *child, const char *input, size_t max,
			  struct deadline deadline)
{
	size_t left = strlen(input);
	int rc = 0;

	while (rc >= 0) {
		struct pollfd fds[] = {
			{.fd = child->pidfd, .events = POLLIN},
			{.fd = child->in, .events = POLLOUT},
			{.fd = child->out, .events = POLLIN},
			{.fd = child->err, .events = POLLIN},
		};
		int ready = poll(fds, 4, deadline_left_ms(deadline));

		if (ready < 0 && errno != EINTR) {
			return -errno;
		}
		if (ready <= 0 && deadline_passed(deadline)) {
			return -ETIMEDOUT;
		}
		if (ready > 0 && fds[1].revents != 0) {
			child_feed(child, &input, &left);
		}
		if (ready > 0 && fds[2].revents != 0) {
			rc = child_take(child, &child->out, max);
		}
		if (ready > 0 && fds[3].revents != 0) {
			(void)child_take(child, &child->err, max);
		}
		if (ready > 0 && rc >= 0 && fds[0].revents != 0) {
			return child_drain(child, max);
		}
		if (deadline_passed(deadline)) {
			return -ETIMEDOUT; /* also if the program never stops writing */
		}
	}
	return rc;
}

/* The last line that is not blank. */
static void tail_copy(const struct child *child, char *ret, size_t size)
{
	size_t end = child->message_bytes;
	size_t begin;

	while (end > 0 && strchr(" \t\r\n", child->messages[end - 1]) != NULL) {
		end--;
	}
	begin = end;
	while (begin > 0 && child->messages[begin - 1] != '\n') {
		begin--;
	}
	if (end - begin > size - 1) {
		end = begin + size - 1;
	}
	memcpy(ret, child->messages + begin, end - begin);
	ret[end - begin] = '\0';
}

static int outcome_explain(const struct runner_result *result, const char *program, int rc,
			   size_t max, struct err *err)
{
	const char *tail = result->stderr_tail;
	const char *sep = tail[0] == '\0' ? "" : ": ";

	if (rc == -ETIMEDOUT) {
		return err_set(err, rc, "'%s' did not finish in time and was killed%s%s", program,
			       sep, tail);
	}
	if (rc == -EMSGSIZE) {
		return err_set(err, rc, "'%s' wrote more than the %zu bytes that are legal",
			       program, max);
	}
	return err_set(err, rc, "cannot run '%s': %s%s%s", program, strerror(-rc), sep, tail);
}

static int status_take(int status, const char *program, struct runner_result *ret, struct err *err)
{
	if (WIFSIGNALED(status)) {
		return err_set(err, -EIO, "'%s' was killed by signal %d (%s)", program,
			       WTERMSIG(status), strsignal(WTERMSIG(status)));
	}
	ret->exit_status = WEXITSTATUS(status);
	return 0;
}

/* Runs one program of this host. flags: of enum process_spawn_flags */
static int run_local(const char *const argv[], unsigned int flags, const char *input, size_t max,
		     struct deadline deadline, struct runner_result *ret, struct err *err)
{
	struct child child;
	int status = 0;
	int rc;

	child_init(&child);
	rc = child_spawn(&child, argv, flags);
	rc = rc != 0 ? rc : child_converse(&child, input, max, deadline);
	if (rc != 0) {
		child_kill(&child);
	}
	if (child.pid > 0 && !child_reap(&child, deadline_in(REAP_MAX_MS), &status) && rc == 0) {
		rc = -ECHILD;
	}
	tail_copy(&child, ret->stderr_tail, sizeof(ret->stderr_tail));
	if (rc != 0) {
		rc = outcome_explain(ret, argv[0], rc, max, err);
	} else {
		rc = status_take(status, argv[0], ret, err);
	}
	if (rc == 0) {
		ret->output_bytes = child.output_bytes;
		ret->output = child.output != NULL ? child.output : strdup("");
		child.output = NULL;
		rc = ret->output != NULL ? 0 : err_set(err, -ENOMEM, "out of memory");
	}
	child_release(&child);
	return rc;
}

static int run_ssh(const struct runner *runner, const char *const argv[], const char *input,
		   size_t max, struct deadline deadline, struct runner_result *ret, struct err *err)
{
	bool multiplex = true;

	for (;;) {
		struct runner_ssh ssh;
		int rc = runner_ssh_init(&ssh, runner, argv, multiplex, deadline, err);

		if (rc != 0) {
			return rc;
		}
		/*
		 * If this process is killed, what it asked for must not be done later. ssh's master
		 * is another process, to which that does not apply: the next call uses it.
		 */
		rc = run_local(ssh.argv, PROCESS_SPAWN_BOUND_KILL, input, max, deadline, ret, err);
		if (rc != 0) {
			return err_prefix(err, rc, "%s", runner->transport);
		}
		if (multiplex && runner_ssh_mux_failed(ret)) {
			multiplex = false;
			runner_result_release(ret);
			continue;
		}
		rc = runner_ssh_explain(runner, argv[0], ret, err);
		if (rc != 0) {
			runner_result_release(ret);
		}
		return rc;
	}
}

int runner_run(const struct runner *runner, const char *const argv[], const char *input,
	       size_t output_max_bytes, struct deadline deadline, struct runner_result *ret,
	       struct err *err)
{
	*ret = (struct runner_result){0};
	if (strcmp(runner->transport, "exec") == 0) {
		/* It may be in the middle of a change: it goes on, even without this process. */
		return run_local(argv, 0, input, output_max_bytes, deadline, ret, err);
	}
	return run_ssh(runner, argv, input, output_max_bytes, deadline, ret, err);
}

void runner_result_release(struct runner_result *result)
{
	if (result != NULL) {
		free(result->output);
		*result = (struct runner_result){0};
	}
}
