/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_RUNNER_H
#define LUNMASK_RUNNER_H

#include <stddef.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * Runs a program on this host, or on another host through ssh. The program gets input on stdin, its
 * output is limited, and it is killed at the deadline. No local shell is used, and the child gets
 * only descriptors 0 to 2.
 *
 *	struct runner runner = {.transport = "ssh://root@san1"};
 *	rc = runner_run(&runner, argv, input, MAX, deadline, &result, err);
 *	runner_result_release(&result);
 *
 * If the program still runs at the deadline, it is killed with its process group. If it writes more
 * than output_max_bytes, it is killed at once, with -EMSGSIZE. ssh runs in batch mode, with one
 * multiplexed connection per destination (ControlMaster and ControlPersist, control sockets in
 * /run/lunmask/ssh).
 */
struct runner {
	const char *transport; /* "exec" or "ssh://[USER@]HOST[:PORT]" */
	const char *identity;  /* private key file of ssh, or NULL for ssh's default keys */
};

struct runner_result {
	char *output; /* NUL-terminated; output_bytes does not count the NUL */
	size_t output_bytes;
	int exit_status;       /* 0 to 255; over ssh, 127 and 255 are errors instead */
	char stderr_tail[256]; /* the last line that the program wrote to stderr */
};

/*
 * argv is NULL-terminated. Over ssh, its words may contain only letters, digits and "./_-", because
 * a shell on the remote host interprets them; otherwise -EINVAL. The caller releases *ret.
 *
 * 0 if the program exited, with any exit status. Otherwise, with text, -ENOENT (no such program),
 * -ETIMEDOUT, -EMSGSIZE, -EHOSTUNREACH (ssh cannot connect), -EACCES (the ssh key or the host key
 * is refused), or -EIO (killed by a signal).
 */
int runner_run(const struct runner *runner, const char *const argv[], const char *input,
	       size_t output_max_bytes, struct deadline deadline, struct runner_result *ret,
	       struct err *err);

void runner_result_release(struct runner_result *result);

/* 0, or -EINVAL with a text that says what is legal. */
int runner_transport_check(const char *transport, struct err *err);

#endif
