/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COMMAND_LINE_MAX (128 * 1024) /* "-name" is libvirt's first option */
#define PID_FILE_FORMAT "/run/libvirt/qemu/%s.pid"
/* Also when the time is up: to say that it hangs gets this host fenced. */
#define KILLED_MIN_MS 1000

static void fd_close(const int *fd)
{
	if (*fd >= 0) {
		(void)close(*fd);
	}
}
#define AUTO_FD __attribute__((cleanup(fd_close))) int

static void dir_close(DIR **dir)
{
	if (*dir != NULL) {
		(void)closedir(*dir);
	}
}

/* "guest=VM" alone or before a comma: guest=vm1 is not the domain vm10. */
static bool name_is(const char *arg, const char *vm)
{
	size_t length = strlen(vm);

	return strncmp(arg, "guest=", 6) == 0 && strncmp(arg + 6, vm, length) == 0 &&
	       (arg[6 + length] == '\0' || arg[6 + length] == ',');
}

static bool command_line_is(const char *text, size_t bytes, const char *vm)
{
	size_t at = 0;
	bool named = false;

	while (at < bytes) {
		if (named && name_is(text + at, vm)) {
			return true;
		}
		named = strcmp(text + at, "-name") == 0;
		at += strlen(text + at) + 1;
	}
	return false;
}

static ssize_t file_read(const char *path, char *buffer, size_t size)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t done = 0;

	if (fd < 0) {
		return -errno;
	}
	while (done < size - 1) {
		ssize_t n = read(fd, buffer + done, size - 1 - done);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return -errno;
		}
		if (n == 0) {
			break;
		}
		done += (size_t)n;
	}
	buffer[done] = '\0';
	return (ssize_t)done;
}

static pid_t pid_from_str(const char *text)
{
	char *end;
	long pid;

	if (*text < '1' || *text > '9') {
		return 0;
	}
	errno = 0;
	pid = strtol(text, &end, 10);
	if (errno != 0 || (*end != '\0' && *end != '\n') || pid > INT32_MAX) {
		return 0;
	}
	return (pid_t)pid;
}

static pid_t pid_hint(const char *vm)
{
	char path[512];
	char text[32];
	int length = snprintf(path, sizeof(path), PID_FILE_FORMAT, vm);

	if (length < 0 || (size_t)length >= sizeof(path) ||
	    file_read(path, text, sizeof(text)) <= 0) {
		return 0;
	}
	return pid_from_str(text);
}

/*
 * A process whose first thread has ended has no command line any more, but another thread may still
 * hang in the kernel with a write on its way. Only the pid file can say whose it is.
 */
static bool pid_hangs_in_exit(pid_t pid, const char *vm)
{
	char path[32];
	char text[2048];
	const char *threads;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (pid != pid_hint(vm) || file_read(path, text, sizeof(text)) <= 0) {
		return false;
	}
	threads = strstr(text, "\nThreads:");
	return threads != NULL && strtol(threads + strlen("\nThreads:"), NULL, 10) > 1;
}

/* 1: the domain's QEMU, 0: not, or gone, or a zombie (those have no command line). */
static int pid_is_domain(pid_t pid, const char *vm, struct err *err)
{
	char path[32];
	char *text = malloc(COMMAND_LINE_MAX);
	ssize_t bytes;
	int rc;

	if (text == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	bytes = file_read(path, text, COMMAND_LINE_MAX);
	if (bytes == 0) {
		rc = pid_hangs_in_exit(pid, vm) ? 1 : 0;
	} else if (bytes > 0) {
		rc = command_line_is(text, (size_t)bytes, vm) ? 1 : 0;
	} else if (bytes == -ENOENT || bytes == -ESRCH) {
		rc = 0;
	} else {
		rc = err_set(err, (int)bytes, "%s: %s", path, strerror((int)-bytes));
	}
	free(text);
	return rc;
}

static int search_proc(const char *vm, pid_t *ret_pid, struct err *err)
{
	__attribute__((cleanup(dir_close))) DIR *dir = opendir("/proc");
	struct dirent *entry;

	if (dir == NULL) {
		return err_set(err, -errno, "/proc: %s", strerror(errno));
	}
	for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0) {
		pid_t pid = pid_from_str(entry->d_name);
		int rc = pid == 0 ? 0 : pid_is_domain(pid, vm, err);

		if (rc < 0) {
			return rc;
		}
		if (rc > 0) {
			*ret_pid = pid;
			return 0;
		}
	}
	if (errno != 0) {
		return err_set(err, -errno, "/proc: %s", strerror(errno));
	}
	return 0;
}

