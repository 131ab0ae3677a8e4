/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/storage_daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "process/process.h"
#include "process/process_spawn.h"

#define PROGRAM "qemu-storage-daemon"
#define ARGUMENTS_MAX 32
#define MESSAGES_MAX 4096
#define KILLED_WAIT_MS 2000
/* The time for an exit after SIGTERM. SIGKILL loses no data, because the data was synced before. */
#define TERMINATED_WAIT_MS 3000

static const struct storage_daemon none = {.pid = 0, .pidfd = -1, .qmp = -1, .messages = -1};

static void daemon_release(struct storage_daemon *daemon)
{
	fd_close(&daemon->pidfd);
	fd_close(&daemon->qmp);
	fd_close(&daemon->messages);
	*daemon = none;
}

static int argv_build(const char *const *argv, const char **ret)
{
	size_t n = 0;

	for (; argv[n] != NULL; n++) {
		if (n == ARGUMENTS_MAX - 4) {
			return -E2BIG;
		}
		ret[n] = argv[n];
	}
	ret[n++] = "--chardev";
	ret[n++] = "socket,id=qmp,fd=3";
	ret[n++] = "--monitor";
	ret[n++] = "chardev=qmp";
	ret[n] = NULL;
	return 0;
}

static int daemon_spawn(const char *const *argv, int secret, struct storage_daemon *daemon)
{
	AUTO_FD their_qmp = -1;
	AUTO_FD their_messages = -1;
	int pair[2];
	struct process_spawn spawn = {
		.argv = argv,
		.flags = PROCESS_SPAWN_SESSION | PROCESS_SPAWN_BOUND |
			 (secret >= 0 ? PROCESS_SPAWN_NO_CORE : 0),
	};

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		return -errno;
	}
	daemon->qmp = pair[0];
	their_qmp = pair[1];
	if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0) {
		return -errno;
	}
	daemon->messages = pair[0];
	their_messages = pair[1];
	memcpy(spawn.fds, (const int[]){secret, their_messages, their_messages, their_qmp},
	       sizeof(spawn.fds));
	return process_spawn(&spawn, &daemon->pid, &daemon->pidfd);
}

/* The daemon's last line of output, without the prefix "qemu-storage-daemon: ". */
static const char *last_words(const struct storage_daemon *daemon, char *text, size_t size)
{
	static const char prefix[] = PROGRAM ": ";
	ssize_t n = read(daemon->messages, text, size - 1);
	char *line;

	text[n > 0 ? n : 0] = '\0';
	while (n > 0 && text[n - 1] == '\n') {
		text[--n] = '\0';
	}
	line = strrchr(text, '\n');
	line = line == NULL ? text : line + 1;
	return strncmp(line, prefix, sizeof(prefix) - 1) == 0 ? line + sizeof(prefix) - 1 : line;
}

/* At most half of the time that is left; the other half is for the wait after SIGKILL. */
static struct deadline terminated_until(struct deadline deadline)
{
	int half_ms = deadline_left_ms(deadline) / 2;

	return deadline_in(half_ms < TERMINATED_WAIT_MS ? half_ms : TERMINATED_WAIT_MS);
}

/*
 * 0, -EIO with the daemon's message if it exited with an error, -ETIMEDOUT if it had to be killed,
 * -EBUSY if it does not exit even after SIGKILL.
 */
static int daemon_reap(struct storage_daemon *daemon, struct deadline deadline, struct err *err)
{
	char text[MESSAGES_MAX];
	const char *words;
	bool killed = false;
	int status = 0;

	if (!process_wait(daemon->pidfd, deadline)) {
		killed = true;
		(void)process_signal(daemon->pidfd, SIGKILL, NULL);
	}
	if (!process_wait(daemon->pidfd, deadline_in(KILLED_WAIT_MS)) ||
	    waitpid(daemon->pid, &status, WNOHANG) != daemon->pid) {
		return err_set(err, -EBUSY, "%s (pid %d) did not exit after SIGKILL", PROGRAM,
			       (int)daemon->pid);
	}
	words = last_words(daemon, text, sizeof(text));
	if (killed) {
		return err_set(err, -ETIMEDOUT, "%s had to be killed%s%s", PROGRAM,
			       *words == '\0' ? "" : ": ", words);
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		return err_set(err, -EIO, "%s: %s", PROGRAM,
			       *words == '\0' ? "exited without a message" : words);
	}
	return 0;
}

