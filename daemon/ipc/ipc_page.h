/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_IPC_PAGE_H
#define LUNMASK_DAEMON_IPC_PAGE_H

#include "tasks/tasks.h"

/*
 * A page of the table: as many encoded records as fit, from behind the one that a client had last.
 * *ret_more: there are others. -ESTALE: the one it had last is gone.
 */

/* after: zero for the first page. */
int ipc_page_tasks(const struct tasks *tasks, const struct id128 *after, uint8_t *buffer,
		   size_t max, size_t *ret_bytes, bool *ret_more);
/* vm and node: "" for the first page. */
int ipc_page_releases(const struct tasks *tasks, const char *vm, const char *node, uint8_t *buffer,
		      size_t max, size_t *ret_bytes, bool *ret_more);

#endif
