/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_STORE_STATE_H
#define LUNMASK_DAEMON_STORE_STATE_H

#include "core/message.h"

/*
 * The store's only record about itself: its identity, the promised ballot, where log and snapshot
 * begin and end, and their checksums. It is written with every transaction, so the other tables can
 * be checked against it.
 *
 *	fields, little-endian, in the order of the struct | seen, n_seen times | CRC-32C of all this
 */
enum store_flags {
	STORE_IN_USE = 1u << 0, /* opened and not yet closed: its -wal file must exist */
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
	struct position last; /* equal to base while there are no entries */
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

/* Returns the number of bytes used. */
size_t store_state_encode(const struct store_state *state, uint8_t buffer[STORE_STATE_BYTES_MAX]);
/* 0 or -EBADMSG. */
int store_state_decode(const uint8_t *data, size_t bytes, struct store_state *ret);

#endif
