/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "journal/journal_ipc.h"

static const uint8_t OP[] = {0xaa, 0xbb, 0xcc};

static struct journal_ipc_request request_make(void)
{
	return (struct journal_ipc_request){
		.kind = JOURNAL_IPC_SUBMIT,
		.nonce = UINT64_C(0x1122334455667788),
		.timeout_ms = 5000,
		.read = JOURNAL_LINEARIZABLE,
		.gate = JOURNAL_IPC_GATED,
		.request = {{1, 2, 3}},
		.after = {{9}},
		.index = 7,
		.vm = "web1",
		.node = "n1",
		.op = OP,
		.op_bytes = sizeof(OP),
	};
}

static struct journal_ipc_reply reply_make(void)
{
	return (struct journal_ipc_reply){
		.kind = JOURNAL_IPC_DOMAIN,
		.nonce = 5,
		.status = -ENOENT,
		.verdict = JOURNAL_UNKNOWN,
		.outcome = -1,
		.revision = 3,
		.index = 4,
		.domain = JOURNAL_DOMAIN_OTHER,
		.more = JOURNAL_IPC_MORE,
		.reason = "no",
		.rest = OP,
		.rest_bytes = sizeof(OP),
	};
}

static void request_encode__has_golden_bytes(void **state)
{
	/* clang-format off */
	static const uint8_t golden[] = {
		1, JOURNAL_IPC_SUBMIT,
		0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, /* nonce */
		0x88, 0x13, 0, 0, 1, 1,                         /* timeout, read, gate */
		1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* request */
		9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* after */
		7, 0, 0, 0, 0, 0, 0, 0,
		4, 0, 'w', 'e', 'b', '1', 2, 0, 'n', '1',
		3, 0, 0, 0, 0xaa, 0xbb, 0xcc,
	};
	/* clang-format on */
	struct journal_ipc_request request = request_make();
	uint8_t buffer[JOURNAL_IPC_REQUEST_MAX];

	(void)state;
	assert_int_equal(journal_ipc_request_encode(&request, buffer), sizeof(golden));
	assert_memory_equal(buffer, golden, sizeof(golden));
}

static void reply_encode__has_golden_bytes(void **state)
{
	/* clang-format off */
	static const uint8_t golden[] = {
		1, JOURNAL_IPC_DOMAIN, 5, 0, 0, 0, 0, 0, 0, 0,
		0xfe, 0xff, 0xff, 0xff, 3, 0xff, 0xff, 0xff, 0xff,
		3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 3, 1,
		2, 0, 'n', 'o', 3, 0, 0, 0, 0xaa, 0xbb, 0xcc,
	};
	/* clang-format on */
	struct journal_ipc_reply reply = reply_make();
	uint8_t buffer[JOURNAL_IPC_REPLY_MAX];

	(void)state;
	assert_int_equal(journal_ipc_reply_encode(&reply, buffer), sizeof(golden));
	assert_memory_equal(buffer, golden, sizeof(golden));
}

static void request_decode__gives_what_was_encoded(void **state)
{
	struct journal_ipc_request request = request_make(), back;
	uint8_t buffer[JOURNAL_IPC_REQUEST_MAX];
	size_t bytes = journal_ipc_request_encode(&request, buffer);

	(void)state;
	assert_int_equal(journal_ipc_request_decode(buffer, bytes, &back), 0);
	assert_int_equal(back.nonce, request.nonce);
	assert_int_equal(back.timeout_ms, 5000);
	assert_int_equal(back.gate, JOURNAL_IPC_GATED);
	assert_string_equal(back.vm, "web1");
	assert_string_equal(back.node, "n1");
	assert_true(id128_equal(&back.request, &request.request));
	assert_true(id128_equal(&back.after, &request.after));
	assert_int_equal(back.op_bytes, sizeof(OP));
	assert_memory_equal(back.op, OP, sizeof(OP));
}

