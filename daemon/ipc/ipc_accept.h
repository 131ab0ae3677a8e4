/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_IPC_ACCEPT_H
#define LUNMASK_DAEMON_IPC_ACCEPT_H

#include <qb/qbipcs.h>
#include <qb/qbloop.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * Runs libqb's IPC service on a libqb loop and adds two things that libqb lacks: a limit on the
 * connections that have not completed the handshake (any local user may open one), and the groups
 * of the connecting client.
 *
 *	ipc_accept_run(loop, name, &handlers, ..., context, &service);
 *	ipc_accept_context(), ipc_accept_in_group()      in handlers.connection_accept
 *	ipc_accept_stop(service);
 *
 * libqb's poll functions have no context argument, so a process can run only one service.
 */
#define IPC_HANDSHAKES_MAX 32 /* if there are more, the oldest is closed */

/*
 * -EADDRINUSE: the name is in use. -EALREADY: this process already runs a service. -ENOMEM. Other
 * errors of qb_ipcs_run().
 */
int ipc_accept_run(qb_loop_t *loop, const char *name, struct qb_ipcs_service_handlers *handlers,
		   uint32_t message_bytes_max, void *context, qb_ipcs_service_t **ret);
void ipc_accept_stop(qb_ipcs_service_t *service);

/* Only in connection_accept(): the context passed to ipc_accept_run(). */
void *ipc_accept_context(void);
/* Only in connection_accept(): is the client in `group`, by gid or as the kernel reports? */
bool ipc_accept_in_group(gid_t own, gid_t group);

#endif
