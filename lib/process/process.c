/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"

#define STATUS_MAX 2048
/* Least wait after SIGKILL, even past the deadline: reporting a hang may get this host fenced. */
#define KILLED_MIN_MS 1000

static void dir_close(DIR **dir)
{
	if (*dir != NULL) {
		(void)closedir(*dir);
	}
}

ssize_t process_file_read(const char *path, char *buffer, size_t size)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t bytes = fd < 0 ? -errno : fd_read(fd, buffer, size - 1);

	if (bytes >= 0) {
		buffer[bytes] = '\0';
	}
	return bytes;
}

pid_t process_pid_from_str(const char *text)
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

int process_each(int (*visit)(void *data, pid_t pid, struct err *err), void *data, struct err *err)
{
	__attribute__((cleanup(dir_close))) DIR *dir = opendir("/proc");
	struct dirent *entry;

	if (dir == NULL) {
		return err_set(err, -errno, "/proc: %s", strerror(errno));
	}
	for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0) {
		pid_t pid = process_pid_from_str(entry->d_name);
		int rc = pid == 0 ? 0 : visit(data, pid, err);

		if (rc != 0) {
			return rc;
		}
	}
	return errno == 0 ? 0 : err_set(err, -errno, "/proc: %s", strerror(errno));
}

static void proc_path(char *path, size_t size, pid_t pid, const char *file)
{
	(void)snprintf(path, size, "/proc/%d/%s", (int)pid, file);
}

int process_command_line(pid_t pid, char **ret, size_t *ret_bytes, struct err *err)
{
	char path[32];
	char *text = malloc(PROCESS_COMMAND_LINE_MAX);
	ssize_t bytes;

	*ret = NULL;
	*ret_bytes = 0;
	if (text == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	proc_path(path, sizeof(path), pid, "cmdline");
	bytes = process_file_read(path, text, PROCESS_COMMAND_LINE_MAX);
	if (bytes == -ENOENT || bytes == -ESRCH) {
		bytes = 0;
		*text = '\0';
	}
	if (bytes < 0) {
		free(text);
		return err_set(err, (int)bytes, "%s: %s", path, strerror((int)-bytes));
	}
	*ret = text;
	*ret_bytes = (size_t)bytes;
	return 0;
}

bool process_hangs_in_exit(pid_t pid)
{
	char path[32];
	char text[STATUS_MAX];
	const char *threads;

	proc_path(path, sizeof(path), pid, "status");
	if (process_file_read(path, text, sizeof(text)) <= 0) {
		return false;
	}
	threads = strstr(text, "\nThreads:");
	return threads != NULL && strtol(threads + strlen("\nThreads:"), NULL, 10) > 1;
}

void process_name(pid_t pid, char name[PROCESS_NAME_MAX + 1])
{
	char path[32];
	char text[64];

	*name = '\0';
	proc_path(path, sizeof(path), pid, "comm");
	if (process_file_read(path, text, sizeof(text)) > 0) {
		text[strcspn(text, "\n")] = '\0';
		(void)snprintf(name, PROCESS_NAME_MAX + 1, "%.*s", PROCESS_NAME_MAX, text);
	}
}

/* starttime is field 22 of /proc/PID/stat (proc(5)); the second field may contain blanks. */
#define FIELDS_FROM_STATE_TO_START 19

int64_t process_age_ms(pid_t pid)
{
	char path[32];
	char text[1024];
	const char *at;
	struct timespec now;

	proc_path(path, sizeof(path), pid, "stat");
	if (process_file_read(path, text, sizeof(text)) <= 0 ||
	    clock_gettime(CLOCK_BOOTTIME, &now) != 0) {
		return -1;
	}
	at = strrchr(text, ')');
	at = at == NULL ? NULL : strchr(at, ' ');
	for (int i = 0; at != NULL && i < FIELDS_FROM_STATE_TO_START; i++) {
		at = strchr(at + 1, ' ');
	}
	return at == NULL ? -1
			  : (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 -
				    strtoll(at, NULL, 10) * 1000 / sysconf(_SC_CLK_TCK);
}

int process_memory(pid_t pid, uint64_t *ret_bytes)
{
	static const char *const fields[] = {"\nVmRSS:", "\nVmSwap:", "\nHugetlbPages:"};
	char path[32];
	char text[STATUS_MAX];
	ssize_t bytes;

	proc_path(path, sizeof(path), pid, "status");
	bytes = process_file_read(path, text, sizeof(text));
	if (bytes < 0) {
		return (int)bytes;
	}
	*ret_bytes = 0;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const char *at = strstr(text, fields[i]);

		if (at == NULL) { /* a zombie has none of them */
			return -ESRCH;
		}
		*ret_bytes += strtoull(at + strlen(fields[i]), NULL, 10) * 1024; /* always kB */
	}
	return 0;
}

int process_hold(pid_t pid, struct err *err)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (pidfd >= 0 || errno == ESRCH) {
		return pidfd >= 0 ? pidfd : -ESRCH;
	}
	return err_set(err, -errno, "pid %d: %s", (int)pid, strerror(errno));
}

int process_signal(int pidfd, int signal, struct err *err)
{
	if (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) == 0 || errno == ESRCH) {
		return 0;
	}
	return err_set(err, -errno, "signal %d: %s", signal, strerror(errno));
}

bool process_wait(int pidfd, struct deadline deadline)
{
	struct pollfd event = {.fd = pidfd, .events = POLLIN};

	return TEMP_FAILURE_RETRY(poll(&event, 1, deadline_left_ms(deadline))) > 0;
}

int process_end(int pidfd, struct deadline term, struct deadline kill, struct err *err)
{
	int rc = process_signal(pidfd, SIGTERM, err);

	if (rc < 0 || process_wait(pidfd, term)) {
		return rc;
	}
	rc = process_signal(pidfd, SIGKILL, err);
	kill = deadline_left_ms(kill) < KILLED_MIN_MS ? deadline_in(KILLED_MIN_MS) : kill;
	if (rc < 0 || process_wait(pidfd, kill)) {
		return rc;
	}
	return err_set(err, -ETIMEDOUT, "it did not exit after SIGKILL; it may hang in the kernel");
}