int qemu_process_find(const char *vm, pid_t *ret_pid, struct err *err)
{
	pid_t hint = pid_hint(vm);
	int rc = hint == 0 ? 0 : pid_is_domain(hint, vm, err);

	*ret_pid = 0;
	if (rc > 0) {
		*ret_pid = hint;
		return 0;
	}
	return rc < 0 ? rc : search_proc(vm, ret_pid, err);
}

/* True when the process behind pidfd has ended. */
static bool pidfd_wait(int pidfd, struct deadline deadline)
{
	struct pollfd event = {.fd = pidfd, .events = POLLIN};
	int n;

	do {
		n = poll(&event, 1, deadline_left_ms(deadline));
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

static int pidfd_signal(int pidfd, int signal, struct err *err)
{
	if (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) == 0 || errno == ESRCH) {
		return 0;
	}
	return err_set(err, -errno, "signal %d to QEMU: %s", signal, strerror(errno));
}

/*
 * A pidfd; -ESRCH, without a text: this process is not, or no more, the domain's QEMU. The pid is
 * looked at when it is held: before, it may have been given to another.
 */
static int pid_hold(pid_t pid, const char *vm, struct err *err)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int rc;

	if (pidfd < 0) {
		return errno == ESRCH
			       ? -ESRCH
			       : err_set(err, -errno, "pid %d: %s", (int)pid, strerror(errno));
	}
	rc = pid_is_domain(pid, vm, err);
	if (rc <= 0) {
		(void)close(pidfd);
		return rc == 0 ? -ESRCH : rc;
	}
	return pidfd;
}

int qemu_process_hold(const char *vm, struct err *err)
{
	pid_t pid = pid_hint(vm);
	int rc = pid == 0 ? -ESRCH : pid_hold(pid, vm, err);

	return rc != -ESRCH ? rc
			    : err_set(err, rc, PID_FILE_FORMAT ": not the pid of its QEMU", vm);
}

static int process_end(pid_t pid, const char *vm, struct deadline term, struct deadline kill,
		       struct err *err)
{
	AUTO_FD pidfd = pid_hold(pid, vm, err);
	int rc;

	if (pidfd < 0) {
		return pidfd == -ESRCH ? 0 : pidfd;
	}
	rc = pidfd_signal(pidfd, SIGTERM, err);
	if (rc < 0 || pidfd_wait(pidfd, term)) {
		return rc;
	}
	rc = pidfd_signal(pidfd, SIGKILL, err);
	kill = deadline_left_ms(kill) < KILLED_MIN_MS ? deadline_in(KILLED_MIN_MS) : kill;
	if (rc < 0 || pidfd_wait(pidfd, kill)) {
		return rc;
	}
	return err_set(err, -ETIMEDOUT,
		       "QEMU of domain '%s' (pid %d) did not end after SIGKILL; it may hang in the "
		       "kernel: fence this host",
		       vm, (int)pid);
}

int qemu_process_end(const char *vm, struct deadline deadline, struct err *err)
{
	struct deadline term = deadline_in(deadline_left_ms(deadline) / 2);
	bool ended = false;

	while (true) {
		pid_t pid = 0;
		int rc = qemu_process_find(vm, &pid, err);

		if (rc < 0 || pid == 0) {
			return rc;
		}
		if (ended && deadline_passed(deadline)) {
			return err_set(err, -ETIMEDOUT,
				       "QEMU of domain '%s' comes back as it is ended", vm);
		}
		rc = process_end(pid, vm, term, deadline, err);
		if (rc < 0) {
			return rc;
		}
		ended = true;
	}
}
