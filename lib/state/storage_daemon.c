/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/storage_daemon.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "qemu-storage-daemon"
#define ARGUMENTS_MAX 32
#define QMP_FD 3
#define MESSAGES_MAX 4096
#define CMDLINE_MAX 8192
#define EXEC_FAILED 127
#define KILLED_WAIT_MS 2000
/* To end by itself. Nothing is lost when it is killed: what must be durable was synced before. */
#define TERMINATED_WAIT_MS 3000

static const struct storage_daemon none = {.pid = 0, .pidfd = -1, .qmp = -1, .messages = -1};

static void fd_close(int *fd)
{
	if (*fd >= 0) {
		(void)close(*fd);
	}
	*fd = -1;
}

static void daemon_release(struct storage_daemon *daemon)
{
	fd_close(&daemon->pidfd);
	fd_close(&daemon->qmp);
	fd_close(&daemon->messages);
	*daemon = none;
}

/* Between fork and exec: async-signal-safe calls only. */
static void child_exec(char *const *argv, pid_t parent, int qmp, int messages)
{
	sigset_t nothing;
	int null;

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent) {
		_exit(EXEC_FAILED);
	}
	(void)sigemptyset(&nothing);
	(void)sigprocmask(SIG_SETMASK, &nothing, NULL);
	(void)setsid();
	/* Above what dup2() overwrites, lest one end lands on the other. */
	qmp = fcntl(qmp, F_DUPFD, 10);
	messages = fcntl(messages, F_DUPFD, 10);
	null = open("/dev/null", O_RDWR);
	if (qmp < 0 || messages < 0 || null < 0 || dup2(null, 0) < 0 || dup2(messages, 1) < 0 ||
	    dup2(messages, 2) < 0 || dup2(qmp, QMP_FD) < 0 || close_range(QMP_FD + 1, ~0u, 0) < 0) {
		_exit(EXEC_FAILED);
	}
	(void)execvp(argv[0], argv);
	_exit(EXEC_FAILED);
}

static int argv_build(const char *const *argv, char **ret)
{
	size_t n = 0;

	for (; argv[n] != NULL; n++) {
		if (n == ARGUMENTS_MAX - 4) {
			return -E2BIG;
		}
		ret[n] = (char *)argv[n]; /* execvp() does not write to them */
	}
	ret[n++] = "--chardev";
	ret[n++] = "socket,id=qmp,fd=3";
	ret[n++] = "--monitor";
	ret[n++] = "chardev=qmp";
	ret[n] = NULL;
	return 0;
}

static int daemon_fork(char *const *argv, struct storage_daemon *daemon)
{
	int qmp[2], messages[2] = {-1, -1};
	int saved = 0;
	pid_t parent = getpid();

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qmp) < 0) {
		return -errno;
	}
	daemon->qmp = qmp[0];
	if (pipe2(messages, O_CLOEXEC | O_NONBLOCK) < 0) {
		saved = errno;
		(void)close(qmp[1]);
		return -saved;
	}
	daemon->messages = messages[0];
	daemon->pid = fork();
	if (daemon->pid == 0) {
		child_exec(argv, parent, qmp[1], messages[1]);
	}
	saved = errno;
	(void)close(qmp[1]);
	(void)close(messages[1]);
	if (daemon->pid < 0) {
		daemon->pid = 0;
		return -saved;
	}
	daemon->pidfd = pidfd_open(daemon->pid, 0);
	return daemon->pidfd < 0 ? -errno : 0;
}

/* Its last line, without the "qemu-storage-daemon: " in front. */
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

