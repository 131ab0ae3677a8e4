/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal/journal_ipc.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "base/little.h"
#include "base/text.h"
#include "journal/journal_codec.h"

#define IPC_VERSION 1

/* clang-format off */
static const struct journal_field request_fields[] = {
	FIELD_ENUM(struct journal_ipc_request, kind, JOURNAL_IPC_SUBMIT, JOURNAL_IPC_KIND_MAX),
	FIELD_PLAIN(struct journal_ipc_request, nonce, 64),
	FIELD_PLAIN(struct journal_ipc_request, timeout_ms, 32),
	FIELD_ENUM(struct journal_ipc_request, read, JOURNAL_STALE, JOURNAL_LINEARIZABLE + 1),
	FIELD_ENUM(struct journal_ipc_request, gate, JOURNAL_IPC_UNGATED, JOURNAL_IPC_GATE_MAX),
	FIELD_PLAIN(struct journal_ipc_request, request, ID),
	FIELD_PLAIN(struct journal_ipc_request, after, ID),
	FIELD_PLAIN(struct journal_ipc_request, index, 64),
	FIELD_TEXT(struct journal_ipc_request, vm, text_is_printable),
	FIELD_TEXT(struct journal_ipc_request, node, text_is_printable),
};

static const struct journal_field reply_fields[] = {
	FIELD_ENUM(struct journal_ipc_reply, kind, JOURNAL_IPC_SUBMIT, JOURNAL_IPC_KIND_MAX),
	FIELD_PLAIN(struct journal_ipc_reply, nonce, 64),
	FIELD_PLAIN(struct journal_ipc_reply, status, 32),
	FIELD_ENUM(struct journal_ipc_reply, verdict, 0, JOURNAL_VERDICT_MAX),
	FIELD_PLAIN(struct journal_ipc_reply, outcome, 32),
	FIELD_PLAIN(struct journal_ipc_reply, revision, 64),
	FIELD_PLAIN(struct journal_ipc_reply, index, 64),
	FIELD_ENUM(struct journal_ipc_reply, domain, JOURNAL_DOMAIN_UNKNOWN, JOURNAL_DOMAIN_MAX),
	FIELD_ENUM(struct journal_ipc_reply, more, JOURNAL_IPC_LAST, JOURNAL_IPC_MORE_MAX),
	FIELD_TEXT(struct journal_ipc_reply, reason, text_is_printable),
};

/* In front of the fields of a status: what those cannot hold. */
struct status_head {
	uint32_t flags;
	uint32_t n_voters;
};

enum { STATUS_ACTIVE = 1u << 0, STATUS_GATE = 1u << 1, STATUS_QUORATE = 1u << 2, STATUS_FLAGS = 7 };

static const struct journal_field status_head_fields[] = {
	FIELD_PLAIN(struct status_head, flags, 32),
	FIELD_PLAIN(struct status_head, n_voters, 32),
};

static const struct journal_field status_fields[] = {
	FIELD_PLAIN(struct journal_status, cluster, ID),
	FIELD_PLAIN(struct journal_status, node, 32),
	FIELD_PLAIN(struct journal_status, disk, ID),
	FIELD_PLAIN(struct journal_status, boot, 64),
	FIELD_TEXT(struct journal_status, role, text_is_printable),
	FIELD_PLAIN(struct journal_status, ballot_counter, 64),
	FIELD_PLAIN(struct journal_status, ballot_node, 32),
	FIELD_PLAIN(struct journal_status, last, 64),
	FIELD_PLAIN(struct journal_status, durable, 64),
	FIELD_PLAIN(struct journal_status, commit, 64),
	FIELD_PLAIN(struct journal_status, applied, 64),
	FIELD_PLAIN(struct journal_status, snapshot, 64),
	FIELD_PLAIN(struct journal_status, store_bytes, 64),
	FIELD_PLAIN(struct journal_status, dropped, 64),
};

static const struct journal_field voter_fields[] = {
	FIELD_PLAIN(struct journal_voter, node, 32),
	FIELD_PLAIN(struct journal_voter, disk, ID),
	FIELD_PLAIN(struct journal_voter, acked, 64),
};

/* After the voters, unless solo is NONE. */
static const struct journal_field solo_fields[] = {
	FIELD_ENUM(struct journal_status, solo, JOURNAL_SOLO_READY, JOURNAL_SOLO_MAX),
	FIELD_PLAIN(struct journal_status, solo_heard_ms, 64),
	FIELD_TEXT(struct journal_status, solo_reason, text_is_printable),
};
/* clang-format on */

