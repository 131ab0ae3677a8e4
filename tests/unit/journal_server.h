/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TEST_JOURNAL_SERVER_H
#define LUNMASK_TEST_JOURNAL_SERVER_H

#include <sys/types.h>

/*
 * The daemon's IPC server in a process of its own, over a core that does at once what a VM's name
 * asks for:
 *
 *	silent*    never answers
 *	later*     is unknown at first, and committed when its request id comes again
 *	unknown*   is always unknown
 *	noquorum*  is refused; so is a linearizable read of it
 *	busy*      has too much in flight
 *	others are applied to the table of tasks.
 *
 * What it saw is told in its status: see journal_server.c. The name it serves is put into the
 * environment.
 */
pid_t journal_server_start(void);
void journal_server_stop(pid_t pid);

#endif
