/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "ring/wire.h"
#include "tests/unit/test.h"
#include "wire_golden.h"

#define ROUNDS 200

static uint8_t buffer[WIRE_BODY_MAX];
static struct entry entries[MESSAGE_ENTRIES_MAX];
static struct message decoded;

static const struct message *golden_message(enum message_kind kind)
{
	return &golden[kind - 1].message;
}

static size_t hex_put(const char *hex, uint8_t *at)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		char byte[] = {hex[2 * i], hex[2 * i + 1], '\0'};

		at[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
	return n;
}

static size_t golden_put(size_t i, uint8_t *at)
{
	size_t n = hex_put(golden[i].kind_and_flags, at);

	n += hex_put(WHO_HEX, at + n);
	return n + hex_put(golden[i].fields, at + n);
}

static int body_encode(const struct message *message)
{
	return wire_body_encode(message, buffer, sizeof(buffer));
}

/* From a copy of just that size, so that a sanitizer sees a step behind the end. */
static int bytes_decode(const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);
	int rc;

	memcpy(copy, data, n);
	rc = wire_body_decode(copy, n, entries, &decoded);
	free(copy);
	return rc;
}

static void assert_position(struct position a, struct position b)
{
	assert_int_equal(position_compare(a, b), 0);
}

static void assert_entry(const struct entry *a, const struct entry *b)
{
	assert_int_equal(a->index, b->index);
	assert_int_equal(ballot_compare(a->ballot, b->ballot), 0);
	assert_int_equal(a->kind, b->kind);
	assert_memory_equal(&a->request, &b->request, ID128_BYTES);
	assert_memory_equal(&a->chain, &b->chain, ID128_BYTES);
	assert_int_equal(a->bytes, b->bytes);
	assert_true(a->bytes == 0 || memcmp(a->data, b->data, a->bytes) == 0);
}

static void assert_seen(const struct seen *a, const struct seen *b)
{
	assert_int_equal(a->node, b->node);
	assert_memory_equal(&a->disk, &b->disk, ID128_BYTES);
	assert_int_equal(a->boot, b->boot);
	assert_position(a->acked, b->acked);
}

static void assert_lists(const struct message *a, const struct message *b)
{
	assert_int_equal(a->blob_bytes, b->blob_bytes);
	assert_true(a->blob_bytes == 0 || memcmp(a->blob, b->blob, a->blob_bytes) == 0);
	assert_int_equal(a->n_entries, b->n_entries);
	for (size_t i = 0; i < a->n_entries; i++) {
		assert_entry(&a->entries[i], &b->entries[i]);
	}
	assert_int_equal(a->n_seen, b->n_seen);
	for (size_t i = 0; i < a->n_seen; i++) {
		assert_seen(&a->seen[i], &b->seen[i]);
	}
}

static void assert_message(const struct message *a, const struct message *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->flags, b->flags);
	assert_memory_equal(&a->cluster, &b->cluster, ID128_BYTES);
	assert_int_equal(a->from, b->from);
	assert_memory_equal(&a->disk, &b->disk, ID128_BYTES);
	assert_int_equal(a->boot, b->boot);
	assert_int_equal(a->to, b->to);
	assert_int_equal(ballot_compare(a->ballot, b->ballot), 0);
	assert_position(a->position, b->position);
	assert_position(a->previous, b->previous);
	assert_memory_equal(&a->chain, &b->chain, ID128_BYTES);
	assert_int_equal(a->index, b->index);
	assert_int_equal(a->nonce, b->nonce);
	assert_memory_equal(&a->request, &b->request, ID128_BYTES);
	assert_int_equal(a->offset, b->offset);
	assert_int_equal(a->total, b->total);
	assert_lists(a, b);
}

/* The layout must not change unnoticed: nodes of other versions read it. */
static void wire_body_encode__writes_the_golden_bytes(void **state)
{
	uint8_t bytes[1024];

	(void)state;
	assert_int_equal(N_GOLDEN, MESSAGE_KIND_MAX - 1);
	for (size_t i = 0; i < N_GOLDEN; i++) {
		size_t n = golden_put(i, bytes);

		assert_int_equal(golden[i].message.kind, i + 1);
		assert_int_equal(body_encode(&golden[i].message), n);
		assert_memory_equal(buffer, bytes, n);
	}
}

static void wire_body_decode__reads_the_golden_bytes(void **state)
{
	uint8_t bytes[1024];

	(void)state;
	for (size_t i = 0; i < N_GOLDEN; i++) {
		size_t n = golden_put(i, bytes);

		assert_int_equal(wire_body_decode(bytes, n, entries, &decoded), 0);
		assert_message(&decoded, &golden[i].message);
	}
}

