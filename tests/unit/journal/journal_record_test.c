/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "journal/journal_record.h"
#include "tests/unit/test.h"

static uint8_t buffer[JOURNAL_RECORD_BYTES_MAX];

/* The layout must not change unnoticed: other nodes, and other versions, read it. */
static const uint8_t golden_task[] = {
	0x01, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac,
	0xad, 0xae, 0xaf, 0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, 0x04, 0x00, 0x77,
	0x65, 0x62, 0x31, 0x03, 0x01, 0x04, 0x00, 0x6c, 0x69, 0x76, 0x65, 0x02, 0x00, 0x6e,
	0x31, 0x02, 0x00, 0x6e, 0x32, 0x05, 0x00, 0x67, 0x72, 0x61, 0x6e, 0x74, 0x01, 0x02,
	0x00, 0x00, 0x00, 0x02, 0x02, 0x00, 0x6e, 0x31, 0x03, 0x00, 0x62, 0x2d, 0x31, 0x4d,
	0x00, 0x00, 0x00, 0x63, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x6e,
	0x32, 0x02, 0x00, 0x01, 0x00, 0x72, 0x02, 0x00, 0x73, 0x30, 0x04, 0x00, 0x6e, 0x6f,
	0x6e, 0x65, 0x03, 0x00, 0x77, 0x68, 0x79, 0xe8, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};

