/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_RUNNER_SSH_H
#define LUNMASK_RUNNER_SSH_H

#include <stdbool.h>

#include "base/deadline.h"
#include "base/err.h"
#include "process/runner.h"

/*
 * The ssh(1) command line of a runner, and what ssh's own failures mean. Nothing is run here.
 *
 * All connections to one destination with one key share a master process, which stays for
 * RUNNER_SSH_PERSIST_S after the last one. It finds out by itself that its peer is gone
 * (ServerAliveInterval) and ends; a control socket without a master is replaced by ssh.
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

/* ssh must not be moved after this: argv points into it. */
int runner_ssh_init(struct runner_ssh *ssh, const struct runner *runner, const char *const words[],
		    bool multiplex, struct deadline deadline, struct err *err);

/* Did ssh fail at its master, before the program on the other side was asked for? */
bool runner_ssh_mux_failed(const struct runner_result *result);

/* 0, or -EACCES, -EHOSTUNREACH, -ENOENT with text. */
int runner_ssh_verdict(const struct runner *runner, const char *program,
		       const struct runner_result *result, struct err *err);

#endif
