/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libFuzzer target: what agents and lunmaskd say to each other. What is accepted is encoded again.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "journal/journal_ipc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void request_check(const uint8_t *data, size_t size)
{
	static uint8_t again[JOURNAL_IPC_REQUEST_MAX];
	struct journal_ipc_request request;
	struct journal_op op;

	if (journal_ipc_request_decode(data, size, &request) != 0) {
		return;
	}
	if (journal_ipc_request_encode(&request, again) != size || memcmp(again, data, size) != 0) {
		abort();
	}
	if (request.kind == JOURNAL_IPC_SUBMIT) {
		(void)journal_op_decode(request.op, request.op_bytes, &op);
	}
}

static void reply_check(const uint8_t *data, size_t size)
{
	static uint8_t again[JOURNAL_IPC_REPLY_MAX];
	struct journal_ipc_reply reply;
	struct journal_status status;

	if (journal_ipc_reply_decode(data, size, &reply) != 0) {
		return;
	}
	if (journal_ipc_reply_encode(&reply, again) != size || memcmp(again, data, size) != 0) {
		abort();
	}
	(void)journal_ipc_status_decode(reply.rest, reply.rest_bytes, &status);
}

static void status_check(const uint8_t *data, size_t size)
{
	static uint8_t again[JOURNAL_IPC_REST_MAX];
	struct journal_status status;

	if (journal_ipc_status_decode(data, size, &status) == 0 &&
	    (journal_ipc_status_encode(&status, again) != size || memcmp(again, data, size) != 0)) {
		abort();
	}
}

static void path_check(const uint8_t *data, size_t size)
{
	uint8_t again[JOURNAL_PATH_BYTES_MAX];
	struct journal_path path;
	size_t used = 0;

	if (journal_path_decode(data, size, &path, &used) == 0 &&
	    (used > size || journal_path_encode(&path, again) != used ||
	     memcmp(again, data, used) != 0)) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	path_check(data, size);
	request_check(data, size);
	reply_check(data, size);
	status_check(data, size);
	return 0;
}
