/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PROCESS_H
#define LUNMASK_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * Reads this host's processes from /proc, and signals and kills them.
 *
 * To signal a process, open a pidfd with process_hold(), and then check again that this is the
 * wanted process. Without the second check, the pid may have been reused by another process before
 * the pidfd was opened.
 *
 *	AUTO_FD pidfd = process_hold(pid, err);
 *
 *	if (pidfd >= 0 && is_wanted(pid)) {
 *		rc = process_end(pidfd, term, kill, err);
 *	}
 */
#define PROCESS_COMMAND_LINE_MAX (128 * 1024) /* bytes; a longer one is truncated */

/* Parses the name of a directory in /proc, or the text of a pid file. 0 if it is not a pid. */
pid_t process_pid_from_str(const char *text);

/*
 * Calls visit for each process until it returns a value other than 0, and returns that value. A
 * negative value is an error with text. A process that starts or exits meanwhile may be missed.
 */
int process_each(int (*visit)(void *data, pid_t pid, struct err *err), void *data, struct err *err);

/*
 * Reads the words of the command line, each with its terminating NUL, into *ret, which the caller
 * frees. *ret_bytes is 0 for a process that has no command line any more (a zombie), for a process
 * that is gone, and for a kernel thread. 0, or -errno with text and *ret NULL.
 */
int process_command_line(pid_t pid, char **ret, size_t *ret_bytes, struct err *err);

/*
 * For a process without a command line: true if it still has other threads than its first. Such a
 * process hangs in the kernel while it exits, and a write of it may still be in flight.
 */
bool process_hangs_in_exit(pid_t pid);

/* The kernel's name of the process (comm), at most 15 characters; "" if the process is gone. */
#define PROCESS_NAME_MAX 15
void process_name(pid_t pid, char name[PROCESS_NAME_MAX + 1]);

/*
 * The memory that the process holds: in RAM, swapped out, and in huge pages. 0 or -errno, without
 * text.
 */
int process_memory(pid_t pid, uint64_t *ret_bytes);

/* How long the process has run; -1 if it is gone. */
int64_t process_age_ms(pid_t pid);

/*
 * Opens a pidfd, which the caller closes. -ESRCH, without text, if the process is gone; another
 * -errno with text.
 */
int process_hold(pid_t pid, struct err *err);

/* Sends a signal. It is not an error if the process has exited. 0, or -errno with text. */
int process_signal(int pidfd, int signal, struct err *err);

/* Waits for the exit. False if the process still runs at the deadline. */
bool process_wait(int pidfd, struct deadline deadline);

/*
 * Sends SIGTERM, and SIGKILL if the process still runs at term. 0 if it has exited. -ETIMEDOUT if
 * it has not exited by kill, nor within at least 1 s after SIGKILL: it may hang in the kernel.
 */
int process_end(int pidfd, struct deadline term, struct deadline kill, struct err *err);

/* A file of /proc or /run as text, cut to size with its NUL. Bytes without the NUL, or -errno. */
ssize_t process_file_read(const char *path, char *buffer, size_t size);

#endif