static const uint8_t golden_release[] = {
	0x01, 0x04, 0x00, 0x77, 0x65, 0x62, 0x31, 0x02, 0x00, 0x6e, 0x31, 0x04, 0x00,
	0x73, 0x61, 0x6e, 0x31, 0x01, 0x00, 0x01, 0x00, 0x72, 0x05, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x06, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

static const uint8_t golden_head[] = {
	0x01, 0x01, 0x02, 0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba,
	0xbb, 0xbc, 0xbd, 0xbe, 0xbf, 0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05,
};

static void id_fill(struct id128 *id, uint8_t first)
{
	for (size_t i = 0; i < ID128_BYTES; i++) {
		id->bytes[i] = (uint8_t)(first + i);
	}
}

static struct journal_task task_make(void)
{
	struct journal_task task = {
		.revision = UINT64_C(0x0102030405060708),
		.vm = "web1",
		.kind = JOURNAL_MIGRATE,
		.state = JOURNAL_RUNNING,
		.mode = "live",
		.source = "n1",
		.target = "n2",
		.step = "grant",
		.step_state = JOURNAL_STEP_BEGUN,
		.tries = 2,
		.taken_over = JOURNAL_EVIDENCE_REBOOT,
		.actor = {.node = "n1", .boot_id = "b-1", .pid = 77, .start_time = 99},
		.granted_to = "n2",
		.luns = {"r", "s0"},
		.n_luns = 2,
		.image = "none",
		.reason = "why",
		.begun_ms = 1000,
		.changed_ms = -2,
	};

	id_fill(&task.uuid, 0xa0);
	return task;
}

static struct journal_release release_make(void)
{
	return (struct journal_release){
		.vm = "web1",
		.node = "n1",
		.array = "san1",
		.luns = {"r"},
		.n_luns = 1,
		.since_ms = 5,
		.revision = 6,
	};
}

static struct journal_op op_make(void)
{
	struct journal_op op = {
		.kind = JOURNAL_OP_BEGIN,
		.evidence = JOURNAL_EVIDENCE_REBOOT,
		.replaces = {.revision = 9, .state = JOURNAL_FAILED},
		.task = task_make(),
	};

	id_fill(&op.replaces.uuid, 0xb0);
	return op;
}

/* All texts, and the list, as long as they can be. */
static struct journal_task task_make_longest(void)
{
	struct journal_task task = task_make();

	memset(task.vm, 'v', VM_NAME_MAX);
	memset(task.mode, 'm', sizeof(task.mode) - 1);
	memset(task.source, 's', NODE_NAME_MAX);
	memset(task.target, 't', NODE_NAME_MAX);
	memset(task.step, 'S', JOURNAL_STEP_MAX);
	memset(task.actor.node, 'n', NODE_NAME_MAX);
	memset(task.actor.boot_id, 'b', JOURNAL_BOOT_TEXT - 1);
	memset(task.granted_to, 'g', NODE_NAME_MAX);
	memset(task.image, 'i', sizeof(task.image) - 1);
	memset(task.reason, 'r', JOURNAL_REASON_MAX);
	task.n_luns = VM_LUNS_MAX;
	for (size_t i = 0; i < VM_LUNS_MAX; i++) {
		memset(task.luns[i], 'l', LUN_NAME_MAX);
	}
	return task;
}

static void journal_task_encode__writes_the_golden_bytes(void **state)
{
	struct journal_task task = task_make();

	(void)state;
	assert_int_equal(journal_task_encode(&task, buffer), sizeof(golden_task));
	assert_memory_equal(buffer, golden_task, sizeof(golden_task));
}

static void journal_task_decode__reads_the_golden_bytes(void **state)
{
	struct journal_task expected = task_make(), task;
	size_t used;

	(void)state;
	assert_int_equal(journal_task_decode(golden_task, sizeof(golden_task), &task, &used), 0);
	assert_int_equal(used, sizeof(golden_task));
	assert_memory_equal(&task, &expected, sizeof(task));
}

static void journal_task_decode__reads_no_further_than_the_task(void **state)
{
	struct journal_task task;
	size_t used, bytes;

	(void)state;
	bytes = journal_task_encode(
		&(struct journal_task){.vm = "v", .kind = JOURNAL_STOP, .state = JOURNAL_DONE},
		buffer);
	memset(buffer + bytes, 0xff, 8);
	assert_int_equal(journal_task_decode(buffer, bytes + 8, &task, &used), 0);
	assert_int_equal(used, bytes);
}

static void journal_release__has_the_golden_bytes(void **state)
{
	struct journal_release expected = release_make(), release;
	size_t used;

	(void)state;
	assert_int_equal(journal_release_encode(&expected, buffer), sizeof(golden_release));
	assert_memory_equal(buffer, golden_release, sizeof(golden_release));
	assert_int_equal(
		journal_release_decode(golden_release, sizeof(golden_release), &release, &used), 0);
	assert_int_equal(used, sizeof(golden_release));
	assert_memory_equal(&release, &expected, sizeof(release));
}

static void journal_op__has_the_golden_bytes(void **state)
{
	struct journal_op expected = op_make(), op;
	size_t bytes = sizeof(golden_head) + sizeof(golden_task);

	(void)state;
	assert_int_equal(journal_op_encode(&expected, buffer), bytes);
	assert_memory_equal(buffer, golden_head, sizeof(golden_head));
	assert_memory_equal(buffer + sizeof(golden_head), golden_task, sizeof(golden_task));
	assert_int_equal(journal_op_decode(buffer, bytes, &op), 0);
	assert_memory_equal(&op, &expected, sizeof(op));
}

static void journal_op__carries_a_release(void **state)
{
	struct journal_op expected, op;
	size_t bytes;

	(void)state;
	memset(&expected, 0, sizeof(expected));
	expected.kind = JOURNAL_OP_REVOKED;
	expected.release = release_make();
	bytes = journal_op_encode(&expected, buffer);
	assert_int_equal(bytes, 3 + ID128_BYTES + 8 + 1 + sizeof(golden_release));
	assert_int_equal(journal_op_decode(buffer, bytes, &op), 0);
	assert_memory_equal(&op, &expected, sizeof(op));
}

/* Of a REVOKED: its array does not count. */
/* A release has the version that every lunmaskd knows; a grant has the next one, and more. */
static void journal_op__carries_a_grant(void **state)
{
	struct journal_op expected = {.kind = JOURNAL_OP_GRANT}, op;
	size_t head = 3 + ID128_BYTES + 8;
	size_t bytes;

	(void)state;
	expected.release = release_make();
	expected.release.granted = true;
	(void)strcpy(expected.release.by, "node9");
	expected.release.fencings = 3;
	expected.release.by_fencings = JOURNAL_FENCINGS_UNKNOWN;
	bytes = journal_op_encode(&expected, buffer);
	assert_int_equal(bytes, head + 1 + sizeof(golden_release) + 2 + 5 + 8 + 8);
	assert_int_equal(buffer[head + 1], 2);
	assert_int_equal(journal_op_decode(buffer, bytes, &op), 0);
	assert_memory_equal(&op, &expected, sizeof(op));
	expected.release.by[0] = '\0';
	assert_int_equal(journal_op_encode(&expected, buffer), 0);
}

static void journal_release_decode__needs_no_array(void **state)
{
	struct journal_release release = {.vm = "v", .node = "n"}, again;
	size_t bytes = journal_release_encode(&release, buffer), used;

	(void)state;
	assert_int_equal(journal_release_decode(buffer, bytes, &again, &used), 0);
	assert_memory_equal(&again, &release, sizeof(again));
}

static void journal_op_encode__fits_its_maximum(void **state)
{
	struct journal_op expected = op_make(), op;
	size_t bytes;

	(void)state;
	expected.task = task_make_longest();
	bytes = journal_op_encode(&expected, buffer);
	assert_in_range(bytes, 5000, JOURNAL_RECORD_BYTES_MAX);
	assert_int_equal(journal_op_decode(buffer, bytes, &op), 0);
	assert_memory_equal(&op, &expected, sizeof(op));
}

/* In a buffer of that length, for the sanitizer to see a read behind it. */
static int decode_exactly(const uint8_t *data, size_t bytes)
{
	uint8_t *copy = malloc(bytes);
	struct journal_op op;
	int rc;

	assert_true(bytes == 0 || copy != NULL);
	memcpy(copy, data, bytes);
	rc = journal_op_decode(copy, bytes, &op);
	free(copy);
	return rc;
}

static void journal_op_decode__refuses_what_is_cut_off(void **state)
{
	struct journal_op op = op_make();
	size_t bytes = journal_op_encode(&op, buffer);

	(void)state;
	for (size_t i = 0; i < bytes; i++) {
		assert_int_equal(decode_exactly(buffer, i), -EBADMSG);
	}
	assert_int_equal(decode_exactly(buffer, bytes), 0);
	buffer[bytes] = 0;
	assert_int_equal(decode_exactly(buffer, bytes + 1), -EBADMSG);
}

/* Offsets in the golden operation; each value is refused there. */
static void journal_op_decode__refuses_values_out_of_range(void **state)
{
	enum { TASK = sizeof(golden_head), VM = TASK + 25, KIND = VM + 6, MODE = KIND + 2 };
	static const struct {
		size_t at;
		uint8_t value;
	} rows[] = {
		{0, 0},
		{0, 2}, /* version */
		{1, 0},
		{1, JOURNAL_OP_KIND_MAX},
		{1, 0xff},                 /* kind of operation */
		{2, JOURNAL_EVIDENCE_MAX}, /* evidence */
		{27, JOURNAL_STATE_MAX},   /* state of what is replaced */
		{TASK, 0},
		{TASK, 2}, /* version of the task */
		{VM, 0},
		{VM, 5},
		{VM + 1, 1}, /* length of the VM's name */
		{VM + 2, 0},
		{VM + 2, '.'},
		{VM + 3, '/'}, /* in it */
		{VM + 3, 0},
		{VM + 5, ' '},
		{VM + 5, 0x80}, /* in it */
		{KIND, 0},
		{KIND, JOURNAL_KIND_MAX}, /* of task */
		{KIND + 1, 0},
		{KIND + 1, JOURNAL_STATE_MAX}, /* state of task */
		{MODE + 2, '\n'},
		{MODE + 3, 0x1b},
		{MODE + 3, 0}, /* in a text */
		{MODE + 5, 0x7f},
	};
	struct journal_op op = op_make();
	size_t bytes;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		bytes = journal_op_encode(&op, buffer);
		assert_int_equal(decode_exactly(buffer, bytes), 0);
		buffer[rows[i].at] = rows[i].value;
		assert_int_equal(decode_exactly(buffer, bytes),
				 rows[i].value == 2 && (rows[i].at == 0 || rows[i].at == TASK)
					 ? -ENOTSUP
					 : -EBADMSG);
	}
}