/* Encoded, no field is longer than in memory, except a text (by its length of two bytes). */
static_assert(sizeof(struct journal_ipc_request) + 2 * G_N_ELEMENTS(request_fields) + 5 <=
		      JOURNAL_IPC_HEAD_MAX,
	      "JOURNAL_IPC_HEAD_MAX holds a request's fields");
static_assert(sizeof(struct journal_ipc_reply) + 2 * G_N_ELEMENTS(reply_fields) + 5 <=
		      JOURNAL_IPC_HEAD_MAX,
	      "JOURNAL_IPC_HEAD_MAX holds a reply's fields");
static_assert(JOURNAL_RECORD_BYTES_MAX <= JOURNAL_IPC_REST_MAX, "a page holds a record");
static_assert(JOURNAL_RECORD_BYTES_MAX <= JOURNAL_ASK_BYTES_MAX, "a request holds a record");
static_assert(JOURNAL_ASK_BYTES_MAX <= JOURNAL_IPC_REST_MAX, "a reply holds an answer");
static_assert(JOURNAL_IPC_HEADER_MAX + JOURNAL_IPC_REQUEST_MAX <= JOURNAL_IPC_BYTES_MAX,
	      "a request fits");
static_assert(sizeof(struct journal_status) + 64 <= JOURNAL_IPC_REST_MAX, "a status fits");

bool journal_ipc_writes(enum journal_ipc_kind kind)
{
	return kind == JOURNAL_IPC_SUBMIT || kind == JOURNAL_IPC_FORCE_SOLO ||
	       kind == JOURNAL_IPC_ASK;
}

/* Encodes version, fields, length of the rest and the rest. Returns 0 if a field is not legal. */
static size_t message_encode(const struct journal_field *fields, size_t n, const void *record,
			     const uint8_t *rest, size_t rest_bytes, size_t rest_max,
			     uint8_t *buffer)
{
	size_t head = journal_fields_encode(fields, n, record, buffer + 1);
	uint8_t *at = buffer + 1 + head;

	if (head == 0 || rest_bytes > rest_max) {
		return 0;
	}
	buffer[0] = IPC_VERSION;
	at = little_put32(at, (uint32_t)rest_bytes);
	if (rest_bytes > 0) {
		memcpy(at, rest, rest_bytes);
	}
	return (size_t)(at - buffer) + rest_bytes;
}

static int message_decode(const struct journal_field *fields, size_t n, const uint8_t *data,
			  size_t bytes, size_t rest_max, void *record, const uint8_t **ret_rest,
			  size_t *ret_rest_bytes)
{
	size_t head;

	if (bytes < 1 || data[0] != IPC_VERSION) {
		return -EBADMSG;
	}
	head = journal_fields_decode(fields, n, data + 1, bytes - 1, record);
	if (head == 0 || bytes - 1 - head < sizeof(uint32_t)) {
		return -EBADMSG;
	}
	*ret_rest = data + 1 + head + sizeof(uint32_t);
	*ret_rest_bytes = (size_t)(data + bytes - *ret_rest);
	return *ret_rest_bytes > rest_max || *ret_rest_bytes != little_get32(data + 1 + head)
		       ? -EBADMSG
		       : 0;
}

static bool request_complete(const struct journal_ipc_request *request)
{
	bool needs_vm = request->kind == JOURNAL_IPC_TASK_GET ||
			request->kind == JOURNAL_IPC_RELEASE_GET ||
			request->kind == JOURNAL_IPC_DOMAIN;

	if (request->timeout_ms == 0 || request->timeout_ms > JOURNAL_IPC_TIMEOUT_MAX_MS) {
		return false;
	}
	if (request->kind == JOURNAL_IPC_SUBMIT) {
		return request->op_bytes > 0 && request->op_bytes <= JOURNAL_RECORD_BYTES_MAX &&
		       !id128_is_zero(&request->request);
	}
	if (request->kind == JOURNAL_IPC_ASK) {
		return request->op_bytes > 0 && request->node[0] != '\0';
	}
	if (request->op_bytes != 0 || (needs_vm && request->vm[0] == '\0')) {
		return false;
	}
	return request->kind != JOURNAL_IPC_RELEASE_GET || request->node[0] != '\0';
}