/* Seeded: xorshift64 */
static uint64_t random_state;

static uint64_t random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void random_bytes(void *to, size_t n)
{
	uint8_t *bytes = to;

	for (size_t i = 0; i < n; i++) {
		bytes[i] = (uint8_t)(random_u64() >> 24);
	}
}

static struct ballot random_ballot(void)
{
	return (struct ballot){random_u64(), (uint32_t)random_u64()};
}

static struct position random_position(void)
{
	return (struct position){random_ballot(), random_u64() >> 1};
}

static size_t random_entries(struct entry *list, size_t max, uint64_t behind, const uint8_t *data)
{
	size_t n = random_u64() % (max + 1);

	for (size_t i = 0; i < n; i++) {
		list[i] = (struct entry){.index = behind + 1 + i, .ballot = random_ballot()};
		list[i].kind = (enum entry_kind)(ENTRY_VIEW + random_u64() % 3);
		if (list[i].kind == ENTRY_REQUEST) {
			random_bytes(&list[i].request, sizeof(list[i].request));
		}
		random_bytes(&list[i].chain, sizeof(list[i].chain));
		list[i].bytes = (uint32_t)(random_u64() % 200);
		list[i].data = data;
	}
	return n;
}

static size_t random_seen(struct seen *list)
{
	size_t n = random_u64() % (JOURNAL_VOTERS_MAX + 1);

	for (size_t i = 0; i < n; i++) {
		list[i].node = (uint32_t)random_u64();
		random_bytes(&list[i].disk, sizeof(list[i].disk));
		list[i].boot = random_u64();
		list[i].acked = random_position();
	}
	return n;
}

/* What the golden message has, this one has too. */
#define RANDOM(to, member, value) (to)->member = (to)->member != 0 ? (value) : 0

static void random_fill(struct message *message, struct entry *list, const uint8_t *data)
{
	random_bytes(&message->cluster, sizeof(message->cluster));
	random_bytes(&message->disk, sizeof(message->disk));
	message->boot = random_u64();
	message->from = (uint32_t)random_u64();
	message->to = (uint32_t)random_u64();
	message->ballot = random_ballot();
	RANDOM(message, position.index, random_u64());
	RANDOM(message, previous.index, random_u64() >> 1);
	RANDOM(message, index, random_u64());
	RANDOM(message, nonce, random_u64());
	RANDOM(message, total, random_u64() | 1u << 20);
	RANDOM(message, offset, message->total - (1u << 20));
	RANDOM(message, blob_bytes, (uint32_t)(random_u64() % JOURNAL_ENTRY_BYTES_MAX));
	RANDOM(message, n_seen, random_seen(message->seen));
	RANDOM(message, n_entries, random_entries(list, 200, message->previous.index, data));
	message->blob = data;
	message->entries = list;
}

static void wire_body_decode__returns_what_was_encoded(void **state)
{
	static uint8_t data[JOURNAL_ENTRY_BYTES_MAX];
	static struct entry list[MESSAGE_ENTRIES_MAX];

	(void)state;
	random_state = 20261123;
	random_bytes(data, sizeof(data));
	for (size_t i = 0; i < N_GOLDEN * ROUNDS; i++) {
		struct message message = golden[i % N_GOLDEN].message;
		int n;

		random_fill(&message, list, data);
		n = body_encode(&message);
		assert_true(n > 0);
		assert_int_equal(wire_body_decode(buffer, (size_t)n, entries, &decoded), 0);
		assert_message(&decoded, &message);
	}
}

static void wire_body_decode__points_into_its_input(void **state)
{
	int n = body_encode(golden_message(MESSAGE_APPEND));

	(void)state;
	assert_int_equal(wire_body_decode(buffer, (size_t)n, entries, &decoded), 0);
	assert_ptr_equal(decoded.entries, entries);
	assert_ptr_equal(entries[1].data, buffer + n - 2);
	assert_null(entries[0].data);
}

static void wire_body_decode__refuses_what_is_cut_off_or_too_long(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_GOLDEN; i++) {
		int n = body_encode(&golden[i].message);

		for (size_t cut = 0; cut < (size_t)n; cut++) {
			assert_int_equal(bytes_decode(buffer, cut), -EBADMSG);
		}
		assert_int_equal(bytes_decode(buffer, (size_t)n), 0);
		buffer[n] = 0;
		assert_int_equal(bytes_decode(buffer, (size_t)n + 1), -EBADMSG);
	}
}

