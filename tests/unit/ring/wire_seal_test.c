/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "ring/wire.h"
#include "tests/unit/test.h"
#include "wire_fixture.h"
#include "wire_golden.h"

#define NODE WIRE_FIXTURE_NODE

/* Where things are in any message. */
enum message_at {
	AT_VERSION = 4,
	AT_LENGTH = 8,
};

static uint8_t buffer[WIRE_BYTES_MAX];

static struct message append_of(uint32_t node)
{
	static const struct entry list[] = {
		{.index = 1, .kind = ENTRY_VIEW},
		{.index = 2, .kind = ENTRY_REQUEST, .bytes = 3, .data = (const uint8_t *)"abc"},
	};
	struct message message = wire_fixture_failed(node, 0xd2, 3);

	message.kind = MESSAGE_APPEND;
	message.entries = list;
	message.n_entries = 2;
	return message;
}

static size_t append_encode(void)
{
	struct wire_sender sender = {.nonce = 1};
	struct message message = append_of(NODE);
	int n = wire_encode(&message, &wire_fixture.key, &sender, buffer);

	assert_true(n > 0);
	return (size_t)n;
}

static size_t golden_encode(size_t i)
{
	struct wire_sender sender = {.nonce = 1};
	int n = wire_encode(&golden[i].message, &wire_fixture.key, &sender, buffer);

	assert_true(n > 0);
	return (size_t)n;
}

/* The HMAC was made by another program. */
static void wire_encode__writes_the_golden_bytes(void **state)
{
	/* clang-format off */
	static const uint8_t sealed[] = {
		'L', 'M', 'J', '1', 1, 0, 0, 0, 125, 0, 0, 0,
		8, 7, 6, 5, 4, 3, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0,
		12, 0, 0, 0, 0,
		0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
		0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
		2, 0, 0, 0,
		0xd2, 0xd2, 0xd2, 0xd2, 0xd2, 0xd2, 0xd2, 0xd2,
		0xd2, 0xd2, 0xd2, 0xd2, 0xd2, 0xd2, 0xd2, 0xd2,
		3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
		5, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0,
		0x85, 0x26, 0x70, 0x4d, 0x4b, 0x93, 0x5e, 0xab,
		0x9d, 0xbd, 0x88, 0xb2, 0x94, 0x33, 0xe3, 0x6d,
		0x58, 0x6a, 0xb4, 0x8e, 0x51, 0xdc, 0xb1, 0x80,
		0x5c, 0xaa, 0x5f, 0x62, 0xd9, 0xc2, 0x11, 0xcf,
	};
	/* clang-format on */
	struct wire_sender sender = {.nonce = UINT64_C(0x0102030405060708)};
	struct message message = wire_fixture_failed(NODE, 0xd2, 3);

	(void)state;
	assert_int_equal(wire_encode(&message, &wire_fixture.key, &sender, buffer), sizeof(sealed));
	assert_memory_equal(buffer, sealed, sizeof(sealed));
	assert_int_equal(sender.sequence, 1);
}

static void wire_decode__returns_what_was_encoded(void **state)
{
	size_t n = append_encode();

	(void)state;
	assert_int_equal(wire_decode(buffer, n, NODE, &wire_fixture.key, &wire_fixture.receiver,
				     wire_fixture.entries, &wire_fixture.decoded),
			 0);
	assert_int_equal(wire_fixture.decoded.kind, MESSAGE_APPEND);
	assert_int_equal(wire_fixture.decoded.boot, 3);
	assert_int_equal(wire_fixture.decoded.n_entries, 2);
	assert_memory_equal(wire_fixture.decoded.entries[1].data, "abc", 3);
}

/* One entry of 60 KiB, as long as entries get. */
static void wire_encode__has_room_for_the_longest_entry(void **state)
{
	static const uint8_t data[JOURNAL_ENTRY_BYTES_MAX];
	struct entry entry = {
		.index = 1, .kind = ENTRY_REQUEST, .bytes = JOURNAL_ENTRY_BYTES_MAX, .data = data};
	struct wire_sender sender = {.nonce = 1};
	struct message message = append_of(NODE);
	int n;

	(void)state;
	message.kind = MESSAGE_ENTRIES;
	message.entries = &entry;
	message.n_entries = 1;
	n = wire_encode(&message, &wire_fixture.key, &sender, buffer);
	assert_true(n > JOURNAL_ENTRY_BYTES_MAX);
	assert_int_equal(wire_fixture_decode(buffer, (size_t)n), 0);
	assert_int_equal(wire_fixture.entries[0].bytes, JOURNAL_ENTRY_BYTES_MAX);
}

