/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_IPC_SERVER_H
#define LUNMASK_DAEMON_IPC_SERVER_H

#include <stdint.h>

#include <qb/qbloop.h>

#include "base/err.h"
#include "core/core.h"
#include "ipc/ipc_page.h"
#include "journal/journal.h"
#include "tasks/tasks.h"

/*
 * The server for lunmaskd's local clients: libqb IPC on the main loop. It owns the connections,
 * decodes, limits and authorises every request, tracks the requests in flight, and answers reads
 * from `tasks`.
 *
 *	ipc_server_new(loop, JOURNAL_IPC_NAME, &ops, shell, tasks, &server, &err);
 *	ops->submit(token ...)  -> core_on_request(core, now, token ...)
 *	core_ops.answer(token)  -> ipc_server_answer(server, token, answer)
 *	after entries were applied: ipc_server_applied(server, index)
 *	ipc_server_free(server);       before the loop and the core
 *
 * uid 0 and the user that runs lunmaskd may do everything. Members of the group haclient may read.
 * Other users are refused when they connect. Limits: IPC_CONNECTIONS_MAX connections, of which
 * readers may use half, and one request in flight on each. libqb's poll functions have no context
 * argument, so a process can run only one server.
 */
#define IPC_CONNECTIONS_MAX 64

struct ipc_server;

/* For another node; borrowed. The kind and the body are the client's, and unchecked. */
struct ipc_question {
	const char *node;
	uint64_t kind;
	int timeout_ms;
	const uint8_t *body;
	size_t bytes;
};

/* None of these functions may free the server. A token is never 0, and is never used twice. */
struct ipc_server_ops {
	/*
	 * `data` is a valid operation: the server has decoded it once. The answer is given by
	 * ipc_server_answer(token), during this call or later, no later than deadline_ms
	 * (CLOCK_MONOTONIC). gated: as for core_on_request().
	 */
	void (*submit)(void *shell, uint64_t token, const struct id128 *request,
		       const uint8_t *data, size_t bytes, bool gated, int64_t deadline_ms);
	/* A linearizable read. The answer is CORE_READY, CORE_NO_QUORUM or CORE_BUSY. */
	void (*read)(void *shell, uint64_t token, int64_t deadline_ms);
	/* The client has disconnected: no answer is needed, and the token is no longer valid. */
	void (*cancel)(void *shell, uint64_t token);
	/* Fills in all of *ret. */
	void (*status)(void *shell, struct journal_status *ret);
	/* As core_on_solo(SOLO_FORCED). The server copies *ret_why. */
	int (*force_solo)(void *shell, const char **ret_why);
	/* A VM's domain on this node. NULL: JOURNAL_DOMAIN_UNKNOWN is the answer for every VM. */
	enum journal_domain (*domain)(void *shell, const char *vm);
	/*
	 * The paths that are known: row i, or false after the last; and their generation, another
	 * one if rows came or went, with "" or why this node measures nothing. NULL: there are
	 * none.
	 */
	ipc_path *path;
	const char *(*path_state)(void *shell, uint64_t *ret_generation);
	/*
	 * Asks a node. 0: the answer is given by ipc_server_asked(token), later and no later than
	 * timeout_ms from now. -errno with *ret_why, which the server copies: it is not asked.
	 * NULL: -EOPNOTSUPP is the answer.
	 */
	int (*ask)(void *shell, uint64_t token, const struct ipc_question *question,
		   const char **ret_why);
};

/*
 * ops and tasks are borrowed and must outlive the server. -EADDRINUSE: another lunmaskd runs.
 * -EALREADY: this process has a server.
 */
int ipc_server_new(qb_loop_t *loop, const char *name, const struct ipc_server_ops *ops, void *shell,
		   const struct tasks *tasks, struct ipc_server **ret, struct err *err);
/* Cancels all requests in flight (ops->cancel) and closes every connection. NULL is allowed. */
void ipc_server_free(struct ipc_server *server);

/*
 * Sends the answer to the client. An unknown token is ignored. Calls no ops, so it may be called
 * from inside the core's callbacks. The entry must already be applied to `tasks`.
 */
void ipc_server_answer(struct ipc_server *server, uint64_t token, const struct core_answer *answer);

/*
 * The answer of another node, or none: rc -errno and why, which is copied. An unknown token is
 * ignored. Calls no ops.
 */
void ipc_server_asked(struct ipc_server *server, uint64_t token, int rc, const char *why,
		      const uint8_t *body, size_t bytes);

/* All entries up to index are applied: answers the clients that wait for this. Calls no ops. */
void ipc_server_applied(struct ipc_server *server, uint64_t index);

/* Counters for the log and the status. */
struct ipc_server_counts {
	uint64_t connections; /* accepted since the start */
	uint64_t requests;
	uint64_t refused; /* connections refused: not permitted, or too many */
	uint64_t invalid; /* requests refused: malformed, or not permitted */
	size_t open;
	size_t in_flight;
};

void ipc_server_counts(const struct ipc_server *server, struct ipc_server_counts *ret);

#endif