/* Whatever it makes of it, it is a message of one form only. */
static void wire_body_decode__takes_any_bit_flip_as_another_message_or_none(void **state)
{
	static uint8_t again[WIRE_BODY_MAX];

	(void)state;
	for (size_t i = 0; i < N_GOLDEN; i++) {
		size_t n = (size_t)body_encode(&golden[i].message);

		for (size_t bit = 0; bit < n * 8; bit++) {
			buffer[bit / 8] ^= (uint8_t)(1u << bit % 8);
			(void)bytes_decode(buffer, n);
			if (wire_body_decode(buffer, n, entries, &decoded) == 0) {
				assert_int_equal(wire_body_encode(&decoded, again, n), n);
				assert_memory_equal(again, buffer, n);
			}
			buffer[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	}
}

/* Where things are in the golden APPEND: behind what all have. */
enum append_at {
	AT_KIND = 0,
	AT_FLAGS = 1,
	AT_PREVIOUS_INDEX = 65 + 12,
	AT_N_ENTRIES = 65 + 20 + 16,
	AT_ENTRY_INDEX = AT_N_ENTRIES + 4,
	AT_ENTRY_KIND = AT_ENTRY_INDEX + 8 + 12,
	AT_ENTRY_REQUEST = AT_ENTRY_KIND + 1,
	AT_ENTRY_BYTES = AT_ENTRY_REQUEST + 32,
};

static void wire_body_decode__refuses_values_out_of_range(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} bad[] = {
		{AT_KIND, 0},
		{AT_KIND, MESSAGE_KIND_MAX},
		{AT_KIND, 255},
		{AT_FLAGS, MESSAGE_BLANK},
		{AT_FLAGS + 3, 0x80},
		{AT_PREVIOUS_INDEX, 6},
		{AT_N_ENTRIES, 1},
		{AT_N_ENTRIES, 3},
		{AT_N_ENTRIES + 1, 1},
		{AT_N_ENTRIES + 3, 0xff},
		{AT_ENTRY_INDEX, 9},
		{AT_ENTRY_INDEX + 7, 1},
		{AT_ENTRY_KIND, 0},
		{AT_ENTRY_KIND, 4},
		{AT_ENTRY_REQUEST, 1},
		{AT_ENTRY_BYTES, 1},
		{AT_ENTRY_BYTES + 1, 0xf1},
		{AT_ENTRY_BYTES + 3, 0xff},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		size_t n = (size_t)body_encode(golden_message(MESSAGE_APPEND));

		assert_int_not_equal(buffer[bad[i].at], bad[i].value);
		buffer[bad[i].at] = bad[i].value;
		assert_int_equal(bytes_decode(buffer, n), -EBADMSG);
	}
}

/* An index that starts again from 0 is not the next one. */
static void wire_body_decode__refuses_an_index_behind_the_last(void **state)
{
	size_t n = (size_t)body_encode(golden_message(MESSAGE_APPEND));

	(void)state;
	memset(buffer + AT_PREVIOUS_INDEX, 0xff, 8);
	memset(buffer + AT_ENTRY_INDEX, 0, 8);
	memset(buffer + AT_ENTRY_INDEX + MESSAGE_ENTRY_OVERHEAD, 0, 8);
	buffer[AT_ENTRY_INDEX + MESSAGE_ENTRY_OVERHEAD] = 1;
	assert_int_equal(bytes_decode(buffer, n), -EBADMSG);
}

static void wire_body_decode__refuses_a_part_outside_its_snapshot(void **state)
{
	struct message message = *golden_message(MESSAGE_SNAPSHOT);
	size_t at_total, n = (size_t)body_encode(&message);

	(void)state;
	at_total = n - sizeof(blob) - 4 - 8;
	buffer[at_total] = 99;
	assert_int_equal(bytes_decode(buffer, n), -EBADMSG);
	memset(buffer + at_total - 8, 0xff, 8);
	assert_int_equal(bytes_decode(buffer, n), -EBADMSG);
	message.total = 99;
	assert_int_equal(body_encode(&message), -EINVAL);
}

static void entries_fill(struct entry *list, size_t n, uint64_t behind, uint32_t bytes)
{
	static const uint8_t data[JOURNAL_ENTRY_BYTES_MAX];

	for (size_t i = 0; i < n; i++) {
		list[i] = (struct entry){.index = behind + 1 + i,
					 .kind = ENTRY_REQUEST,
					 .bytes = bytes,
					 .data = data};
	}
}

static void wire_body_decode__refuses_more_entries_than_there_is_room_for(void **state)
{
	static struct entry list[MESSAGE_ENTRIES_MAX];
	struct message message = *golden_message(MESSAGE_APPEND);
	size_t n;

	(void)state;
	entries_fill(list, MESSAGE_ENTRIES_MAX, 7, 0);
	message.entries = list;
	message.n_entries = MESSAGE_ENTRIES_MAX;
	n = (size_t)body_encode(&message);
	assert_int_equal(bytes_decode(buffer, n), 0);
	memcpy(buffer + n, buffer + n - MESSAGE_ENTRY_OVERHEAD, MESSAGE_ENTRY_OVERHEAD);
	buffer[n]++;
	buffer[AT_N_ENTRIES]++;
	assert_int_equal(bytes_decode(buffer, n + MESSAGE_ENTRY_OVERHEAD), -EBADMSG);
}

static void seen_count_set(uint32_t n)
{
	uint8_t bytes[] = {(uint8_t)n, 0, 0, 0};

	memcpy(buffer + 65 + 20, bytes, sizeof(bytes));
}

static void wire_body_decode__refuses_more_seen_than_voters(void **state)
{
	struct message message = *golden_message(MESSAGE_PREPARE);
	size_t n;

	(void)state;
	message.n_seen = JOURNAL_VOTERS_MAX;
	n = (size_t)body_encode(&message);
	assert_int_equal(bytes_decode(buffer, n), 0);
	memset(buffer + n, 0, 48);
	seen_count_set(JOURNAL_VOTERS_MAX + 1);
	assert_int_equal(bytes_decode(buffer, n + 48), -EBADMSG);
	message.n_seen++;
	assert_int_equal(body_encode(&message), -EMSGSIZE);
}

static void wire_body_encode__refuses_what_is_no_message(void **state)
{
	struct message message = {.kind = 0, WHO};

	(void)state;
	assert_int_equal(body_encode(&message), -EINVAL);
	message.kind = MESSAGE_KIND_MAX;
	assert_int_equal(body_encode(&message), -EINVAL);
	message.kind = (enum message_kind)(256 + MESSAGE_FAILED);
	assert_int_equal(body_encode(&message), -EINVAL);
	message = *golden_message(MESSAGE_ACK);
	message.flags = MESSAGE_BLANK;
	assert_int_equal(body_encode(&message), -EINVAL);
	message = *golden_message(MESSAGE_HELLO);
	message.flags = MESSAGE_BLANK << 1;
	assert_int_equal(body_encode(&message), -EINVAL);
}

/* Else it would be left out without a word. */
static void wire_body_encode__refuses_a_field_that_the_kind_has_not(void **state)
{
	const struct message extra[] = {
		{.kind = MESSAGE_FAILED, WHO, .position = {{0, 1}, 0}},
		{.kind = MESSAGE_FAILED, WHO, PREVIOUS},
		{.kind = MESSAGE_FAILED, WHO, CHAIN},
		{.kind = MESSAGE_FAILED, WHO, INDEX},
		{.kind = MESSAGE_FAILED, WHO, NONCE},
		{.kind = MESSAGE_FAILED, WHO, REQUEST},
		{.kind = MESSAGE_FAILED, WHO, .offset = 1},
		{.kind = MESSAGE_FAILED, WHO, .total = 1},
		{.kind = MESSAGE_FAILED, WHO, BLOB},
		{.kind = MESSAGE_FAILED, WHO, ENTRIES},
		{.kind = MESSAGE_FAILED, WHO, SEEN},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(extra); i++) {
		assert_int_equal(body_encode(&extra[i]), -EINVAL);
	}
}

static void wire_body_encode__refuses_entries_that_decode_would(void **state)
{
	struct message message = *golden_message(MESSAGE_APPEND);
	struct entry bad[2];

	(void)state;
	message.entries = bad;
	memcpy(bad, two_entries, sizeof(bad));
	bad[1].index++;
	assert_int_equal(body_encode(&message), -EINVAL);
	memcpy(bad, two_entries, sizeof(bad));
	bad[1].kind = (enum entry_kind)(256 + ENTRY_REQUEST);
	assert_int_equal(body_encode(&message), -EINVAL);
	bad[1].kind = ENTRY_VOTERS;
	assert_int_equal(body_encode(&message), -EINVAL);
	memcpy(bad, two_entries, sizeof(bad));
	bad[1].bytes = JOURNAL_ENTRY_BYTES_MAX + 1;
	assert_int_equal(body_encode(&message), -EMSGSIZE);
	message.n_entries = MESSAGE_ENTRIES_MAX + 1;
	assert_int_equal(body_encode(&message), -EMSGSIZE);
}

static void wire_body_encode__takes_the_longest_blobs_and_no_longer(void **state)
{
	static const uint8_t data[MESSAGE_PAYLOAD_MAX + 1];
	struct message message = *golden_message(MESSAGE_SNAPSHOT);

	(void)state;
	message.total = UINT64_MAX;
	message.blob = data;
	message.blob_bytes = MESSAGE_PAYLOAD_MAX;
	assert_true(body_encode(&message) > MESSAGE_PAYLOAD_MAX);
	message.blob_bytes++;
	assert_int_equal(body_encode(&message), -EMSGSIZE);
	message = *golden_message(MESSAGE_REQUEST);
	message.blob = data;
	message.blob_bytes = JOURNAL_ENTRY_BYTES_MAX;
	assert_true(body_encode(&message) > JOURNAL_ENTRY_BYTES_MAX);
	message.blob_bytes++;
	assert_int_equal(body_encode(&message), -EMSGSIZE);
}

/* What message.h promises to whoever gathers entries. */
static void wire_body_encode__has_room_for_a_full_payload(void **state)
{
	static struct entry list[MESSAGE_ENTRIES_MAX];
	struct message message = *golden_message(MESSAGE_ENTRIES);
	int empty;

	(void)state;
	message.entries = list;
	message.n_entries = 0;
	empty = body_encode(&message);
	message.n_entries = 2;
	entries_fill(list, 2, 7, JOURNAL_ENTRY_BYTES_MAX);
	list[1].bytes = MESSAGE_PAYLOAD_MAX - JOURNAL_ENTRY_BYTES_MAX - 2 * MESSAGE_ENTRY_OVERHEAD;
	assert_int_equal(body_encode(&message), empty + MESSAGE_PAYLOAD_MAX);
	message.n_entries = MESSAGE_ENTRIES_MAX;
	entries_fill(list, MESSAGE_ENTRIES_MAX, 7,
		     MESSAGE_PAYLOAD_MAX / MESSAGE_ENTRIES_MAX - MESSAGE_ENTRY_OVERHEAD);
	assert_int_equal(body_encode(&message), empty + MESSAGE_PAYLOAD_MAX);
	list[0].bytes += WIRE_BYTES_MAX - MESSAGE_PAYLOAD_MAX;
	assert_int_equal(body_encode(&message), -EMSGSIZE);
}

static void wire_body_encode__says_when_there_is_no_room(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_GOLDEN; i++) {
		size_t n = (size_t)body_encode(&golden[i].message);

		for (size_t room = 0; room < n; room++) {
			uint8_t *small = malloc(room > 0 ? room : 1);

			assert_int_equal(wire_body_encode(&golden[i].message, small, room),
					 -EMSGSIZE);
			free(small);
		}
		assert_int_equal(wire_body_encode(&golden[i].message, buffer, n), n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wire_body_encode__writes_the_golden_bytes),
		cmocka_unit_test(wire_body_decode__reads_the_golden_bytes),
		cmocka_unit_test(wire_body_decode__returns_what_was_encoded),
		cmocka_unit_test(wire_body_decode__points_into_its_input),
		cmocka_unit_test(wire_body_decode__refuses_what_is_cut_off_or_too_long),
		cmocka_unit_test(wire_body_decode__takes_any_bit_flip_as_another_message_or_none),
		cmocka_unit_test(wire_body_decode__refuses_values_out_of_range),
		cmocka_unit_test(wire_body_decode__refuses_an_index_behind_the_last),
		cmocka_unit_test(wire_body_decode__refuses_a_part_outside_its_snapshot),
		cmocka_unit_test(wire_body_decode__refuses_more_entries_than_there_is_room_for),
		cmocka_unit_test(wire_body_decode__refuses_more_seen_than_voters),
		cmocka_unit_test(wire_body_encode__refuses_what_is_no_message),
		cmocka_unit_test(wire_body_encode__refuses_a_field_that_the_kind_has_not),
		cmocka_unit_test(wire_body_encode__refuses_entries_that_decode_would),
		cmocka_unit_test(wire_body_encode__takes_the_longest_blobs_and_no_longer),
		cmocka_unit_test(wire_body_encode__has_room_for_a_full_payload),
		cmocka_unit_test(wire_body_encode__says_when_there_is_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
