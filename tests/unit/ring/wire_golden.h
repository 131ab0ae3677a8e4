/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TEST_WIRE_GOLDEN_H
#define LUNMASK_TEST_WIRE_GOLDEN_H

#include "core/message.h"

/* One message of each kind, and the bytes of its body as another program made them. */

/* clang-format off */
#define ID(byte) {{byte, byte, byte, byte, byte, byte, byte, byte, \
		   byte, byte, byte, byte, byte, byte, byte, byte}}
#define HEX16(x) x x x x x x x x x x x x x x x x

static const uint8_t blob[] = {'b', 'l', 'o', 'b'};
static const uint8_t hi[] = {'h', 'i'};

static const struct entry two_entries[] = {
	{.index = 8, .ballot = {5, 2}, .kind = ENTRY_VIEW, .chain = ID(0xc8)},
	{.index = 9,
	 .ballot = {5, 2},
	 .kind = ENTRY_REQUEST,
	 .request = ID(0xe1),
	 .chain = ID(0xc9),
	 .bytes = 2,
	 .data = hi},
};

#define WHO .cluster = ID(0xaa), .from = 2, .disk = ID(0xd2), .boot = 3, .to = 1, .ballot = {5, 2}
#define POSITION .position = {{5, 2}, 9}
#define PREVIOUS .previous = {{4, 1}, 7}
#define CHAIN .chain = ID(0xc0)
#define INDEX .index = 0x1112131415161718
#define NONCE .nonce = 0x2122232425262728
#define REQUEST .request = ID(0xe1)
#define BLOB .blob = blob, .blob_bytes = sizeof(blob)
#define ENTRIES .entries = two_entries, .n_entries = 2
#define SEEN .seen = {{1, ID(0xd1), 4, {{5, 2}, 9}}, {3, ID(0xd3), 1, {{3, 3}, 6}}}, .n_seen = 2

/* Behind kind and flags, the same for all: cluster, from, disk, boot, to, ballot. */
#define WHO_HEX HEX16("aa") "02000000" HEX16("d2") "0300000000000000" "01000000" BALLOT_HEX
#define BALLOT_HEX "0500000000000000" "02000000"

#define POSITION_HEX BALLOT_HEX "0900000000000000"
#define PREVIOUS_HEX "0400000000000000" "01000000" "0700000000000000"
#define CHAIN_HEX HEX16("c0")
#define INDEX_HEX "1817161514131211"
#define NONCE_HEX "2827262524232221"
#define REQUEST_HEX HEX16("e1")
#define OFFSET_HEX "6000000000000000"
#define TOTAL_HEX "6400000000000000"
#define BLOB_HEX "04000000" "626c6f62"
#define ENTRIES_HEX \
	"02000000" \
	"0800000000000000" BALLOT_HEX "01" HEX16("00") HEX16("c8") "00000000" \
	"0900000000000000" BALLOT_HEX "03" HEX16("e1") HEX16("c9") "02000000" "6869"
#define SEEN_HEX \
	"02000000" \
	"01000000" HEX16("d1") "0400000000000000" POSITION_HEX \
	"03000000" HEX16("d3") "0100000000000000" "0300000000000000" "03000000" "0600000000000000"

static const struct {
	const char *kind_and_flags;
	const char *fields;
	struct message message;
} golden[] = {
	{"01" "01000000", SEEN_HEX,
	 {.kind = MESSAGE_HELLO, .flags = MESSAGE_BLANK, WHO, SEEN}},
	{"02" "00000000", SEEN_HEX,
	 {.kind = MESSAGE_PREPARE, WHO, SEEN}},
	{"03" "00000000", POSITION_HEX CHAIN_HEX REQUEST_HEX SEEN_HEX,
	 {.kind = MESSAGE_STATE, WHO, POSITION, CHAIN, REQUEST, SEEN}},
	{"04" "00000000", POSITION_HEX CHAIN_HEX INDEX_HEX OFFSET_HEX TOTAL_HEX,
	 {.kind = MESSAGE_FETCH, WHO, POSITION, CHAIN, INDEX, .offset = 96, .total = 100}},
	{"05" "00000000", PREVIOUS_HEX CHAIN_HEX INDEX_HEX ENTRIES_HEX,
	 {.kind = MESSAGE_ENTRIES, WHO, PREVIOUS, CHAIN, INDEX, ENTRIES}},
	{"06" "00000000", POSITION_HEX CHAIN_HEX INDEX_HEX OFFSET_HEX TOTAL_HEX BLOB_HEX,
	 {.kind = MESSAGE_SNAPSHOT, WHO, POSITION, CHAIN, INDEX, .offset = 96, .total = 100, BLOB}},
	{"07" "00000000", PREVIOUS_HEX CHAIN_HEX ENTRIES_HEX,
	 {.kind = MESSAGE_APPEND, WHO, PREVIOUS, CHAIN, ENTRIES}},
	{"08" "00000000", POSITION_HEX CHAIN_HEX,
	 {.kind = MESSAGE_ACK, WHO, POSITION, CHAIN}},
	{"09" "00000000", REQUEST_HEX BLOB_HEX,
	 {.kind = MESSAGE_REQUEST, WHO, REQUEST, BLOB}},
	{"0a" "00000000", NONCE_HEX,
	 {.kind = MESSAGE_BARRIER, WHO, NONCE}},
	{"0b" "00000000", POSITION_HEX NONCE_HEX,
	 {.kind = MESSAGE_ECHO, WHO, POSITION, NONCE}},
	{"0c" "00000000", "",
	 {.kind = MESSAGE_FAILED, WHO}},
};
/* clang-format on */

#define N_GOLDEN (G_N_ELEMENTS(golden))

#endif
