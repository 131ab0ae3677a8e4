/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_IPC_SERVER_H
#define LUNMASK_DAEMON_IPC_SERVER_H

#include <stdint.h>

#include <qb/qbloop.h>

#include "base/err.h"
#include "core/core.h"
#include "journal/journal.h"
#include "tasks/tasks.h"

/*
 * The clients' side of lunmaskd: libqb IPC on its main loop. It owns the connections, decodes,
 * bounds and authorises every request, keeps what is in flight, and answers reads from `tasks`.
 *
 *	ipc_server_new(loop, JOURNAL_IPC_NAME, &ops, shell, tasks, &server, &err);
 *	ops->submit(token ...)  -> core_on_request(core, now, token ...)
 *	core_ops.answer(token)  -> ipc_server_answer(server, token, answer)
 *	after entries were applied: ipc_server_applied(server, index)
 *	ipc_server_free(server);       before the loop and the core
 *
 * uid 0 may do everything; members of the group haclient may read; others are refused when they
 * connect. Bounds: IPC_CONNECTIONS_MAX connections, half of them for readers, and one request in
 * flight on each. libqb's poll functions know of no context: there is one server in a process.
 */
#define IPC_CONNECTIONS_MAX 64

/*
 * Tokens are never 0, never given twice, and have the top bit clear: the shell may use tokens with
 * the top bit set for requests of its own.
 */
#define IPC_TOKEN_SHELL (UINT64_C(1) << 63)

struct ipc_server;

/* None of them may free the server. */
struct ipc_server_ops {
	/*
	 * `data` is an operation that has been decoded once and is valid. The answer comes by
	 * ipc_server_answer(token), from inside the call or later, by deadline_ms
	 * (CLOCK_MONOTONIC) at the latest.
	 */
	void (*submit)(void *shell, uint64_t token, const struct id128 *request,
		       const uint8_t *data, size_t bytes, bool gated, int64_t deadline_ms);
	/* A linearizable read: answered CORE_READY, CORE_NO_QUORUM or CORE_BUSY. */
	void (*read)(void *shell, uint64_t token, int64_t deadline_ms);
	/* The client is gone: no answer is wanted, and token means nothing any more. */
	void (*cancel)(void *shell, uint64_t token);
	/* All of *ret. */
	void (*status)(void *shell, struct journal_status *ret);
	/* As core_on_solo(SOLO_FORCED). The reason is copied. */
	int (*force_solo)(void *shell, const char **ret_why);
	/* NULL: JOURNAL_DOMAIN_UNKNOWN is said of every VM. */
	enum journal_domain (*domain)(void *shell, const char *vm);
};

/* ops and tasks are borrowed and must outlive it. -EADDRINUSE: another one runs. */
int ipc_server_new(qb_loop_t *loop, const char *name, const struct ipc_server_ops *ops, void *shell,
		   const struct tasks *tasks, struct ipc_server **ret, struct err *err);
/* Cancels what is in flight (ops->cancel) and closes every connection. NULL is fine. */
void ipc_server_free(struct ipc_server *server);

/*
 * A token that is not known (any more) is passed over. Calls no ops: it may be called from inside
 * the core's callbacks. The answer must be applied to `tasks` already.
 */
void ipc_server_answer(struct ipc_server *server, uint64_t token, const struct core_answer *answer);

/* Everything up to index is applied: those that wait for it are answered. Calls no ops. */
void ipc_server_applied(struct ipc_server *server, uint64_t index);

/* For the log and for status. */
struct ipc_server_counts {
	uint64_t connections; /* accepted since the start */
	uint64_t requests;
	uint64_t refused; /* connections: not permitted, or too many */
	uint64_t invalid; /* requests: malformed, or not permitted */
	size_t open;
	size_t in_flight;
};

void ipc_server_counts(const struct ipc_server *server, struct ipc_server_counts *ret);

#endif
