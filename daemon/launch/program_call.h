/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_PROGRAM_CALL_H
#define LUNMASK_DAEMON_PROGRAM_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include <qb/qbloop.h>

/*
 * A request to a program beside lunmaskd, and what it writes. systemd starts the program in a
 * sandbox of its own, for the connection to its socket; if nobody listens there, it is a child of
 * this process. The request is its input. Nothing here waits for it: a program that hangs, floods
 * or lies costs one descriptor until its time is over.
 *
 *	program_call_new(loop, &program, &options, done, user, &call);
 *	done(user, end, data, bytes)        from the loop, once
 *	program_call_free(call);            in done, or before it
 */
struct program {
	const char *socket; /* of systemd's unit for it */
	const char *path;   /* if nobody listens there */
};

struct program_call_options {
	const char *request; /* not the end of a file: it must say itself where it ends */
	size_t request_bytes;
	size_t answer_bytes_max;
	int timeout_ms;
	/* Is this all that it has to say, although it has not ended? */
	bool (*whole)(const char *data, size_t bytes);
};

enum program_end {
	PROGRAM_ANSWERED, /* it has ended, or what it wrote is whole */
	PROGRAM_TIMED_OUT,
	PROGRAM_FLOODED, /* it wrote more than answer_bytes_max */
};

/* All such programs that are children, in all. */
#define PROGRAM_CHILDREN_MAX 20

struct program_call;

/* data is borrowed, and ends with a NUL behind its bytes. The function may free the call. */
typedef void program_call_done(void *user, enum program_end end, const char *data, size_t bytes);

/* All arguments but user are used only during the call, and user until done. -errno. */
int program_call_new(qb_loop_t *loop, const struct program *program,
		     const struct program_call_options *options, program_call_done *done,
		     void *user, struct program_call **ret);
/* Kills the program if it is a child. NULL is allowed. */
void program_call_free(struct program_call *call);

#endif
