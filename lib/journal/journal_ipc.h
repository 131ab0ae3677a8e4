/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_JOURNAL_IPC_H
#define LUNMASK_JOURNAL_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/journal.h"
#include "journal/journal_ask.h"

/*
 * The messages between lib/journal/journal.c and daemon/ipc/ipc_server.c. A message is libqb's
 * header, a version byte, the fields (one table row each, the same for every kind), the length of
 * the rest, and the rest. Little-endian. No I/O here.
 *
 * The transport is libqb's QB_IPC_SHM; replies are sent as events. QB_IPC_SOCKET is not used, for
 * two reasons (seen with libqb 2.0.6):
 * - Its datagram sockets have names in the abstract namespace and are not connected at first. Any
 *   local user can insert a request into root's connection, even one longer than the buffer that it
 *   is read into.
 * - A client that dies during the first reply to it blocks the server for a second.
 *
 * The files of the shared memory belong to the client's user, and no other user may open them. A
 * client can damage the memory that it shares with lunmaskd, as with Pacemaker's own daemons.
 * Members of haclient can make the cluster run anything as root anyway.
 */
#define JOURNAL_IPC_NAME "lunmaskd"
/* Selects another server's name, for tests and labs. Ignored in set-uid programs. */
#define JOURNAL_IPC_NAME_VARIABLE "LUNMASK_JOURNAL_SOCKET"

#define JOURNAL_IPC_MESSAGE_ID 1 /* the id in libqb's header */
#define JOURNAL_IPC_HEADER_MAX 32
#define JOURNAL_IPC_BYTES_MAX (32 * 1024) /* of a message with libqb's header */
#define JOURNAL_IPC_HEAD_MAX 1024         /* of the fields of a request or a reply */
/* The rest of a reply holds at least one record; that of a request one, or one question. */
#define JOURNAL_IPC_REST_MAX (JOURNAL_IPC_BYTES_MAX - JOURNAL_IPC_HEADER_MAX - JOURNAL_IPC_HEAD_MAX)
#define JOURNAL_IPC_REQUEST_MAX (JOURNAL_IPC_HEAD_MAX + JOURNAL_ASK_BYTES_MAX)
#define JOURNAL_IPC_REPLY_MAX (JOURNAL_IPC_HEAD_MAX + JOURNAL_IPC_REST_MAX)
#define JOURNAL_IPC_TIMEOUT_MAX_MS (10 * 60 * 1000)

enum journal_ipc_kind {
	JOURNAL_IPC_SUBMIT = 1,   /* uses request, gate; rest: the operation */
	JOURNAL_IPC_TASK_GET,     /* uses vm, read */
	JOURNAL_IPC_RELEASE_GET,  /* uses vm, node, read */
	JOURNAL_IPC_TASK_LIST,    /* uses after: uuid of the last task received, zero at first */
	JOURNAL_IPC_RELEASE_LIST, /* uses vm, node: of the last release received, "" at first */
	JOURNAL_IPC_WAIT,         /* uses index */
	JOURNAL_IPC_STATUS,       /* uses index: enum journal_ipc_status */
	JOURNAL_IPC_FORCE_SOLO,
	JOURNAL_IPC_DOMAIN, /* uses vm */
	/*
	 * uses index: how many paths were received; after: from the second page on, it begins with
	 * the revision of the first page
	 */
	JOURNAL_IPC_PATH_LIST,
	JOURNAL_IPC_ASK, /* uses node, index: enum journal_ask_kind; rest: the question's body */
	JOURNAL_IPC_KIND_MAX
};

/* For root only. */
bool journal_ipc_writes(enum journal_ipc_kind kind);

/*
 * The newest part of a status that the client understands. lunmaskd sends no more than that, and an
 * older lunmaskd sends less, so that client and lunmaskd may be of different releases during an
 * upgrade.
 */
enum journal_ipc_status { JOURNAL_IPC_STATUS_FIRST = 0, JOURNAL_IPC_STATUS_SOLO };

enum journal_ipc_gate { JOURNAL_IPC_UNGATED = 0, JOURNAL_IPC_GATED, JOURNAL_IPC_GATE_MAX };

struct journal_ipc_request {
	enum journal_ipc_kind kind;
	uint64_t nonce;      /* random; the reply repeats it */
	uint32_t timeout_ms; /* 1..JOURNAL_IPC_TIMEOUT_MAX_MS: lunmaskd answers within this time */
	enum journal_read read;
	enum journal_ipc_gate gate;
	struct id128 request;
	struct id128 after;
	uint64_t index;
	char vm[VM_NAME_MAX + 1];
	char node[NODE_NAME_MAX + 1];
	const uint8_t *op; /* SUBMIT, ASK: borrowed; decoded by who receives it in the end */
	size_t op_bytes;
};

/* Returns the bytes used, or 0 if a field is not legal. */
size_t journal_ipc_request_encode(const struct journal_ipc_request *request,
				  uint8_t buffer[JOURNAL_IPC_REQUEST_MAX]);
/* 0 or -EBADMSG, also if a field that the kind needs is missing. ret->op points into data. */
int journal_ipc_request_decode(const uint8_t *data, size_t bytes, struct journal_ipc_request *ret);

enum journal_ipc_more { JOURNAL_IPC_LAST = 0, JOURNAL_IPC_MORE, JOURNAL_IPC_MORE_MAX };

struct journal_ipc_reply {
	enum journal_ipc_kind kind;
	uint64_t nonce;
	int32_t status;               /* 0, or a -errno with reason if there is no answer */
	enum journal_verdict verdict; /* SUBMIT; 0 otherwise */
	/* SUBMIT, COMMITTED: the status of the operation (journal_record.h). */
	int32_t outcome;
	/* SUBMIT, COMMITTED: the task's revision. PATH_LIST: another one if paths came or went. */
	uint64_t revision;
	uint64_t index;                      /* the index applied when it was answered */
	enum journal_domain domain;          /* DOMAIN */
	enum journal_ipc_more more;          /* lists: another page follows */
	char reason[JOURNAL_REASON_MAX + 1]; /* PATH_LIST, status 0: why nothing is measured */
	/* The encoded task or release, page of a list, status or answer that was asked for. */
	const uint8_t *rest;
	size_t rest_bytes;
};

size_t journal_ipc_reply_encode(const struct journal_ipc_reply *reply,
				uint8_t buffer[JOURNAL_IPC_REPLY_MAX]);
/* Returns 0 or -EBADMSG. ret->rest points into data. */
int journal_ipc_reply_decode(const uint8_t *data, size_t bytes, struct journal_ipc_reply *ret);

/* The rest of a STATUS reply; buffer: JOURNAL_IPC_REST_MAX bytes. Not legal: 0, or -EBADMSG. */
size_t journal_ipc_status_encode(const struct journal_status *status, uint8_t *buffer);
int journal_ipc_status_decode(const uint8_t *data, size_t bytes, struct journal_status *ret);

#endif
