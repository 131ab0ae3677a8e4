/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_STORE_STATE_H
#define LUNMASK_DAEMON_STORE_STATE_H

#include "core/message.h"

/*
 * The store's one record about itself: who it is, what was promised, and where log and snapshot
 * begin, end and what they sum up to. It is written with every transaction, so that whatever it
 * says of the other tables can be checked against them.
 *
 *	fields, little-endian, in the order of the struct | seen, n_seen times | CRC-32C of it all
 */
enum store_flags {
	STORE_IN_USE = 1u << 0, /* not closed since: its -wal file must be there */
	STORE_SNAPSHOT = 1u << 1,
};

struct store_state {
	uint32_t flags;
	struct id128 disk;
	uint64_t boot;
	struct id128 cluster;
	struct ballot promised;
	uint64_t commit;
	struct position base;
	struct id128 base_chain;
	struct position last; /* the base while there are no entries */
	struct id128 last_chain;
	uint64_t snapshot_index;
	uint64_t snapshot_bytes;
	uint32_t snapshot_crc;
	uint32_t n_seen;
	struct seen seen[JOURNAL_VOTERS_MAX];
};

#define STORE_SEEN_BYTES (4 + 16 + 8 + 20)
#define STORE_STATE_FIXED_BYTES (4 + 16 + 8 + 16 + 12 + 8 + 20 + 16 + 20 + 16 + 8 + 8 + 4 + 4)
#define STORE_STATE_BYTES_MAX (STORE_STATE_FIXED_BYTES + JOURNAL_VOTERS_MAX * STORE_SEEN_BYTES + 4)

/* Bytes used. */
size_t store_state_encode(const struct store_state *state, uint8_t buffer[STORE_STATE_BYTES_MAX]);
/* 0 or -EBADMSG. */
int store_state_decode(const uint8_t *data, size_t bytes, struct store_state *ret);

#endif