static void journal_task_decode__refuses_too_many_luns(void **state)
{
	uint8_t many[4096];
	struct journal_task task;
	size_t used, at, rest;

	(void)state;
	/* The list is what differs from a task without LUNs. */
	at = sizeof(golden_task) - (2 + 4 + 2 + 3 + 8 + 8) - (2 + 3 + 4);
	rest = sizeof(golden_task) - at - 9;
	for (size_t n = VM_LUNS_MAX; n <= VM_LUNS_MAX + 1; n++) {
		memcpy(many, golden_task, at);
		many[at] = (uint8_t)n;
		many[at + 1] = 0;
		for (size_t i = 0; i < n; i++) {
			memcpy(many + at + 2 + 3 * i, "\1\0r", 3);
		}
		memcpy(many + at + 2 + 3 * n, golden_task + at + 9, rest);
		assert_int_equal(journal_task_decode(many, at + 2 + 3 * n + rest, &task, &used),
				 n <= VM_LUNS_MAX ? 0 : -EBADMSG);
	}
}

/* Each row makes a good task a bad one. */
static void journal_task_encode__refuses_what_decode_would(void **state)
{
	static const struct {
		size_t offset;
		const char *text;
	} rows[] = {
		{offsetof(struct journal_task, vm), ""},
		{offsetof(struct journal_task, vm), "-web"},
		{offsetof(struct journal_task, vm), "web 1"},
		{offsetof(struct journal_task, source), "n/1"},
		{offsetof(struct journal_task, target), "n+1"},
		{offsetof(struct journal_task, actor.node), "_n"},
		{offsetof(struct journal_task, actor.boot_id), "b_1"},
		{offsetof(struct journal_task, granted_to), "n\n"},
		{offsetof(struct journal_task, mode), "a\tb"},
		{offsetof(struct journal_task, step), "\x1b[2J"},
		{offsetof(struct journal_task, image), "\x7f"},
		{offsetof(struct journal_task, reason), "line\nline"},
		{offsetof(struct journal_task, luns), ""},
		{offsetof(struct journal_task, luns), "a/b"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct journal_task task = task_make();

		strcpy((char *)&task + rows[i].offset, rows[i].text);
		assert_int_equal(journal_task_encode(&task, buffer), 0);
	}
}

static void journal_task_encode__takes_names_and_texts_as_they_come(void **state)
{
	struct journal_task task = task_make();

	(void)state;
	strcpy(task.vm, "0web.1_a-b+c");
	strcpy(task.source, "node_1.example-net.org");
	strcpy(task.reason, "LUN 'a': \xc3\xa9, cut \xc3");
	strcpy(task.image, "being written");
	assert_true(journal_task_encode(&task, buffer) > 0);
}

static void journal_task_encode__refuses_a_text_without_end(void **state)
{
	struct journal_task task = task_make();

	(void)state;
	memset(task.reason, 'r', sizeof(task.reason));
	task.begun_ms = 0; /* which looks like the end that is missing */
	assert_int_equal(journal_task_encode(&task, buffer), 0);
	task = task_make_longest();
	task.n_luns = VM_LUNS_MAX + 1;
	assert_int_equal(journal_task_encode(&task, buffer), 0);
	task = task_make();
	task.kind = JOURNAL_KIND_MAX;
	assert_int_equal(journal_task_encode(&task, buffer), 0);
}

static void journal_release_encode__refuses_what_is_no_name(void **state)
{
	struct journal_release release = release_make();

	(void)state;
	release.node[0] = '\0';
	assert_int_equal(journal_release_encode(&release, buffer), 0);
	release = release_make();
	strcpy(release.array, "a b");
	assert_int_equal(journal_release_encode(&release, buffer), 0);
}

static void journal_op_encode__refuses_a_bad_part(void **state)
{
	struct journal_op op = op_make();

	(void)state;
	op.kind = JOURNAL_OP_KIND_MAX;
	assert_int_equal(journal_op_encode(&op, buffer), 0);
	op = op_make();
	op.task.vm[0] = '\0';
	assert_int_equal(journal_op_encode(&op, buffer), 0);
}

static void journal_to_str__names_every_value(void **state)
{
	(void)state;
	for (unsigned int i = 1; i < JOURNAL_KIND_MAX; i++) {
		assert_string_not_equal(journal_kind_to_str((enum journal_kind)i), "unknown");
	}
	for (unsigned int i = 1; i < JOURNAL_STATE_MAX; i++) {
		assert_string_not_equal(journal_state_to_str((enum journal_state)i), "unknown");
	}
	for (unsigned int i = 0; i < JOURNAL_EVIDENCE_MAX; i++) {
		assert_string_not_equal(journal_evidence_to_str((enum journal_evidence)i),
					"unknown");
	}
	assert_string_equal(journal_kind_to_str((enum journal_kind)0), "unknown");
	assert_string_equal(journal_state_to_str(JOURNAL_STATE_MAX), "unknown");
	assert_string_equal(journal_evidence_to_str(JOURNAL_EVIDENCE_MAX), "unknown");
}

static void journal_state_open__is_true_until_the_end(void **state)
{
	(void)state;
	assert_true(journal_state_open(JOURNAL_RUNNING));
	assert_true(journal_state_open(JOURNAL_WAITING));
	assert_true(journal_state_open(JOURNAL_BROKEN));
	assert_false(journal_state_open(JOURNAL_DONE));
	assert_false(journal_state_open(JOURNAL_FAILED));
}

static void journal_actor_equal__compares_every_part(void **state)
{
	const struct journal_actor actor = task_make().actor;
	struct journal_actor others[4] = {actor, actor, actor, actor};

	(void)state;
	assert_true(journal_actor_equal(&actor, &others[0]));
	strcpy(others[0].node, "n2");
	strcpy(others[1].boot_id, "b-2");
	others[2].pid++;
	others[3].start_time++;
	for (size_t i = 0; i < 4; i++) {
		assert_false(journal_actor_equal(&actor, &others[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(journal_task_encode__writes_the_golden_bytes),
		cmocka_unit_test(journal_task_decode__reads_the_golden_bytes),
		cmocka_unit_test(journal_task_decode__reads_no_further_than_the_task),
		cmocka_unit_test(journal_release__has_the_golden_bytes),
		cmocka_unit_test(journal_op__has_the_golden_bytes),
		cmocka_unit_test(journal_op__carries_a_release),
		cmocka_unit_test(journal_op__carries_a_grant),
		cmocka_unit_test(journal_release_decode__needs_no_array),
		cmocka_unit_test(journal_op_encode__fits_its_maximum),
		cmocka_unit_test(journal_op_decode__refuses_what_is_cut_off),
		cmocka_unit_test(journal_op_decode__refuses_values_out_of_range),
		cmocka_unit_test(journal_task_decode__refuses_too_many_luns),
		cmocka_unit_test(journal_task_encode__refuses_what_decode_would),
		cmocka_unit_test(journal_task_encode__takes_names_and_texts_as_they_come),
		cmocka_unit_test(journal_task_encode__refuses_a_text_without_end),
		cmocka_unit_test(journal_release_encode__refuses_what_is_no_name),
		cmocka_unit_test(journal_op_encode__refuses_a_bad_part),
		cmocka_unit_test(journal_to_str__names_every_value),
		cmocka_unit_test(journal_state_open__is_true_until_the_end),
		cmocka_unit_test(journal_actor_equal__compares_every_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
