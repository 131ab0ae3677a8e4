/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_JOURNAL_IPC_H
#define LUNMASK_JOURNAL_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/journal.h"

/*
 * What lib/journal.c and daemon/ipc_server.c say to each other, as bytes behind libqb's header:
 * version, then the fields, one table row each, the same for every kind, then the length of the
 * rest and the rest. Little-endian. No I/O here.
 *
 * Transport: libqb's QB_IPC_SHM, the answers as events. Not QB_IPC_SOCKET: its datagram sockets
 * have names in the abstract namespace and are not connected at first, so that (libqb 2.0.6, tried)
 * any local user can put a request into root's connection, and one that is longer than the buffer
 * it is read into; and a client that dies while it is answered for the first time stops the server
 * for a second. The shared memory's files belong to the client's user and are for nobody else. Who
 * is served can damage what it shares with lunmaskd, as with Pacemaker's own daemons: members of
 * haclient can make the cluster run anything as root anyway.
 */
#define JOURNAL_IPC_NAME "lunmaskd"
/* Another server's name, for tests and labs. Not read by set-uid programs. */
#define JOURNAL_IPC_NAME_VARIABLE "LUNMASK_JOURNAL_SOCKET"

#define JOURNAL_IPC_MESSAGE_ID 1 /* in libqb's header */
#define JOURNAL_IPC_HEADER_MAX 32
#define JOURNAL_IPC_BYTES_MAX (32 * 1024) /* of a message, libqb's header included */
#define JOURNAL_IPC_HEAD_MAX 1024         /* of the fields of a request or a reply */
/* What a reply can carry: at least one record. A request carries at most one. */
#define JOURNAL_IPC_REST_MAX (JOURNAL_IPC_BYTES_MAX - JOURNAL_IPC_HEADER_MAX - JOURNAL_IPC_HEAD_MAX)
#define JOURNAL_IPC_REQUEST_MAX (JOURNAL_IPC_HEAD_MAX + JOURNAL_RECORD_BYTES_MAX)
#define JOURNAL_IPC_REPLY_MAX (JOURNAL_IPC_HEAD_MAX + JOURNAL_IPC_REST_MAX)
#define JOURNAL_IPC_TIMEOUT_MAX_MS (10 * 60 * 1000)

enum journal_ipc_kind {
	JOURNAL_IPC_SUBMIT = 1,   /* request, gated; rest: the operation */
	JOURNAL_IPC_TASK_GET,     /* vm, read */
	JOURNAL_IPC_RELEASE_GET,  /* vm, node, read */
	JOURNAL_IPC_TASK_LIST,    /* after: the last one's uuid, zero at first */
	JOURNAL_IPC_RELEASE_LIST, /* vm, node: the last one's, "" at first */
	JOURNAL_IPC_WAIT,         /* index */
	JOURNAL_IPC_STATUS,       /* index: enum journal_ipc_status */
	JOURNAL_IPC_FORCE_SOLO,
	JOURNAL_IPC_DOMAIN, /* vm */
	JOURNAL_IPC_KIND_MAX
};

bool journal_ipc_writes(enum journal_ipc_kind kind);

/*
 * How much of a status the client understands: it is told no more, and by an older lunmaskd less.
 * So the two may be of different releases while lunmask is upgraded.
 */
enum journal_ipc_status { JOURNAL_IPC_STATUS_FIRST = 0, JOURNAL_IPC_STATUS_SOLO };

enum journal_ipc_gate { JOURNAL_IPC_UNGATED = 0, JOURNAL_IPC_GATED, JOURNAL_IPC_GATE_MAX };

struct journal_ipc_request {
	enum journal_ipc_kind kind;
	uint64_t nonce;      /* random; the reply repeats it */
	uint32_t timeout_ms; /* 1..JOURNAL_IPC_TIMEOUT_MAX_MS: an answer is wanted by then */
	enum journal_read read;
	enum journal_ipc_gate gate;
	struct id128 request;
	struct id128 after;
	uint64_t index;
	char vm[VM_NAME_MAX + 1];
	char node[NODE_NAME_MAX + 1];
	const uint8_t *op; /* SUBMIT: borrowed, not decoded */
	size_t op_bytes;
};

/* Bytes used; 0 if a field is not legal. */
size_t journal_ipc_request_encode(const struct journal_ipc_request *request,
				  uint8_t buffer[JOURNAL_IPC_REQUEST_MAX]);
/* ret->op points into data. 0 or -EBADMSG, also when what the kind needs is not there. */
int journal_ipc_request_decode(const uint8_t *data, size_t bytes, struct journal_ipc_request *ret);

enum journal_ipc_more { JOURNAL_IPC_LAST = 0, JOURNAL_IPC_MORE, JOURNAL_IPC_MORE_MAX };

struct journal_ipc_reply {
	enum journal_ipc_kind kind;
	uint64_t nonce;
	int32_t status;               /* 0, or why there is no answer: -errno, with reason */
	enum journal_verdict verdict; /* SUBMIT; else 0 */
	int32_t outcome;              /* SUBMIT, COMMITTED: the machine's status */
	uint64_t revision;            /* likewise */
	uint64_t index;               /* applied when it was answered */
	enum journal_domain domain;   /* DOMAIN */
	enum journal_ipc_more more;   /* lists */
	char reason[JOURNAL_REASON_MAX + 1];
	/* The task or release asked for, a page of a list, or the status: encoded. */
	const uint8_t *rest;
	size_t rest_bytes;
};

size_t journal_ipc_reply_encode(const struct journal_ipc_reply *reply,
				uint8_t buffer[JOURNAL_IPC_REPLY_MAX]);
/* ret->rest points into data. 0 or -EBADMSG. */
int journal_ipc_reply_decode(const uint8_t *data, size_t bytes, struct journal_ipc_reply *ret);

/* A reply's rest to STATUS. JOURNAL_IPC_REST_MAX suffices. */
size_t journal_ipc_status_encode(const struct journal_status *status, uint8_t *buffer);
int journal_ipc_status_decode(const uint8_t *data, size_t bytes, struct journal_status *ret);

#endif
