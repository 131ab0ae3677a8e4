/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_IPC_PAGE_H
#define LUNMASK_DAEMON_IPC_PAGE_H

#include "journal/journal_path.h"
#include "tasks/tasks.h"

/*
 * One page of a table: as many encoded records as fit into the buffer, starting after the last
 * record that the client has. *ret_more: true if more records follow. -ESTALE: the last record that
 * the client has no longer exists, so it must start again. max must be at least
 * JOURNAL_RECORD_BYTES_MAX.
 */

/* after: uuid of the last task that the client has; zero for the first page. */
int ipc_page_tasks(const struct tasks *tasks, const struct id128 *after, uint8_t *buffer,
		   size_t max, size_t *ret_bytes, bool *ret_more);
/* vm and node: those of the last release that the client has; "" for the first page. */
int ipc_page_releases(const struct tasks *tasks, const char *vm, const char *node, uint8_t *buffer,
		      size_t max, size_t *ret_bytes, bool *ret_more);

/* from: so many the client has. The rows are those that path() gives, until it returns false. */
typedef bool ipc_path(void *shell, size_t i, struct journal_path *ret);
void ipc_page_paths(ipc_path *path, void *shell, uint64_t from, uint8_t *buffer, size_t max,
		    size_t *ret_bytes, bool *ret_more);

#endif