/* 1 when the fd became readable (a pidfd: when the process ended), 0 at the deadline. */
static int fd_wait(int fd, struct deadline deadline)
{
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	int n;

	do {
		n = poll(&poller, 1, deadline_left_ms(deadline));
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/* Half of what is left, so that the other half is there for what comes after a kill. */
static struct deadline terminated_until(struct deadline deadline)
{
	int half_ms = deadline_left_ms(deadline) / 2;

	return deadline_in(half_ms < TERMINATED_WAIT_MS ? half_ms : TERMINATED_WAIT_MS);
}

/* 0, -EIO with its words when it ended badly, -ETIMEDOUT when it had to be killed. */
static int daemon_reap(struct storage_daemon *daemon, struct deadline deadline, struct err *err)
{
	char text[MESSAGES_MAX];
	const char *words;
	bool killed = false;
	int status = 0;

	if (!fd_wait(daemon->pidfd, deadline)) {
		killed = true;
		(void)kill(daemon->pid,
			   SIGKILL); /* our child, not yet reaped: the pid is its own */
	}
	if (!fd_wait(daemon->pidfd, deadline_in(KILLED_WAIT_MS)) ||
	    waitpid(daemon->pid, &status, WNOHANG) != daemon->pid) {
		return err_set(err, -EBUSY, "%s with pid %d does not end, even killed", PROGRAM,
			       (int)daemon->pid);
	}
	words = last_words(daemon, text, sizeof(text));
	if (killed) {
		return err_set(err, -ETIMEDOUT, "%s had to be killed%s%s", PROGRAM,
			       *words == '\0' ? "" : ": ", words);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXEC_FAILED) {
		return err_set(err, -ENOENT, "%s cannot be run: is it installed?", PROGRAM);
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		return err_set(err, -EIO, "%s: %s", PROGRAM,
			       *words == '\0' ? "ended without a word" : words);
	}
	return 0;
}

static int greeting_wait(const struct storage_daemon *daemon, struct deadline deadline)
{
	char first;

	if (!fd_wait(daemon->qmp, deadline)) {
		return -ETIMEDOUT;
	}
	return read(daemon->qmp, &first, 1) == 1 ? 0 : -EIO;
}

int storage_daemon_start(const char *const *argv, struct deadline deadline,
			 struct storage_daemon *ret, struct err *err)
{
	char *full[ARGUMENTS_MAX + 1];
	struct err words = ERR_INIT;
	int rc, end_rc = 0;

	*ret = none;
	rc = argv_build(argv, full);
	rc = rc < 0 ? rc : daemon_fork(full, ret);
	if (rc < 0) {
		rc = err_set(err, rc, "cannot start %s: %s", PROGRAM, strerrordesc_np(-rc));
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
		/* After an EOF it is about to exit by itself, with the reason. */
		end_rc = daemon_reap(ret, deadline, &words);
	}
	if (rc == -EIO && end_rc < 0) {
		rc = err_set(err, end_rc, "%s", err_text(&words));
	} else if (rc == -EIO) {
		(void)err_set(err, rc, "%s ended at once", PROGRAM);
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

static bool same_mount_namespace(const char *pid)
{
	char path[64];
	struct stat ours, theirs;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/ns/mnt", pid);
	return stat(path, &theirs) == 0 && stat("/proc/self/ns/mnt", &ours) == 0 &&
	       ours.st_ino == theirs.st_ino;
}

static bool cmdline_matches(const char *pid, const char *argument)
{
	char path[64], text[CMDLINE_MAX];
	const char *base;
	ssize_t bytes;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return false;
	}
	bytes = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (bytes <= 0) {
		return false;
	}
	text[bytes] = '\0';
	base = strrchr(text, '/');
	if (strcmp(base == NULL ? text : base + 1, PROGRAM) != 0) {
		return false;
	}
	for (const char *at = text; at < text + bytes; at += strlen(at) + 1) {
		if (strcmp(at, argument) == 0) {
			return true;
		}
	}
	return false;
}

static int other_end(const char *name, const char *argument, struct deadline deadline,
		     struct err *err)
{
	int pidfd = pidfd_open((pid_t)atoi(name), 0);
	bool gone;

	/* Looked at once more: between the first look and the pidfd the pid may have changed hands.
	 */
	if (pidfd < 0 || !cmdline_matches(name, argument)) {
		fd_close(&pidfd);
		return 0;
	}
	(void)pidfd_send_signal(pidfd, SIGTERM, NULL, 0);
	gone = fd_wait(pidfd, terminated_until(deadline));
	if (!gone) {
		(void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
		gone = fd_wait(pidfd, deadline_in(KILLED_WAIT_MS));
	}
	fd_close(&pidfd);
	return gone ? 0
		    : err_set(err, -EBUSY, "%s with pid %s does not end, even killed", PROGRAM,
			      name);
}

int storage_daemon_end_others(const char *argument, struct deadline deadline, struct err *err)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int rc = 0;

	if (proc == NULL) {
		return err_set(err, -errno, "cannot read /proc: %s", strerrordesc_np(errno));
	}
	while (rc == 0 && (entry = readdir(proc)) != NULL) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' ||
		    !cmdline_matches(entry->d_name, argument) ||
		    !same_mount_namespace(entry->d_name)) {
			continue;
		}
		rc = other_end(entry->d_name, argument, deadline, err);
	}
	(void)closedir(proc);
	return rc;
}
