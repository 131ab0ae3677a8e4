/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "ring/wire.h"
#include "tests/unit/test.h"
#include "wire_fixture.h"
#include "wire_golden.h"

#define NODE WIRE_FIXTURE_NODE
#define AT_LENGTH 8 /* where the length is in any message */

static uint8_t buffer[WIRE_BYTES_MAX];

/* A message of the core. */
static int message_encode(struct wire_sender *sender, uint8_t *ret)
{
	const struct message message = wire_fixture_failed(NODE, 0xd2, 3);
	int n = wire_encode(&message, &wire_fixture.key, sender, ret);

	assert_true(n > 0);
	return n;
}

static size_t note_encode(struct wire_sender *sender, const char *text)
{
	struct wire_note note = {.kind = WIRE_NOTE_PATHS,
				 .from = NODE,
				 .disk = ID(0xd2),
				 .boot = 3,
				 .data = (const uint8_t *)text,
				 .bytes = strlen(text)};
	int n = wire_note_encode(&note, &wire_fixture.key, sender, buffer);

	assert_true(n > 0);
	return (size_t)n;
}

static int note_decode(const uint8_t *data, size_t n, struct wire_note *ret)
{
	return wire_note_decode(data, n, NODE, &wire_fixture.key, &wire_fixture.receiver, ret);
}

static void wire_note__is_the_same_after_the_way(void **state)
{
	/* clang-format off */
	static const uint8_t begin[] = {
		'L', 'M', 'N', '1', 1, 0, 0, 0, 28 + 29 + 3 + 32, 0, 0, 0,
		8, 7, 6, 5, 4, 3, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0,
		WIRE_NOTE_PATHS, 2, 0, 0, 0,
		0xd2, 0xd2, 0xd2, 0xd2, 0xd2, 0xd2, 0xd2, 0xd2,
		0xd2, 0xd2, 0xd2, 0xd2, 0xd2, 0xd2, 0xd2, 0xd2,
		3, 0, 0, 0, 0, 0, 0, 0, 'a', 'b', 'c',
	};
	/* clang-format on */
	struct wire_sender sender = {.nonce = UINT64_C(0x0102030405060708)};
	size_t n = note_encode(&sender, "abc");
	struct wire_note note;

	(void)state;
	assert_int_equal(n, sizeof(begin) + WIRE_HMAC_BYTES);
	assert_memory_equal(buffer, begin, sizeof(begin));
	assert_true(wire_is_note(buffer, n));
	assert_int_equal(note_decode(buffer, n, &note), 0);
	assert_int_equal(note.kind, WIRE_NOTE_PATHS);
	assert_int_equal(note.from, NODE);
	assert_int_equal(note.boot, 3);
	assert_int_equal(note.bytes, 3);
	assert_memory_equal(note.data, "abc", 3);
	n = note_encode(&sender, "");
	assert_int_equal(note_decode(buffer, n, &note), 0);
	assert_int_equal(note.bytes, 0);
}

static void wire_note__has_limits(void **state)
{
	static const uint8_t data[WIRE_NOTE_BYTES_MAX + 1];
	struct wire_note note = {.kind = WIRE_NOTE_PATHS, .data = data, .bytes = sizeof(data)};
	struct wire_sender sender = {.nonce = 1};

	(void)state;
	assert_int_equal(wire_note_encode(&note, &wire_fixture.key, &sender, buffer), -EMSGSIZE);
	note.bytes--;
	assert_int_equal(wire_note_encode(&note, &wire_fixture.key, &sender, buffer),
			 WIRE_BYTES_MAX);
	note.kind = WIRE_NOTE_KIND_MAX;
	assert_int_equal(wire_note_encode(&note, &wire_fixture.key, &sender, buffer), -EINVAL);
	assert_int_equal(sender.sequence, 1);
}