static void wire_encode__uses_no_sequence_for_what_it_refuses(void **state)
{
	static const uint8_t data[JOURNAL_ENTRY_BYTES_MAX];
	struct entry list[] = {
		{.index = 1, .kind = ENTRY_REQUEST, .bytes = sizeof(data), .data = data},
		{.index = 2, .kind = ENTRY_REQUEST, .bytes = 8192, .data = data},
	};
	struct wire_sender sender = {.nonce = 1, .sequence = 7};
	struct message message = append_of(NODE);

	(void)state;
	message.entries = list;
	assert_int_equal(wire_encode(&message, &wire_fixture.key, &sender, buffer), -EMSGSIZE);
	message.kind = MESSAGE_KIND_MAX;
	assert_int_equal(wire_encode(&message, &wire_fixture.key, &sender, buffer), -EINVAL);
	assert_int_equal(sender.sequence, 7);
}

static void wire_sender_init__takes_another_nonce_each_time(void **state)
{
	struct wire_sender a, b;

	(void)state;
	assert_int_equal(wire_sender_init(&a), 0);
	assert_int_equal(wire_sender_init(&b), 0);
	assert_int_not_equal(a.nonce, b.nonce);
	assert_int_equal(a.sequence, 0);
}

static void wire_decode__refuses_every_truncation(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_GOLDEN; i++) {
		size_t n = golden_encode(i);

		memset(&wire_fixture.receiver, 0, sizeof(wire_fixture.receiver));
		for (size_t cut = 0; cut < n; cut++) {
			assert_int_equal(wire_fixture_decode(buffer, cut), -EBADMSG);
		}
		assert_int_equal(wire_fixture.receiver.dropped.foreign, n);
		assert_int_equal(wire_fixture.receiver.n, 0);
		assert_int_equal(wire_fixture_decode(buffer, n), 0);
	}
}

/* With its length, and sealed by the right key: still not a message. */
static void wire_decode__refuses_every_truncation_that_is_sealed(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_GOLDEN; i++) {
		size_t n = golden_encode(i);

		memset(&wire_fixture.receiver, 0, sizeof(wire_fixture.receiver));
		for (size_t cut = WIRE_SEAL_BYTES + WIRE_HMAC_BYTES; cut < n; cut++) {
			uint8_t copy[1024];

			memcpy(copy, buffer, cut);
			copy[AT_LENGTH] = (uint8_t)cut;
			copy[AT_LENGTH + 1] = (uint8_t)(cut >> 8);
			wire_fixture_seal(copy, cut);
			assert_int_equal(wire_fixture_decode(copy, cut), -EBADMSG);
		}
		assert_int_equal(wire_fixture.receiver.dropped.malformed,
				 n - WIRE_SEAL_BYTES - WIRE_HMAC_BYTES);
		assert_int_equal(wire_fixture.receiver.n, 0);
	}
}

/* With a length that is right, and without room for what a message has at least. */
static void wire_decode__refuses_what_is_too_short(void **state)
{
	(void)state;
	append_encode();
	buffer[AT_LENGTH + 1] = 0;
	for (size_t n = 12; n < WIRE_SEAL_BYTES + WIRE_HMAC_BYTES; n++) {
		buffer[AT_LENGTH] = (uint8_t)n;
		assert_int_equal(wire_fixture_decode(buffer, n), -EBADMSG);
	}
	assert_int_equal(wire_fixture.receiver.dropped.foreign,
			 WIRE_SEAL_BYTES + WIRE_HMAC_BYTES - 12);
}

