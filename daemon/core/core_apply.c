/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/little.h"
#include "core/core_internal.h"

/*
 * A snapshot: version, position and chain of the last entry in it, the voters, the requests
 * applied last, and the machine's own state to the end.
 */
#define SNAPSHOT_VERSION 1
#define SNAPSHOT_HEAD_BYTES (4 + 8 + 8 + 4 + ID128_BYTES + 4 + 4)
#define SNAPSHOT_APPLIED_BYTES (ID128_BYTES + 8 + 4 + 8)

struct writer {
	uint8_t *at;
};

static void put32(struct writer *writer, uint32_t value)
{
	writer->at = little_put32(writer->at, value);
}

static void put64(struct writer *writer, uint64_t value)
{
	writer->at = little_put64(writer->at, value);
}

static void put_bytes(struct writer *writer, const void *data, size_t bytes)
{
	if (bytes > 0) {
		memcpy(writer->at, data, bytes);
		writer->at += bytes;
	}
}

struct reader {
	const uint8_t *at;
	size_t left;
	bool bad;
};

static const uint8_t *get_bytes(struct reader *reader, size_t bytes)
{
	static const uint8_t zeros[SNAPSHOT_APPLIED_BYTES];
	const uint8_t *at = reader->at;

	if (reader->left < bytes) {
		reader->bad = true;
		return bytes <= sizeof(zeros) ? zeros : NULL;
	}
	reader->at += bytes;
	reader->left -= bytes;
	return at;
}

static uint32_t get32(struct reader *reader)
{
	return little_get32(get_bytes(reader, sizeof(uint32_t)));
}

static uint64_t get64(struct reader *reader)
{
	return little_get64(get_bytes(reader, sizeof(uint64_t)));
}

/* false when there is no memory, or nothing to take it of. */
static bool snapshot_take(struct core *core)
{
	uint8_t *state = NULL;
	size_t state_bytes = 0;
	struct id128 chain;
	struct position position;
	uint8_t voters[VOTERS_BYTES_MAX];
	size_t voters_bytes = voters_encode(&core->voters_applied, voters);
	struct writer writer;
	size_t i;

	if (!log_position_at(&core->log, core->applied, &position) ||
	    !log_chain_at(&core->log, core->applied, &chain) ||
	    core->machine_ops->save(core->machine, &state, &state_bytes) != 0) {
		return false;
	}
	free(core->snapshot);
	core->snapshot = malloc(SNAPSHOT_HEAD_BYTES + voters_bytes +
				dedup_count(core->dedup) * SNAPSHOT_APPLIED_BYTES + state_bytes);
	if (core->snapshot == NULL) {
		free(state);
		core->snapshot_bytes = 0;
		return false;
	}
	writer.at = core->snapshot;
	put32(&writer, SNAPSHOT_VERSION);
	put64(&writer, position.index);
	put64(&writer, position.ballot.counter);
	put32(&writer, position.ballot.node);
	put_bytes(&writer, chain.bytes, ID128_BYTES);
	put32(&writer, (uint32_t)voters_bytes);
	put_bytes(&writer, voters, voters_bytes);
	put32(&writer, (uint32_t)dedup_count(core->dedup));
	for (i = 0; i < dedup_count(core->dedup); i++) {
		const struct applied *applied = dedup_at(core->dedup, i);

		put_bytes(&writer, applied->request.bytes, ID128_BYTES);
		put64(&writer, applied->index);
		put32(&writer, (uint32_t)applied->outcome.status);
		put64(&writer, applied->outcome.revision);
	}
	put_bytes(&writer, state, state_bytes);
	free(state);
	core->snapshot_bytes = (size_t)(writer.at - core->snapshot);
	core->snapshot_position = position;
	return true;
}

static void applied_load(struct core *core, struct reader *reader)
{
	uint32_t n = get32(reader);

	dedup_clear(core->dedup);
	for (; n > 0 && !reader->bad; n--) {
		struct applied applied;

		memcpy(applied.request.bytes, get_bytes(reader, ID128_BYTES), ID128_BYTES);
		applied.index = get64(reader);
		applied.outcome.status = (int32_t)get32(reader);
		applied.outcome.revision = get64(reader);
		dedup_add(core->dedup, &applied);
	}
}

bool core_snapshot_load(struct core *core, const uint8_t *data, size_t bytes)
{
	struct reader reader = {.at = data, .left = bytes};
	struct position position;
	const uint8_t *voters;
	uint32_t voters_bytes;

	if (get32(&reader) != SNAPSHOT_VERSION) {
		return false;
	}
	position.index = get64(&reader);
	position.ballot.counter = get64(&reader);
	position.ballot.node = get32(&reader);
	(void)get_bytes(&reader, ID128_BYTES);
	voters_bytes = get32(&reader);
	voters = get_bytes(&reader, voters_bytes);
	if (reader.bad || voters_decode(voters, voters_bytes, &core->voters_applied) != 0) {
		return false;
	}
	applied_load(core, &reader);
	if (reader.bad || core->machine_ops->load(core->machine, reader.at, reader.left) != 0) {
		return false;
	}
	free(core->snapshot);
	core->snapshot = malloc(bytes);
	if (core->snapshot == NULL) {
		return false;
	}
	memcpy(core->snapshot, data, bytes);
	core->snapshot_bytes = bytes;
	core->snapshot_position = position;
	core->applied = position.index;
	return true;
}

/* The log is cut some way behind the snapshot, for those that lag a little. */
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

	/* It can be in the log twice: once from before a view, and once more after it. */
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