static void wire_note__and_message_are_not_taken_for_each_other(void **state)
{
	struct wire_sender sender = {.nonce = 1};
	size_t n = note_encode(&sender, "abc");
	struct wire_note note;

	(void)state;
	assert_int_equal(wire_fixture_decode(buffer, n), -EBADMSG);
	assert_int_equal(wire_fixture.receiver.dropped.foreign, 1);
	n = (size_t)message_encode(&sender, buffer);
	assert_false(wire_is_note(buffer, n));
	assert_false(wire_is_note(buffer, 3));
	assert_int_equal(note_decode(buffer, n, &note), -EBADMSG);
	assert_int_equal(wire_fixture.receiver.dropped.foreign, 2);
}

static void wire_note__refuses_every_bit_flip_and_truncation(void **state)
{
	struct wire_sender sender = {.nonce = 1};
	size_t n = note_encode(&sender, "abc");
	struct wire_note note;

	(void)state;
	for (size_t bit = 0; bit < n * 8; bit++) {
		buffer[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(note_decode(buffer, n, &note), -EBADMSG);
		buffer[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t cut = 0; cut < n; cut++) {
		assert_int_equal(note_decode(buffer, cut, &note), -EBADMSG);
	}
	/* Sealed by who has the key, without room for its head. */
	for (size_t cut = WIRE_SEAL_BYTES + WIRE_HMAC_BYTES;
	     cut < WIRE_SEAL_BYTES + WIRE_NOTE_HEAD_BYTES + WIRE_HMAC_BYTES; cut++) {
		uint8_t copy[256];

		memcpy(copy, buffer, cut);
		copy[AT_LENGTH] = (uint8_t)cut;
		wire_fixture_seal(copy, cut);
		assert_int_equal(note_decode(copy, cut, &note), -EBADMSG);
	}
	assert_int_equal(wire_fixture.receiver.dropped.malformed, WIRE_NOTE_HEAD_BYTES);
	assert_int_equal(wire_fixture.receiver.n, 0);
	assert_int_equal(note_decode(buffer, n, &note), 0);
}

/* A recorded note is not taken again, nor a message that came before it. */
static void wire_note__has_the_numbers_of_the_messages(void **state)
{
	struct wire_sender sender = {.nonce = 1};
	static uint8_t first[WIRE_BYTES_MAX];
	struct wire_note note;
	int n = message_encode(&sender, first);
	size_t bytes = note_encode(&sender, "abc");

	(void)state;
	assert_int_equal(note_decode(buffer, bytes, &note), 0);
	assert_int_equal(note_decode(buffer, bytes, &note), -EBADMSG);
	assert_int_equal(wire_fixture_decode(first, (size_t)n), -EBADMSG);
	assert_int_equal(wire_fixture.receiver.dropped.replayed, 2);
	n = message_encode(&sender, first);
	assert_int_equal(wire_fixture_decode(first, (size_t)n), 0);
	assert_int_equal(wire_note_decode(buffer, bytes, NODE + 1, &wire_fixture.key,
					  &wire_fixture.receiver, &note),
			 -EBADMSG);
	assert_int_equal(wire_fixture.receiver.dropped.forged, 1);
}

static void wire_note__of_a_newer_release_is_legal(void **state)
{
	struct wire_sender sender = {.nonce = 1};
	size_t n = note_encode(&sender, "abc");
	struct wire_note note;

	(void)state;
	buffer[WIRE_SEAL_BYTES] = 200;
	wire_fixture_seal(buffer, n);
	assert_int_equal(note_decode(buffer, n, &note), 0);
	assert_int_equal(note.kind, 200);
	buffer[WIRE_SEAL_BYTES] = 0;
	wire_fixture_seal(buffer, n);
	assert_int_equal(note_decode(buffer, n, &note), -EBADMSG);
}

#define TEST(name) cmocka_unit_test_setup(name, wire_fixture_setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wire_note__is_the_same_after_the_way),
		TEST(wire_note__has_limits),
		TEST(wire_note__and_message_are_not_taken_for_each_other),
		TEST(wire_note__refuses_every_bit_flip_and_truncation),
		TEST(wire_note__has_the_numbers_of_the_messages),
		TEST(wire_note__of_a_newer_release_is_legal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
