/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_IPC_ACCEPT_H
#define LUNMASK_DAEMON_IPC_ACCEPT_H

#include <qb/qbipcs.h>
#include <qb/qbloop.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * libqb's IPC service on a libqb loop, with what it lacks: a bound on the connections that have not
 * said yet who they are (anybody may open one), and the groups of who connects.
 *
 * libqb's poll functions know of no context: there is one service in a process.
 */
#define IPC_HANDSHAKES_MAX 32 /* when there are more, the oldest is closed */

/* -EADDRINUSE, -EALREADY (a second one in this process). */
int ipc_accept_run(qb_loop_t *loop, const char *name, struct qb_ipcs_service_handlers *handlers,
		   uint32_t message_bytes_max, void *context, qb_ipcs_service_t **ret);
void ipc_accept_stop(qb_ipcs_service_t *service);

/* In connection_accept(): what ipc_accept_run() was given. */
void *ipc_accept_context(void);
/* In connection_accept(): has the client the group, as its own or as one more? The kernel says. */
bool ipc_accept_in_group(gid_t own, gid_t group);

#endif