static void reply_decode__gives_what_was_encoded(void **state)
{
	struct journal_ipc_reply reply = reply_make(), back;
	uint8_t buffer[JOURNAL_IPC_REPLY_MAX];
	size_t bytes = journal_ipc_reply_encode(&reply, buffer);

	(void)state;
	assert_int_equal(journal_ipc_reply_decode(buffer, bytes, &back), 0);
	assert_int_equal(back.status, -ENOENT);
	assert_int_equal(back.verdict, JOURNAL_UNKNOWN);
	assert_int_equal(back.domain, JOURNAL_DOMAIN_OTHER);
	assert_int_equal(back.more, JOURNAL_IPC_MORE);
	assert_string_equal(back.reason, "no");
	assert_memory_equal(back.rest, OP, sizeof(OP));
}

static void decode__refuses_every_truncation_and_a_tail(void **state)
{
	struct journal_ipc_request request = request_make(), request_back;
	struct journal_ipc_reply reply = reply_make(), reply_back;
	uint8_t buffer[JOURNAL_IPC_REPLY_MAX + 1];
	size_t bytes = journal_ipc_request_encode(&request, buffer);

	(void)state;
	for (size_t n = 0; n < bytes; n++) {
		assert_int_equal(journal_ipc_request_decode(buffer, n, &request_back), -EBADMSG);
	}
	assert_int_equal(journal_ipc_request_decode(buffer, bytes + 1, &request_back), -EBADMSG);
	bytes = journal_ipc_reply_encode(&reply, buffer);
	for (size_t n = 0; n < bytes; n++) {
		assert_int_equal(journal_ipc_reply_decode(buffer, n, &reply_back), -EBADMSG);
	}
	assert_int_equal(journal_ipc_reply_decode(buffer, bytes + 1, &reply_back), -EBADMSG);
}

static void request_decode__refuses_a_byte_out_of_range(void **state)
{
	/* version, kind, read, gate */
	static const size_t at[] = {0, 1, 14, 15};
	struct journal_ipc_request request = request_make(), back;
	uint8_t buffer[JOURNAL_IPC_REQUEST_MAX];

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(at); i++) {
		size_t bytes = journal_ipc_request_encode(&request, buffer);

		buffer[at[i]] = 200;
		assert_int_equal(journal_ipc_request_decode(buffer, bytes, &back), -EBADMSG);
	}
}

/* encode refuses it, and so does decode when the same is put into the bytes. */
static void request__needs_what_its_kind_needs(void **state)
{
	struct journal_ipc_request legal = request_make(), request = legal, back;
	uint8_t buffer[JOURNAL_IPC_REQUEST_MAX];
	size_t bytes = journal_ipc_request_encode(&legal, buffer);

	(void)state;
	request.timeout_ms = 0;
	assert_int_equal(journal_ipc_request_encode(&request, buffer), 0);
	request.timeout_ms = JOURNAL_IPC_TIMEOUT_MAX_MS + 1;
	assert_int_equal(journal_ipc_request_encode(&request, buffer), 0);
	request = legal;
	request.op_bytes = 0;
	assert_int_equal(journal_ipc_request_encode(&request, buffer), 0);
	request = legal;
	memset(&request.request, 0, sizeof(request.request));
	assert_int_equal(journal_ipc_request_encode(&request, buffer), 0);
	request = legal;
	request.kind = JOURNAL_IPC_STATUS; /* with a rest */
	assert_int_equal(journal_ipc_request_encode(&request, buffer), 0);
	assert_int_equal(journal_ipc_request_encode(&legal, buffer), bytes);
	buffer[1] = JOURNAL_IPC_STATUS;
	assert_int_equal(journal_ipc_request_decode(buffer, bytes, &back), -EBADMSG);
	buffer[1] = JOURNAL_IPC_SUBMIT;
	memset(buffer + 10, 0xff, 4); /* 49 days */
	assert_int_equal(journal_ipc_request_decode(buffer, bytes, &back), -EBADMSG);
}