static void wire_decode__refuses_what_is_too_long(void **state)
{
	static uint8_t data[WIRE_BYTES_MAX + 1];

	(void)state;
	memcpy(data, buffer, append_encode());
	data[AT_LENGTH] = 1;
	data[AT_LENGTH + 1] = 0;
	data[AT_LENGTH + 2] = 1;
	wire_fixture_seal(data, sizeof(data));
	assert_int_equal(wire_fixture_decode(data, sizeof(data)), -EBADMSG);
	assert_int_equal(wire_fixture.receiver.dropped.foreign, 1);
}

static void wire_decode__refuses_every_bit_flip(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_GOLDEN; i++) {
		size_t n = golden_encode(i);

		memset(&wire_fixture.receiver, 0, sizeof(wire_fixture.receiver));
		for (size_t bit = 0; bit < n * 8; bit++) {
			buffer[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(wire_fixture_decode(buffer, n), -EBADMSG);
			buffer[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		assert_int_equal(wire_fixture.receiver.dropped.foreign, 12 * 8);
		assert_int_equal(wire_fixture.receiver.dropped.forged, (n - 12) * 8);
		assert_int_equal(wire_fixture.receiver.n, 0);
		assert_int_equal(wire_fixture_decode(buffer, n), 0);
	}
}

/* Who has the key can say anything. It may be taken or not; what is taken is another message. */
static void wire_decode__lives_with_every_bit_flip_that_is_sealed(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_GOLDEN; i++) {
		size_t n = golden_encode(i), taken = 0;

		for (size_t bit = 0; bit < (n - WIRE_HMAC_BYTES) * 8; bit++) {
			memset(&wire_fixture.receiver, 0, sizeof(wire_fixture.receiver));
			buffer[bit / 8] ^= (uint8_t)(1u << bit % 8);
			wire_fixture_seal(buffer, n);
			taken += wire_fixture_decode(buffer, n) == 0;
			buffer[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		assert_in_range(taken, 1, (n - WIRE_HMAC_BYTES - 12 - 4) * 8);
	}
}

static void wire_decode__refuses_another_key(void **state)
{
	size_t n = append_encode();

	(void)state;
	wire_fixture.key.bytes[31] ^= 1;
	assert_int_equal(wire_fixture_decode(buffer, n), -EBADMSG);
	wire_fixture.key.bytes[31] ^= 1;
	wire_fixture.key.bytes[wire_fixture.key.n++] = 1;
	assert_int_equal(wire_fixture_decode(buffer, n), -EBADMSG);
	assert_int_equal(wire_fixture.receiver.dropped.forged, 2);
}

static void wire_decode__refuses_another_version(void **state)
{
	size_t n = append_encode();

	(void)state;
	buffer[AT_VERSION] = 2;
	wire_fixture_seal(buffer, n);
	assert_int_equal(wire_fixture_decode(buffer, n), -EBADMSG);
	assert_int_equal(wire_fixture.receiver.dropped.foreign, 1);
}

static void wire_decode__refuses_what_names_another_node_than_the_transport(void **state)
{
	size_t n = append_encode();

	(void)state;
	assert_int_equal(wire_decode(buffer, n, NODE + 1, &wire_fixture.key, &wire_fixture.receiver,
				     wire_fixture.entries, &wire_fixture.decoded),
			 -EBADMSG);
	assert_int_equal(wire_fixture.receiver.dropped.forged, 1);
	assert_int_equal(wire_fixture.receiver.n, 0);
	assert_int_equal(wire_fixture_decode(buffer, n), 0);
}

/* A blank node has no cluster yet: who belongs to which is the core's to judge. */
static void wire_decode__takes_any_cluster(void **state)
{
	struct wire_sender sender = {.nonce = 1};
	struct message message = wire_fixture_failed(NODE, 0xd2, 3);
	int n;

	(void)state;
	memset(&message.cluster, 0xbb, sizeof(message.cluster));
	n = wire_encode(&message, &wire_fixture.key, &sender, buffer);
	assert_int_equal(wire_fixture_decode(buffer, (size_t)n), 0);
	assert_true(id128_equal(&wire_fixture.decoded.cluster, &message.cluster));
}

/* A message of that process, told or recorded; its sequence is the next one. */
static int process_tell(uint32_t node, uint8_t disk, uint64_t boot, uint64_t nonce,
			uint64_t sequence)
{
	struct wire_sender sender = {.nonce = nonce, .sequence = sequence - 1};
	struct message message = wire_fixture_failed(node, disk, boot);
	int n = wire_encode(&message, &wire_fixture.key, &sender, buffer);

	assert_true(n > 0);
	return wire_decode(buffer, (size_t)n, node, &wire_fixture.key, &wire_fixture.receiver,
			   wire_fixture.entries, &wire_fixture.decoded);
}

static void wire_decode__takes_a_sequence_that_grows(void **state)
{
	(void)state;
	assert_int_equal(process_tell(NODE, 0xd2, 3, 1, 5), 0);
	assert_int_equal(process_tell(NODE, 0xd2, 3, 1, 5), -EBADMSG);
	assert_int_equal(process_tell(NODE, 0xd2, 3, 1, 4), -EBADMSG);
	assert_int_equal(process_tell(NODE, 0xd2, 3, 1, 6), 0);
	assert_int_equal(process_tell(NODE, 0xd2, 3, 1, 9), 0);
	assert_int_equal(process_tell(NODE, 0xd2, 3, 1, 8), -EBADMSG);
	assert_int_equal(process_tell(NODE, 0xd2, 3, 1, UINT64_MAX), 0);
	assert_int_equal(wire_fixture.receiver.dropped.replayed, 3);
	assert_int_equal(wire_fixture.receiver.n, 1);
}

static void wire_decode__refuses_an_earlier_process(void **state)
{
	(void)state;
	assert_int_equal(process_tell(NODE, 0xd2, 3, 11, 500), 0);
	assert_int_equal(process_tell(NODE, 0xd2, 4, 12, 1), 0);
	assert_int_equal(process_tell(NODE, 0xd2, 3, 11, 501), -EBADMSG);
	assert_int_equal(process_tell(NODE, 0xd2, 4, 12, 1), -EBADMSG);
	assert_int_equal(process_tell(NODE, 0xd2, 4, 12, 2), 0);
	assert_int_equal(wire_fixture.receiver.dropped.replayed, 2);
}

/* A store set back, or used by two: whoever was heard of first is the one. */
static void wire_decode__refuses_another_process_of_the_same_boot(void **state)
{
	(void)state;
	assert_int_equal(process_tell(NODE, 0xd2, 3, 11, 5), 0);
	assert_int_equal(process_tell(NODE, 0xd2, 3, 12, 6), -EBADMSG);
	assert_int_equal(process_tell(NODE, 0xd2, 3, 11, 6), 0);
	assert_int_equal(wire_fixture.receiver.dropped.replayed, 1);
}

static void wire_decode__takes_a_new_disk_and_refuses_the_old_ones_past(void **state)
{
	(void)state;
	assert_int_equal(process_tell(NODE, 0xd2, 30, 11, 500), 0);
	assert_int_equal(process_tell(NODE, 0xd4, 1, 12, 1), 0);
	assert_int_equal(process_tell(NODE, 0xd2, 30, 11, 500), -EBADMSG);
	assert_int_equal(process_tell(NODE, 0xd2, 29, 10, 900), -EBADMSG);
	assert_int_equal(process_tell(NODE, 0xd4, 1, 12, 1), -EBADMSG);
	assert_int_equal(process_tell(NODE, 0xd4, 1, 12, 2), 0);
	assert_int_equal(wire_fixture.receiver.n, 2);
}

/* The same disk uuid under another node id is another sender. */
static void wire_decode__tells_nodes_apart(void **state)
{
	(void)state;
	assert_int_equal(process_tell(1, 0xd2, 3, 11, 5), 0);
	assert_int_equal(process_tell(2, 0xd2, 3, 12, 5), 0);
	assert_int_equal(process_tell(1, 0xd2, 3, 11, 5), -EBADMSG);
	assert_int_equal(wire_fixture.receiver.n, 2);
}

static void wire_receiver__forgets_only_disks_of_the_node_that_has_most(void **state)
{
	(void)state;
	for (uint32_t node = 1; node <= 3; node++) {
		assert_int_equal(process_tell(node, 0xd0, 3, node, 7), 0);
	}
	for (unsigned int disk = 0; disk < 200; disk++) {
		assert_int_equal(process_tell(9, (uint8_t)disk, 1, disk + 100, 1), 0);
	}
	assert_int_equal(wire_fixture.receiver.n, WIRE_SENDERS_MAX);
	for (uint32_t node = 1; node <= 3; node++) {
		assert_int_equal(process_tell(node, 0xd0, 3, node, 7), -EBADMSG);
	}
	assert_int_equal(process_tell(9, 199, 1, 299, 1), -EBADMSG);
	assert_int_equal(process_tell(9, 0, 1, 100, 1), 0);
}

/* Of that node's disks, the one in use is the last to go. */
static void wire_receiver__keeps_the_disk_that_is_heard_of(void **state)
{
	(void)state;
	for (unsigned int disk = 1; disk < 200; disk++) {
		assert_int_equal(process_tell(9, 0, 5, 77, disk), 0);
		assert_int_equal(process_tell(9, (uint8_t)disk, 1, disk + 100, 1), 0);
	}
	assert_int_equal(process_tell(9, 0, 5, 77, 199), -EBADMSG);
	assert_int_equal(process_tell(9, 0, 4, 76, 999), -EBADMSG);
}

static void wire_receiver__keeps_two_disks_of_each_of_half_as_many_nodes(void **state)
{
	(void)state;
	for (uint32_t node = 1; node <= WIRE_SENDERS_MAX / 2; node++) {
		for (uint8_t disk = 1; disk <= 40; disk++) {
			assert_int_equal(process_tell(node, disk, 1, disk, 1), 0);
		}
	}
	for (uint32_t node = 1; node <= WIRE_SENDERS_MAX / 2; node++) {
		assert_int_equal(process_tell(node, 40, 1, 40, 1), -EBADMSG);
		assert_int_equal(process_tell(node, 39, 1, 39, 1), -EBADMSG);
	}
}

static void wire_receiver__has_room_for_a_new_node_when_it_is_full(void **state)
{
	(void)state;
	for (uint32_t node = 1; node <= WIRE_SENDERS_MAX + 10; node++) {
		assert_int_equal(process_tell(node, 0xd0, 3, node, 7), 0);
	}
	assert_int_equal(process_tell(WIRE_SENDERS_MAX + 10, 0xd0, 3, WIRE_SENDERS_MAX + 10, 7),
			 -EBADMSG);
	assert_int_equal(process_tell(11, 0xd0, 3, 11, 7), -EBADMSG);
	assert_int_equal(process_tell(10, 0xd0, 3, 10, 7), 0);
}

#define TEST(name) cmocka_unit_test_setup(name, wire_fixture_setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wire_encode__writes_the_golden_bytes),
		TEST(wire_decode__returns_what_was_encoded),
		TEST(wire_encode__has_room_for_the_longest_entry),
		TEST(wire_encode__uses_no_sequence_for_what_it_refuses),
		TEST(wire_sender_init__takes_another_nonce_each_time),
		TEST(wire_decode__refuses_every_truncation),
		TEST(wire_decode__refuses_every_truncation_that_is_sealed),
		TEST(wire_decode__refuses_what_is_too_short),
		TEST(wire_decode__refuses_what_is_too_long),
		TEST(wire_decode__refuses_every_bit_flip),
		TEST(wire_decode__lives_with_every_bit_flip_that_is_sealed),
		TEST(wire_decode__refuses_another_key),
		TEST(wire_decode__refuses_another_version),
		TEST(wire_decode__refuses_what_names_another_node_than_the_transport),
		TEST(wire_decode__takes_any_cluster),
		TEST(wire_decode__takes_a_sequence_that_grows),
		TEST(wire_decode__refuses_an_earlier_process),
		TEST(wire_decode__refuses_another_process_of_the_same_boot),
		TEST(wire_decode__takes_a_new_disk_and_refuses_the_old_ones_past),
		TEST(wire_decode__tells_nodes_apart),
		TEST(wire_receiver__forgets_only_disks_of_the_node_that_has_most),
		TEST(wire_receiver__keeps_the_disk_that_is_heard_of),
		TEST(wire_receiver__keeps_two_disks_of_each_of_half_as_many_nodes),
		TEST(wire_receiver__has_room_for_a_new_node_when_it_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
