/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/core/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/time.h>
#include <unistd.h>

/*
 * Every process that comes draws the next number, and locks one byte at that number in the row of
 * its kind. It leaves this place when it releases the lock, or ends. To wait for all who came
 * before, it waits for a read lock on the lower numbers of a row, and gives that lock up again at
 * once. Nobody takes a place there any more, so these read locks are in nobody's way.
 *
 * Who has waited takes the flock(2) of the file, which is the array's lock. Only fencing can be in
 * the way of that, and drivers of a version without the queue.
 */
#define ROW_BYTES (INT64_C(1) << 60)
#define DRAWING_BYTE (4 * ROW_BYTES) /* locked while a number is drawn */

/* After the deadline the alarm repeats, since the first one may come before the call that waits. */
#define ALARM_REPEAT_MS 10

enum row { ROW_CHANGE, ROW_READ, ROW_CHANGE_FIRST, ROW_READ_FIRST };

static const struct {
	enum row row;
	bool first;
	bool shared;
} KINDS[] = {
	[LOCK_KIND_READ] = {.row = ROW_READ, .shared = true},
	[LOCK_KIND_CHANGE] = {.row = ROW_CHANGE},
	[LOCK_KIND_READ_FIRST] = {.row = ROW_READ_FIRST, .first = true, .shared = true},
	[LOCK_KIND_CHANGE_FIRST] = {.row = ROW_CHANGE_FIRST, .first = true},
};

/* A call that waits ends with EINTR when the deadline passes. */
struct alarm {
	struct deadline deadline;
	struct sigaction action;
	sigset_t mask;
};

static void alarm_ring(int number)
{
	(void)number;
}

static void alarm_set(struct alarm *alarm, struct deadline deadline)
{
	const struct sigaction action = {.sa_handler = alarm_ring};
	int left_ms = deadline_left_ms(deadline);
	const struct itimerval timer = {
		.it_value = {left_ms / 1000, left_ms % 1000 * 1000 + 1},
		.it_interval = {0, ALARM_REPEAT_MS * 1000},
	};
	sigset_t set;

	alarm->deadline = deadline;
	(void)sigaction(SIGALRM, &action, &alarm->action);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGALRM);
	(void)sigprocmask(SIG_UNBLOCK, &set, &alarm->mask);
	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

static void alarm_clear(const struct alarm *alarm)
{
	(void)setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
	(void)sigprocmask(SIG_SETMASK, &alarm->mask, NULL);
	(void)sigaction(SIGALRM, &alarm->action, NULL);
}

/* 0, or -errno of a call that failed. */
static int bytes_lock(int fd, int how, short type, int64_t start, int64_t length)
{
	struct flock lock = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};

	return fcntl(fd, how, &lock) == 0 ? 0 : -errno;
}

static int bytes_wait(int fd, short type, int64_t start, int64_t length, const struct alarm *alarm)
{
	int rc;

	do {
		rc = bytes_lock(fd, F_OFD_SETLKW, type, start, length);
	} while (rc == -EINTR && !deadline_passed(alarm->deadline));
	return rc == -EINTR ? -ETIMEDOUT : rc;
}

static int file_wait(int fd, int how, const struct alarm *alarm)
{
	int rc;

	do {
		rc = flock(fd, how) == 0 ? 0 : -errno;
	} while (rc == -EINTR && !deadline_passed(alarm->deadline));
	return rc == -EINTR ? -ETIMEDOUT : rc;
}

/* Waits until nobody is at a place of the row up to number. */
static int row_wait(int fd, enum row row, int64_t number, const struct alarm *alarm)
{
	int rc = number == 0 ? 0 : bytes_wait(fd, F_RDLCK, row * ROW_BYTES + 1, number, alarm);

	return rc != 0 || number == 0
		       ? rc
		       : bytes_lock(fd, F_OFD_SETLK, F_UNLCK, row * ROW_BYTES + 1, number);
}

/* The number that was drawn last. Any content of the file is a legal number. */
static int64_t number_read(int fd)
{
	int64_t number = 0;

	return pread(fd, &number, sizeof(number), 0) == (ssize_t)sizeof(number)
		       ? number & (ROW_BYTES / 2 - 1)
		       : 0;
}