static void request__of_a_vm_needs_a_name(void **state)
{
	struct journal_ipc_request request = {.kind = JOURNAL_IPC_RELEASE_GET, .timeout_ms = 1};
	uint8_t buffer[JOURNAL_IPC_REQUEST_MAX];

	(void)state;
	assert_int_equal(journal_ipc_request_encode(&request, buffer), 0);
	(void)strcpy(request.vm, "web1");
	assert_int_equal(journal_ipc_request_encode(&request, buffer), 0);
	(void)strcpy(request.node, "n1");
	assert_int_not_equal(journal_ipc_request_encode(&request, buffer), 0);
	(void)strcpy(request.vm, "web\n");
	assert_int_equal(journal_ipc_request_encode(&request, buffer), 0);
}

static void request__holds_the_longest_operation(void **state)
{
	static uint8_t op[JOURNAL_RECORD_BYTES_MAX + 1];
	static uint8_t buffer[JOURNAL_IPC_REQUEST_MAX];
	struct journal_ipc_request request = request_make(), back;

	(void)state;
	memset(request.vm, 'v', VM_NAME_MAX);
	memset(request.node, 'n', NODE_NAME_MAX);
	request.op = op;
	request.op_bytes = JOURNAL_RECORD_BYTES_MAX;
	size_t bytes = journal_ipc_request_encode(&request, buffer);
	assert_in_range(bytes, JOURNAL_RECORD_BYTES_MAX, sizeof(buffer));
	assert_int_equal(journal_ipc_request_decode(buffer, bytes, &back), 0);
	request.op_bytes++;
	assert_int_equal(journal_ipc_request_encode(&request, buffer), 0);
}

static void request__holds_the_longest_question(void **state)
{
	static uint8_t body[JOURNAL_ASK_BYTES_MAX + 1];
	static uint8_t buffer[JOURNAL_IPC_REQUEST_MAX];
	struct journal_ipc_request request = {.kind = JOURNAL_IPC_ASK,
					      .timeout_ms = 1,
					      .index = JOURNAL_ASK_VERIFY,
					      .op = body,
					      .op_bytes = JOURNAL_ASK_BYTES_MAX};
	struct journal_ipc_request back;

	(void)state;
	assert_int_equal(journal_ipc_request_encode(&request, buffer), 0); /* to whom? */
	memset(request.node, 'n', NODE_NAME_MAX);
	size_t bytes = journal_ipc_request_encode(&request, buffer);
	assert_in_range(bytes, JOURNAL_ASK_BYTES_MAX, sizeof(buffer));
	assert_int_equal(journal_ipc_request_decode(buffer, bytes, &back), 0);
	assert_int_equal(back.op_bytes, JOURNAL_ASK_BYTES_MAX);
	request.op_bytes++;
	assert_int_equal(journal_ipc_request_encode(&request, buffer), 0);
	request.op_bytes = 0;
	assert_int_equal(journal_ipc_request_encode(&request, buffer), 0);
	assert_true(journal_ipc_writes(JOURNAL_IPC_ASK)); /* for root only */
}

static struct journal_status status_make(size_t n_voters)
{
	struct journal_status status = {
		.node = 2,
		.role = "sequencer",
		.active = true,
		.quorate = true,
		.last = 10,
		.dropped = 3,
		.n_voters = n_voters,
	};

	for (size_t i = 0; i < n_voters; i++) {
		status.voters[i] = (struct journal_voter){.node = (uint32_t)i + 1, .acked = i};
	}
	return status;
}

