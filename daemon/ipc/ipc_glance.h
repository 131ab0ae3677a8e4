/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_IPC_GLANCE_H
#define LUNMASK_DAEMON_IPC_GLANCE_H

#include <qb/qbloop.h>

#include "base/err.h"
#include "journal/journal_glance.h"

/*
 * The server for monitors: it answers what journal_glance.h asks, from the main loop, and waits for
 * nobody.
 *
 *	ipc_glance_new(loop, domain, shell, &glance, &err);
 *	ipc_glance_free(glance);       before the loop
 *
 * uid 0 and the user that runs lunmaskd may ask. If more connections are open than
 * IPC_GLANCES_MAX, the oldest is closed, whose client then asks in another way.
 */
#define IPC_GLANCES_MAX 64

struct ipc_glance;

typedef enum journal_domain ipc_glance_domain(void *shell, const char *vm);

/* A socket that an earlier process has left is replaced. */
int ipc_glance_new(qb_loop_t *loop, ipc_glance_domain *domain, void *shell, struct ipc_glance **ret,
		   struct err *err);
/* Removes the socket. NULL is allowed. */
void ipc_glance_free(struct ipc_glance *glance);

#endif
