/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PROCESS_H
#define LUNMASK_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * This host's processes, as /proc tells of them, and their ends. A process that may be signalled
 * is held by a pidfd and looked at again while it is held: before, its pid may have been given to
 * another.
 */
#define PROCESS_COMMAND_LINE_MAX (128 * 1024)

/* From the name of a file in /proc, or the text of a pid file; 0: it is none. */
pid_t process_pid_from_str(const char *text);

/*
 * Calls visit for each process until it returns something else than 0, which is then returned:
 * negative is an error with text. A process that comes or goes meanwhile may be left out.
 */
int process_each(int (*visit)(void *data, pid_t pid, struct err *err), void *data, struct err *err);

/*
 * The words of the command line, each with its NUL, for the caller to free; *ret_bytes is 0 for a
 * process that has none any more (a zombie), one that is gone, and a thread of the kernel.
 */
int process_command_line(pid_t pid, char **ret, size_t *ret_bytes, struct err *err);

/*
 * Its first thread has ended, another one has not: it has no command line any more, and may still
 * hang in the kernel with a write on its way.
 */
bool process_hangs_in_exit(pid_t pid);

/* What the kernel calls it, at most 15 characters; "" when it is gone. */
#define PROCESS_NAME_MAX 15
void process_name(pid_t pid, char name[PROCESS_NAME_MAX + 1]);

/* A pidfd, for the caller to close; -ESRCH, without a text: it is gone. */
int process_hold(pid_t pid, struct err *err);

/* One that has ended is no error. */
int process_signal(int pidfd, int signal, struct err *err);

/* True when it has ended. */
bool process_wait(int pidfd, struct deadline deadline);

/*
 * SIGTERM, and SIGKILL when it has not ended by term. 0 when it has ended. -ETIMEDOUT when it has
 * not by kill either, or within 1 s of the SIGKILL: it may hang in the kernel.
 */
int process_end(int pidfd, struct deadline term, struct deadline kill, struct err *err);

/* A whole file of /proc or /run as text; -errno. The size has room for a NUL. */
ssize_t process_file_read(const char *path, char *buffer, size_t size);

#endif