static void status_decode__gives_what_was_encoded(void **state)
{
	struct journal_status status = status_make(JOURNAL_NODES_MAX), back;
	uint8_t buffer[JOURNAL_IPC_REST_MAX];
	size_t bytes = journal_ipc_status_encode(&status, buffer);

	(void)state;
	assert_int_equal(journal_ipc_status_decode(buffer, bytes, &back), 0);
	assert_memory_equal(&back.voters, &status.voters, sizeof(status.voters));
	assert_string_equal(back.role, "sequencer");
	assert_true(back.active && back.quorate && !back.gate);
	assert_int_equal(back.last, 10);
	assert_int_equal(back.dropped, 3);
	for (size_t n = 0; n < bytes; n++) {
		assert_int_equal(journal_ipc_status_decode(buffer, n, &back), -EBADMSG);
	}
}

static void status_decode__gives_what_two_voters_are_told(void **state)
{
	struct journal_status status = status_make(2), back;
	uint8_t first[JOURNAL_IPC_REST_MAX], buffer[JOURNAL_IPC_REST_MAX];
	size_t first_bytes = journal_ipc_status_encode(&status, first), bytes;

	(void)state;
	status.solo = JOURNAL_SOLO_NOT_READY;
	status.solo_heard_ms = 7000;
	(void)strcpy(status.solo_reason, "why");
	bytes = journal_ipc_status_encode(&status, buffer);
	assert_int_equal(bytes, first_bytes + 1 + 8 + 2 + 3);
	assert_memory_equal(buffer, first, first_bytes);
	assert_int_equal(journal_ipc_status_decode(buffer, bytes, &back), 0);
	assert_int_equal(back.solo, JOURNAL_SOLO_NOT_READY);
	assert_int_equal(back.solo_heard_ms, 7000);
	assert_string_equal(back.solo_reason, "why");
	/* An older lunmaskd says no more than this. */
	assert_int_equal(journal_ipc_status_decode(buffer, first_bytes, &back), 0);
	assert_int_equal(back.solo, JOURNAL_SOLO_NONE);
	for (size_t n = first_bytes + 1; n < bytes; n++) {
		assert_int_equal(journal_ipc_status_decode(buffer, n, &back), -EBADMSG);
	}
	assert_int_equal(journal_ipc_status_decode(buffer, bytes + 1, &back), -EBADMSG);
}

static void status_decode__refuses_too_many_voters_and_flags(void **state)
{
	struct journal_status status = status_make(1), back;
	uint8_t buffer[JOURNAL_IPC_REST_MAX];
	size_t bytes = journal_ipc_status_encode(&status, buffer);

	(void)state;
	buffer[4] = JOURNAL_NODES_MAX + 1;
	assert_int_equal(journal_ipc_status_decode(buffer, sizeof(buffer), &back), -EBADMSG);
	buffer[4] = 1;
	assert_int_equal(journal_ipc_status_decode(buffer, bytes, &back), 0);
	buffer[0] |= 8;
	assert_int_equal(journal_ipc_status_decode(buffer, bytes, &back), -EBADMSG);
	status.n_voters = JOURNAL_NODES_MAX + 1;
	assert_int_equal(journal_ipc_status_encode(&status, buffer), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_encode__has_golden_bytes),
		cmocka_unit_test(reply_encode__has_golden_bytes),
		cmocka_unit_test(request_decode__gives_what_was_encoded),
		cmocka_unit_test(reply_decode__gives_what_was_encoded),
		cmocka_unit_test(decode__refuses_every_truncation_and_a_tail),
		cmocka_unit_test(request_decode__refuses_a_byte_out_of_range),
		cmocka_unit_test(request__needs_what_its_kind_needs),
		cmocka_unit_test(request__of_a_vm_needs_a_name),
		cmocka_unit_test(request__holds_the_longest_operation),
		cmocka_unit_test(request__holds_the_longest_question),
		cmocka_unit_test(status_decode__gives_what_was_encoded),
		cmocka_unit_test(status_decode__gives_what_two_voters_are_told),
		cmocka_unit_test(status_decode__refuses_too_many_voters_and_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