size_t journal_ipc_request_encode(const struct journal_ipc_request *request,
				  uint8_t buffer[JOURNAL_IPC_REQUEST_MAX])
{
	if (!request_complete(request)) {
		return 0;
	}
	return message_encode(request_fields, G_N_ELEMENTS(request_fields), request, request->op,
			      request->op_bytes, JOURNAL_ASK_BYTES_MAX, buffer);
}

int journal_ipc_request_decode(const uint8_t *data, size_t bytes, struct journal_ipc_request *ret)
{
	int rc;

	memset(ret, 0, sizeof(*ret));
	rc = message_decode(request_fields, G_N_ELEMENTS(request_fields), data, bytes,
			    JOURNAL_ASK_BYTES_MAX, ret, &ret->op, &ret->op_bytes);
	return rc == 0 && !request_complete(ret) ? -EBADMSG : rc;
}

size_t journal_ipc_reply_encode(const struct journal_ipc_reply *reply,
				uint8_t buffer[JOURNAL_IPC_REPLY_MAX])
{
	return message_encode(reply_fields, G_N_ELEMENTS(reply_fields), reply, reply->rest,
			      reply->rest_bytes, JOURNAL_IPC_REST_MAX, buffer);
}

int journal_ipc_reply_decode(const uint8_t *data, size_t bytes, struct journal_ipc_reply *ret)
{
	memset(ret, 0, sizeof(*ret));
	return message_decode(reply_fields, G_N_ELEMENTS(reply_fields), data, bytes,
			      JOURNAL_IPC_REST_MAX, ret, &ret->rest, &ret->rest_bytes);
}

size_t journal_ipc_status_encode(const struct journal_status *status, uint8_t *buffer)
{
	struct status_head head = {.n_voters = (uint32_t)status->n_voters};
	size_t bytes, body;

	if (status->n_voters > JOURNAL_NODES_MAX) {
		return 0;
	}
	head.flags = (status->active ? STATUS_ACTIVE : 0u) | (status->gate ? STATUS_GATE : 0u) |
		     (status->quorate ? STATUS_QUORATE : 0u);
	bytes = journal_fields_encode(status_head_fields, G_N_ELEMENTS(status_head_fields), &head,
				      buffer);
	body = journal_fields_encode(status_fields, G_N_ELEMENTS(status_fields), status,
				     buffer + bytes);
	if (body == 0) {
		return 0;
	}
	bytes += body;
	for (size_t i = 0; i < status->n_voters; i++) {
		bytes += journal_fields_encode(voter_fields, G_N_ELEMENTS(voter_fields),
					       &status->voters[i], buffer + bytes);
	}
	if (status->solo == JOURNAL_SOLO_NONE) {
		return bytes;
	}
	body = journal_fields_encode(solo_fields, G_N_ELEMENTS(solo_fields), status,
				     buffer + bytes);
	return body == 0 ? 0 : bytes + body;
}

/* Advances *at. */
static bool part_decode(const struct journal_field *fields, size_t n, const uint8_t *data,
			size_t bytes, size_t *at, void *record)
{
	size_t used = journal_fields_decode(fields, n, data + *at, bytes - *at, record);

	*at += used;
	return used > 0;
}

int journal_ipc_status_decode(const uint8_t *data, size_t bytes, struct journal_status *ret)
{
	struct status_head head = {0};
	size_t at = 0;

	memset(ret, 0, sizeof(*ret));
	if (!part_decode(status_head_fields, G_N_ELEMENTS(status_head_fields), data, bytes, &at,
			 &head) ||
	    head.n_voters > JOURNAL_NODES_MAX || (head.flags & ~(uint32_t)STATUS_FLAGS) != 0 ||
	    !part_decode(status_fields, G_N_ELEMENTS(status_fields), data, bytes, &at, ret)) {
		return -EBADMSG;
	}
	ret->active = (head.flags & STATUS_ACTIVE) != 0;
	ret->gate = (head.flags & STATUS_GATE) != 0;
	ret->quorate = (head.flags & STATUS_QUORATE) != 0;
	for (; ret->n_voters < head.n_voters; ret->n_voters++) {
		if (!part_decode(voter_fields, G_N_ELEMENTS(voter_fields), data, bytes, &at,
				 &ret->voters[ret->n_voters])) {
			return -EBADMSG;
		}
	}
	if (at < bytes &&
	    !part_decode(solo_fields, G_N_ELEMENTS(solo_fields), data, bytes, &at, ret)) {
		return -EBADMSG;
	}
	return at == bytes ? 0 : -EBADMSG;
}
