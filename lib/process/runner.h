/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_RUNNER_H
#define LUNMASK_RUNNER_H

#include <stddef.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * Runs a program on this host or, through ssh, on another one: bytes in, bounded bytes out, over
 * by a deadline. No shell on this side; the child gets no descriptor but its three.
 *
 * A program that is still running at the deadline is killed with its process group. Output beyond
 * output_max_bytes ends it at once with -EMSGSIZE. ssh runs in batch mode with one multiplexed
 * connection per destination (ControlMaster, ControlPersist under /run/lunmask/ssh).
 */
struct runner {
	const char *transport; /* "exec" or "ssh://[USER@]HOST[:PORT]" */
	const char *identity;  /* ssh private key file, or NULL for ssh's own choice */
};

struct runner_result {
	char *output; /* NUL-terminated; output_bytes without the NUL */
	size_t output_bytes;
	int exit_status;       /* 0..255; 255 may be ssh's own */
	char stderr_tail[256]; /* last line of what it wrote on stderr */
};

/*
 * argv is NULL-terminated; over ssh its words may hold letters, digits and "./_-" only (the other
 * side has a shell): anything else is -EINVAL.
 *
 * 0 when the program ran to its end, whatever its exit status. Otherwise -ENOENT (no such program),
 * -ETIMEDOUT, -EMSGSIZE, -EHOSTUNREACH (ssh could not connect), -EACCES (ssh key refused), -EIO
 * (killed by a signal), with text.
 */
int runner_run(const struct runner *runner, const char *const argv[], const char *input,
	       size_t output_max_bytes, struct deadline deadline, struct runner_result *ret,
	       struct err *err);

void runner_result_release(struct runner_result *result);

/* 0 or -EINVAL with text that says what is legal. */
int runner_transport_check(const char *transport, struct err *err);

#endif