static int greeting_wait(const struct storage_daemon *daemon, struct deadline deadline)
{
	char first;

	if (!process_wait(daemon->qmp, deadline)) {
		return -ETIMEDOUT;
	}
	return read(daemon->qmp, &first, 1) == 1 ? 0 : -EIO;
}

int storage_daemon_start(const char *const *argv, int secret, struct deadline deadline,
			 struct storage_daemon *ret, struct err *err)
{
	const char *full[ARGUMENTS_MAX + 1];
	struct err words = ERR_INIT;
	int rc, end_rc = 0;

	*ret = none;
	rc = argv_build(argv, full);
	rc = rc < 0 ? rc : daemon_spawn(full, secret, ret);
	if (rc < 0) {
		rc = err_set(err, rc, "cannot start %s: %s%s", PROGRAM, strerrordesc_np(-rc),
			     rc == -ENOENT ? "; is it installed?" : "");
	} else {
		rc = greeting_wait(ret, deadline);
		if (rc == 0) {
			return 0;
		}
		if (rc == -ETIMEDOUT) {
			(void)err_set(err, rc, "%s was not ready in time: does the portal answer?",
				      PROGRAM);
		}
	}
	if (ret->pid > 0) {
		/* After an end of file, the daemon is about to exit and has written the reason. */
		end_rc = daemon_reap(ret, deadline, &words);
	}
	if (rc == -EIO && end_rc < 0) {
		rc = err_set(err, end_rc, "%s", err_text(&words));
	} else if (rc == -EIO) {
		(void)err_set(err, rc, "%s exited immediately", PROGRAM);
	}
	daemon_release(ret);
	return rc;
}

int storage_daemon_end(struct storage_daemon *daemon, struct deadline deadline, struct err *err)
{
	int rc;

	(void)kill(daemon->pid, SIGTERM);
	rc = daemon_reap(daemon, terminated_until(deadline), err);
	daemon_release(daemon);
	return rc;
}

/* The search for the daemons that storage_daemon_end_others() terminates. */
struct other {
	const char *argument;
	struct deadline deadline;
};

static bool same_mount_namespace(pid_t pid)
{
	char path[64];
	struct stat ours, theirs;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
	return stat(path, &theirs) == 0 && stat("/proc/self/ns/mnt", &ours) == 0 &&
	       ours.st_ino == theirs.st_ino;
}

static bool command_line_has(const char *text, size_t bytes, const char *argument)
{
	const char *base = strrchr(text, '/');

	if (bytes == 0 || strcmp(base == NULL ? text : base + 1, PROGRAM) != 0) {
		return false;
	}
	for (const char *at = text; at < text + bytes; at += strlen(at) + 1) {
		if (strcmp(at, argument) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_other(pid_t pid, const char *argument)
{
	char *text = NULL;
	size_t bytes = 0;
	bool is = process_command_line(pid, &text, &bytes, NULL) == 0 &&
		  command_line_has(text, bytes, argument) && same_mount_namespace(pid);

	free(text);
	return is;
}

static int other_visit(void *data, pid_t pid, struct err *err)
{
	const struct other *other = data;
	AUTO_FD pidfd = is_other(pid, other->argument) ? process_hold(pid, NULL) : -1;
	struct deadline term;

	/* Checks again with the pidfd open: the pid may have been reused before that. */
	if (pidfd < 0 || !is_other(pid, other->argument)) {
		return 0;
	}
	term = terminated_until(other->deadline);
	return process_end(pidfd, term, deadline_in(deadline_left_ms(term) + KILLED_WAIT_MS), err);
}

int storage_daemon_end_others(const char *argument, struct deadline deadline, struct err *err)
{
	struct other other = {.argument = argument, .deadline = deadline};
	int rc = process_each(other_visit, &other, err);

	return rc < 0 ? err_prefix(err, rc, "%s", PROGRAM) : 0;
}