/* The number is written after its place is taken: who reads it finds the place taken. */
static int place_take(int fd, enum row row, const struct alarm *alarm, int64_t *ret)
{
	int rc = bytes_wait(fd, F_WRLCK, DRAWING_BYTE, 1, alarm);

	*ret = rc != 0 ? 0 : number_read(fd);
	while (rc == 0) {
		(*ret)++;
		rc = bytes_lock(fd, F_OFD_SETLK, F_WRLCK, row * ROW_BYTES + *ret, 1);
		if (rc != -EAGAIN && rc != -EACCES) {
			break;
		}
		rc = 0; /* the file was written by somebody else: the number is not the last */
	}
	if (rc == 0 && pwrite(fd, ret, sizeof(*ret), 0) != (ssize_t)sizeof(*ret)) {
		rc = -EIO;
	}
	(void)bytes_lock(fd, F_OFD_SETLK, F_UNLCK, DRAWING_BYTE, 1);
	return rc;
}

/* Waits for those of the same precedence who came before. */
static int turn_wait(int fd, enum lock_kind kind, int64_t number, const struct alarm *alarm)
{
	bool first = KINDS[kind].first;
	int rc = row_wait(fd, first ? ROW_CHANGE_FIRST : ROW_CHANGE, number - 1, alarm);

	return rc != 0 || KINDS[kind].shared
		       ? rc
		       : row_wait(fd, first ? ROW_READ_FIRST : ROW_READ, number - 1, alarm);
}

/*
 * Waits for fencing, also for what has come in the meantime. Then it takes the flock only if it is
 * free, since the kernel would give it to any process that waits for it. If it is not free although
 * nobody new has come, a driver without the queue has it.
 */
static int after_first(int fd, int how, const struct alarm *alarm)
{
	int64_t last = -1;

	for (;;) {
		int64_t number = number_read(fd);
		int rc = row_wait(fd, ROW_CHANGE_FIRST, number, alarm);

		rc = rc != 0 ? rc : row_wait(fd, ROW_READ_FIRST, number, alarm);
		if (rc != 0 || number == last) {
			return rc != 0 ? rc : file_wait(fd, how, alarm);
		}
		if (number_read(fd) != number) {
			continue;
		}
		rc = flock(fd, how | LOCK_NB) == 0 ? 0 : -errno;
		if (rc != -EWOULDBLOCK && rc != -EINTR) {
			return rc;
		}
		last = number;
	}
}

static int queue(int fd, enum lock_kind kind, const struct alarm *alarm)
{
	int how = KINDS[kind].shared ? LOCK_SH : LOCK_EX;
	int64_t number;
	int rc = place_take(fd, KINDS[kind].row, alarm, &number);

	rc = rc != 0 ? rc : turn_wait(fd, kind, number, alarm);
	if (rc != 0) {
		return rc;
	}
	return KINDS[kind].first ? file_wait(fd, how, alarm) : after_first(fd, how, alarm);
}

int lock_take(const char *file, enum lock_kind kind, struct deadline deadline, int *ret_fd,
	      struct fault *fault)
{
	struct alarm alarm;
	int rc;

	*ret_fd = -1;
	if (kind == LOCK_KIND_NONE) {
		return 0;
	}
	*ret_fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*ret_fd < 0) {
		return fault_set(fault, ARRAY_ERROR_INTERNAL, "cannot open lock file '%s': %s",
				 file, strerror(errno));
	}
	alarm_set(&alarm, deadline);
	rc = queue(*ret_fd, kind, &alarm);
	alarm_clear(&alarm);
	if (rc == 0) {
		return 0;
	}
	lock_release(*ret_fd);
	*ret_fd = -1;
	return rc == -ETIMEDOUT
		       ? fault_set(fault, ARRAY_ERROR_BUSY,
				   "other requests to this array are in progress; nothing was "
				   "changed; try again")
		       : fault_set(fault, ARRAY_ERROR_INTERNAL, "cannot lock '%s': %s", file,
				   strerror(-rc));
}

void lock_release(int fd)
{
	if (fd >= 0) {
		(void)flock(fd, LOCK_UN);
		(void)bytes_lock(fd, F_OFD_SETLK, F_UNLCK, 0, 0); /* leaves the queue */
		(void)close(fd);
	}
}
