/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/store_state.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/little.h"
#include "journal/journal_codec.h"

#define CRC_BYTES 4
#define FLAGS_KNOWN (STORE_IN_USE | STORE_SNAPSHOT)

/* clang-format off */
#define ROW(kind, record, field) {.type = JOURNAL_FIELD_##kind, .offset = offsetof(struct record, field)}
/* clang-format on */

static const struct journal_field state_fields[] = {
	ROW(32, store_state, flags),
	ROW(ID, store_state, disk),
	ROW(64, store_state, boot),
	ROW(ID, store_state, cluster),
	ROW(64, store_state, promised.counter),
	ROW(32, store_state, promised.node),
	ROW(64, store_state, commit),
	ROW(64, store_state, base.ballot.counter),
	ROW(32, store_state, base.ballot.node),
	ROW(64, store_state, base.index),
	ROW(ID, store_state, base_chain),
	ROW(64, store_state, last.ballot.counter),
	ROW(32, store_state, last.ballot.node),
	ROW(64, store_state, last.index),
	ROW(ID, store_state, last_chain),
	ROW(64, store_state, snapshot_index),
	ROW(64, store_state, snapshot_bytes),
	ROW(32, store_state, snapshot_crc),
	ROW(32, store_state, n_seen),
};

static const struct journal_field seen_fields[] = {
	ROW(32, seen, node),
	ROW(ID, seen, disk),
	ROW(64, seen, boot),
	ROW(64, seen, acked.ballot.counter),
	ROW(32, seen, acked.ballot.node),
	ROW(64, seen, acked.index),
};

size_t store_state_encode(const struct store_state *state, uint8_t buffer[STORE_STATE_BYTES_MAX])
{
	size_t bytes =
		journal_fields_encode(state_fields, G_N_ELEMENTS(state_fields), state, buffer);

	assert(bytes == STORE_STATE_FIXED_BYTES && state->n_seen <= JOURNAL_VOTERS_MAX);
	for (uint32_t i = 0; i < state->n_seen; i++) {
		bytes += journal_fields_encode(seen_fields, G_N_ELEMENTS(seen_fields),
					       &state->seen[i], buffer + bytes);
	}
	(void)little_put32(buffer + bytes, crc32c(buffer, bytes));
	return bytes + CRC_BYTES;
}

static bool sealed(const uint8_t *data, size_t bytes)
{
	if (bytes < STORE_STATE_FIXED_BYTES + CRC_BYTES || bytes > STORE_STATE_BYTES_MAX) {
		return false;
	}
	return little_get32(data + bytes - CRC_BYTES) == crc32c(data, bytes - CRC_BYTES);
}

int store_state_decode(const uint8_t *data, size_t bytes, struct store_state *ret)
{
	size_t used;

	memset(ret, 0, sizeof(*ret));
	if (!sealed(data, bytes)) {
		return -EBADMSG;
	}
	used = journal_fields_decode(state_fields, G_N_ELEMENTS(state_fields), data,
				     bytes - CRC_BYTES, ret);
	if (used == 0 || (ret->flags & ~(uint32_t)FLAGS_KNOWN) != 0 ||
	    ret->n_seen > JOURNAL_VOTERS_MAX ||
	    bytes != used + ret->n_seen * STORE_SEEN_BYTES + CRC_BYTES) {
		return -EBADMSG;
	}
	for (uint32_t i = 0; i < ret->n_seen; i++) {
		used += journal_fields_decode(seen_fields, G_N_ELEMENTS(seen_fields), data + used,
					      STORE_SEEN_BYTES, &ret->seen[i]);
	}
	return 0;
}
