/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_RUNNER_SSH_H
#define LUNMASK_RUNNER_SSH_H

#include <stdbool.h>

#include "base/deadline.h"
#include "base/err.h"
#include "process/runner.h"

/*
 * Builds the ssh(1) command line of a runner and interprets ssh's own failures. This module does
 * not run anything.
 *
 * All connections to one destination with one key share a master process, which exits
 * RUNNER_SSH_PERSIST_S seconds after the last connection is closed. The master also exits if it
 * detects that its peer is gone (ServerAliveInterval). ssh replaces a control socket that has no
 * master.
 */
#define RUNNER_SSH_DIR "/run/lunmask/ssh"
#define RUNNER_SSH_PERSIST_S "60" /* seconds */
#define RUNNER_SSH_WORDS_MAX 8
#define RUNNER_SSH_HOST_MAX 255

struct runner_ssh {
	const char *argv[48];
	char user[64];
	char host[RUNNER_SSH_HOST_MAX + 1];
	char port[8];
	char connect_timeout[32];
	char control_path[64];
};

/*
 * multiplex: use the shared master connection. Do not copy or move *ssh afterwards: argv points
 * into it, and also to the runner's identity and the words, which must live as long. 0; -EINVAL
 * (transport or words) or -EACCES (the key file), with text.
 */
int runner_ssh_init(struct runner_ssh *ssh, const struct runner *runner, const char *const words[],
		    bool multiplex, struct deadline deadline, struct err *err);

/* True if ssh failed at its master connection, before it requested the remote program. */
bool runner_ssh_mux_failed(const struct runner_result *result);

/* 0 if ssh ran the program. Otherwise -EACCES, -EHOSTUNREACH or -ENOENT, with text. */
int runner_ssh_explain(const struct runner *runner, const char *program,
		       const struct runner_result *result, struct err *err);

#endif
