/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/little.h"
#include "core/core_internal.h"

/*
 * A snapshot holds the version, the position and chain of its last entry, the voters, the latest
 * applied requests and, up to its end, the machine's state.
 */
#define SNAPSHOT_VERSION 1
enum snapshot_at {
	AT_INDEX = 4,
	AT_COUNTER = AT_INDEX + 8,
	AT_NODE = AT_COUNTER + 8,
	AT_CHAIN = AT_NODE + 4,
	AT_VOTERS_BYTES = AT_CHAIN + ID128_BYTES,
	AT_VOTERS = AT_VOTERS_BYTES + 4,
};
#define APPLIED_N_BYTES 4
#define APPLIED_BYTES (ID128_BYTES + 8 + 4 + 8)

static uint8_t *put_bytes(uint8_t *at, const void *data, size_t bytes)
{
	if (bytes > 0) {
		memcpy(at, data, bytes);
	}
	return at + bytes;
}

static uint8_t *applied_save(const struct core *core, uint8_t *at)
{
	size_t n = dedup_count(core->dedup);

	at = little_put32(at, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		const struct applied *applied = dedup_at(core->dedup, i);

		at = put_bytes(at, applied->request.bytes, ID128_BYTES);
		at = little_put64(at, applied->index);
		at = little_put32(at, (uint32_t)applied->outcome.status);
		at = little_put64(at, applied->outcome.revision);
	}
	return at;
}

/* false: no memory, or the log does not have the applied entry. */
static bool snapshot_take(struct core *core)
{
	uint8_t *state = NULL;
	size_t state_bytes = 0;
	size_t voters_bytes;
	struct id128 chain;
	struct position position;
	uint8_t *at;

	if (!log_position_at(&core->log, core->applied, &position) ||
	    !log_chain_at(&core->log, core->applied, &chain) ||
	    core->machine_ops->save(core->machine, &state, &state_bytes) != 0) {
		return false;
	}
	g_free(core->snapshot);
	core->snapshot = g_malloc(AT_VOTERS + VOTERS_BYTES_MAX + APPLIED_N_BYTES +
				  dedup_count(core->dedup) * APPLIED_BYTES + state_bytes);
	at = little_put32(core->snapshot, SNAPSHOT_VERSION);
	at = little_put64(at, position.index);
	at = little_put64(at, position.ballot.counter);
	at = little_put32(at, position.ballot.node);
	at = put_bytes(at, chain.bytes, ID128_BYTES);
	voters_bytes = voters_encode(&core->voters_applied, at + 4);
	at = little_put32(at, (uint32_t)voters_bytes) + voters_bytes;
	at = applied_save(core, at);
	at = put_bytes(at, state, state_bytes);
	free(state);
	core->snapshot_bytes = (size_t)(at - core->snapshot);
	core->snapshot_position = position;
	return true;
}

static void applied_load(struct core *core, const uint8_t *at, size_t n)
{
	dedup_clear(core->dedup);
	for (; n > 0; n--, at += APPLIED_BYTES) {
		struct applied applied;

		memcpy(applied.request.bytes, at, ID128_BYTES);
		applied.index = little_get64(at + ID128_BYTES);
		applied.outcome.status = (int32_t)little_get32(at + ID128_BYTES + 8);
		applied.outcome.revision = little_get64(at + ID128_BYTES + 12);
		dedup_add(core->dedup, &applied);
	}
}

bool core_snapshot_load(struct core *core, const uint8_t *data, size_t bytes)
{
	const size_t least = AT_VOTERS + APPLIED_N_BYTES;
	size_t voters_bytes;
	size_t n;
	const uint8_t *at;

	if (bytes < least || little_get32(data) != SNAPSHOT_VERSION) {
		return false;
	}
	voters_bytes = little_get32(data + AT_VOTERS_BYTES);
	if (voters_bytes > bytes - least ||
	    voters_decode(data + AT_VOTERS, voters_bytes, &core->voters_applied) != 0) {
		return false;
	}
	at = data + AT_VOTERS + voters_bytes;
	n = little_get32(at);
	at += APPLIED_N_BYTES;
	if (n > (bytes - least - voters_bytes) / APPLIED_BYTES) {
		return false;
	}
	applied_load(core, at, n);
	at += n * APPLIED_BYTES;
	if (core->machine_ops->load(core->machine, at, (size_t)(data + bytes - at)) != 0) {
		return false;
	}
	g_free(core->snapshot);
	core->snapshot = g_memdup2(data, bytes);
	core->snapshot_bytes = bytes;
	core->snapshot_position.index = little_get64(data + AT_INDEX);
	core->snapshot_position.ballot.counter = little_get64(data + AT_COUNTER);
	core->snapshot_position.ballot.node = little_get32(data + AT_NODE);
	core->applied = core->snapshot_position.index;
	return true;
}

/* Keeps some entries before the snapshot, for nodes that lag a little. */
static void snapshot_persist(struct core *core)
{
	struct core_persist persist = {
		.snapshot = core->snapshot,
		.snapshot_bytes = core->snapshot_bytes,
		.snapshot_index = core->snapshot_position.index,
	};
	uint64_t keep = core->config.snapshot_every / 2;
	uint64_t end = MIN(core->applied, core->durable);

	if (end > core->log.base.index + keep) {
		log_rebase(&core->log, end - keep);
		persist.rebase = true;
		persist.base = core->log.base;
		persist.base_chain = core->log.base_chain;
	}
	core_persist(core, &persist);
}

static void request_apply(struct core *core, const struct entry *entry)
{
	struct applied applied = {.request = entry->request, .index = entry->index};

	/* A request can be in the log twice: from before a view and from after it. */
	if (dedup_find(core->dedup, &entry->request) != NULL) {
		return;
	}
	core->machine_ops->apply(core->machine, entry->index, entry->data, entry->bytes,
				 &applied.outcome);
	dedup_add(core->dedup, &applied);
	core_client_applied(core, &applied);
}

void core_apply(struct core *core)
{
	while (core->applied < core->commit) {
		const struct entry *entry = log_at(&core->log, core->applied + 1);

		if (entry->kind == ENTRY_REQUEST) {
			request_apply(core, entry);
		} else if (entry->kind == ENTRY_VOTERS) {
			(void)voters_decode(entry->data, entry->bytes, &core->voters_applied);
		}
		core->applied++;
	}
	if (core->applied >= core->snapshot_position.index + core->config.snapshot_every &&
	    snapshot_take(core)) {
		snapshot_persist(core);
	}
}
