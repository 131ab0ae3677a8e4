/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "core/core_internal.h"

/* Serving */

static void entries_reply(struct core *core, uint32_t to, uint64_t first)
{
	int left = CORE_BURST_MAX;
	uint64_t last = log_last(&core->log).index;

	if (core->phase == PHASE_LEAD) {
		last = core->sent;
	}
	do {
		struct message message = core_message(core, MESSAGE_ENTRIES, to);

		core_append_fill(core, &message, first, last);
		first += message.n_entries;
		message.index = first > last ? 0 : (uint64_t)--left;
		core_send(core, &message);
	} while (first <= last && left > 0);
}

static void snapshot_reply(struct core *core, uint32_t to, uint64_t offset, uint64_t index)
{
	int left = CORE_BURST_MAX;
	struct id128 chain;

	if (core->snapshot == NULL ||
	    !log_chain_at(&core->log, core->snapshot_position.index, &chain)) {
		return;
	}
	if (index != core->snapshot_position.index || offset >= core->snapshot_bytes) {
		offset = 0;
	}
	do {
		struct message message = core_message(core, MESSAGE_SNAPSHOT, to);

		message.position = core->snapshot_position;
		message.chain = chain;
		message.offset = offset;
		message.total = core->snapshot_bytes;
		message.blob = core->snapshot + offset;
		message.blob_bytes =
			(uint32_t)MIN(core->snapshot_bytes - offset, (size_t)CORE_CHUNK_BYTES);
		offset += message.blob_bytes;
		message.index = offset == core->snapshot_bytes ? 0 : (uint64_t)--left;
		core_send(core, &message);
	} while (offset < core->snapshot_bytes && left > 0);
}

void core_fetch_on_fetch(struct core *core, const struct message *message)
{
	struct id128 chain;
	uint64_t first = message->index;

	/* Both nodes hold this promise, and here it is on disk; so is the log before it. */
	if (ballot_compare(message->ballot, core->promised) != 0 ||
	    ballot_compare(core->promised_durable, core->promised) != 0) {
		return;
	}
	if (log_chain_at(&core->log, message->position.index, &chain) &&
	    id128_equal(&chain, &message->chain)) {
		first = message->position.index + 1;
	}
	if (first > core->log.base.index && first <= log_last(&core->log).index + 1) {
		entries_reply(core, message->from, first);
	} else {
		snapshot_reply(core, message->from, message->offset, message->total);
	}
}

/* Fetching */

static void staging_clear(struct staging *staging)
{
	log_release(&staging->log);
	g_free(staging->snapshot);
	staging->snapshot = NULL;
	staging->snapshot_have = 0;
	staging->snapshot_total = 0;
	staging->snapshot_used = false;
	staging->based = false;
}

static void fetch_send(struct core *core)
{
	struct staging *staging = &core->staging;
	struct message message = core_message(core, MESSAGE_FETCH, staging->from);

	if (staging->based) {
		message.position = log_last(&staging->log);
		message.chain = log_chain(&staging->log);
		message.index = message.position.index + 1;
	} else {
		message.position = core_durable_position(core);
		(void)log_chain_at(&core->log, message.position.index, &message.chain);
		message.index = core->commit + 1;
		message.offset = staging->snapshot_have;
		message.total = staging->snapshot_position.index;
	}
	core_send(core, &message);
	staging->resend_ms = core->now_ms + RESEND_MS;
}

void core_fetch_begin(struct core *core, uint32_t from, const struct id128 *disk,
		      const struct position *until, const struct id128 *until_chain)
{
	struct staging *staging = &core->staging;

	if (staging->open && staging->from == from && id128_equal(&staging->disk, disk)) {
		return;
	}
	core_fetch_end(core);
	staging->open = true;
	staging->from = from;
	staging->disk = *disk;
	if (until != NULL) {
		staging->until = *until;
		staging->until_chain = *until_chain;
	}
	fetch_send(core);
}

void core_fetch_end(struct core *core)
{
	staging_clear(&core->staging);
	core->staging = (struct staging){.resend_ms = NEVER};
}

static bool staging_expects(const struct core *core, const struct message *message)
{
	const struct staging *staging = &core->staging;

	return staging->open && staging->from == message->from &&
	       id128_equal(&staging->disk, &message->disk) &&
	       ballot_compare(core->promised, message->ballot) == 0;
}

/* Does the first part continue this node's log? */
static bool staging_base(struct core *core, const struct message *message)
{
	struct staging *staging = &core->staging;
	struct id128 chain;

	if (staging->based) {
		return true;
	}
	if (!log_chain_at(&core->log, message->previous.index, &chain)) {
		return false;
	}
	if (!id128_equal(&chain, &message->chain)) {
		if (message->previous.index <= core->commit) {
			core_reset(core, "another log contradicts what is committed here");
		}
		return false;
	}
	log_init(&staging->log, message->previous, &message->chain);
	staging->based = true;
	return true;
}

static bool staging_add(struct staging *staging, const struct entry *entry)
{
	const struct entry *mine;

	if (entry->index <= log_last(&staging->log).index) {
		return true; /* already here */
	}
	if (entry->index != log_last(&staging->log).index + 1) {
		return false;
	}
	mine = log_append(&staging->log, entry);
	if (id128_equal(&mine->chain, &entry->chain)) {
		return true;
	}
	log_truncate(&staging->log, entry->index - 1);
	return false;
}

/* Complete: a follower has reached the ballot's entries; a proposer, the end of the best log. */
static bool staging_whole(const struct core *core)
{
	const struct staging *staging = &core->staging;
	struct id128 chain;

	if (core->phase == PHASE_ADOPT) {
		return log_chain_at(&staging->log, staging->until.index, &chain) &&
		       id128_equal(&chain, &staging->until_chain);
	}
	return ballot_compare(log_last(&staging->log).ballot, core->promised) == 0;
}

/* Replaces the whole log. */
static bool snapshot_install(struct core *core, struct staging *staging,
			     struct core_persist *persist)
{
	if (!core_snapshot_load(core, staging->snapshot, staging->snapshot_total)) {
		core_reset(core, "a snapshot that was fetched cannot be read");
		return false;
	}
	log_release(&core->log);
	log_init(&core->log, staging->log.base, &staging->log.base_chain);
	core->durable = 0;
	core->commit = MAX(core->commit, core->applied);
	persist->truncate_after = 0;
	persist->snapshot = core->snapshot;
	persist->snapshot_bytes = core->snapshot_bytes;
	persist->snapshot_index = core->snapshot_position.index;
	persist->rebase = true;
	persist->base = core->log.base;
	persist->base_chain = core->log.base_chain;
	return true;
}

bool core_fetch_install(struct core *core, struct core_persist *persist, uint64_t *ret_first)
{
	struct staging *staging = &core->staging;
	uint64_t base = staging->log.base.index;

	if (base < core->commit) {
		core_reset(core, "another log contradicts what is committed here");
		return false;
	}
	persist->truncate = true;
	persist->truncate_after = base;
	if (!staging->snapshot_used) {
		log_truncate(&core->log, base);
		core->durable = MIN(core->durable, base);
	} else if (!snapshot_install(core, staging, persist)) {
		return false;
	}
	if (core->phase == PHASE_ADOPT) {
		log_truncate(&staging->log, staging->until.index);
	}
	for (size_t i = 0; i < staging->log.n; i++) {
		(void)log_append(&core->log, &staging->log.entries[i]);
	}
	core_fetch_end(core);
	core_append_scan(core);
	*ret_first = base + 1;
	return true;
}

/* Appends the staged log after index, which both logs have, as if APPEND had brought it. */
static void staged_append(struct core *core, uint64_t index)
{
	struct log *staged = &core->staging.log;
	struct message message = core_message(core, MESSAGE_APPEND, 0);

	(void)log_position_at(staged, index, &message.previous);
	(void)log_chain_at(staged, index, &message.chain);
	message.entries = log_at(staged, index + 1);
	message.n_entries = log_last(staged).index - index;
	core_append_entries(core, &message);
	core_fetch_end(core);
	core_append_commit(core);
}

/*
 * For a follower. Messages of the sequencer may have extended the log, and committed entries,
 * meanwhile. The two logs then meet at the last commit, and only the rest is new.
 */
static void staged_follow(struct core *core)
{
	struct staging *staging = &core->staging;
	struct core_persist persist = {0};
	uint64_t meet = MAX(staging->log.base.index, core->commit);
	struct id128 mine;
	struct id128 theirs;
	uint64_t first;

	if (!log_chain_at(&staging->log, meet, &theirs)) {
		core_fetch_end(core); /* all of it is old */
	} else if (log_chain_at(&core->log, meet, &mine) && id128_equal(&mine, &theirs)) {
		staged_append(core, meet);
	} else if (meet == core->commit) {
		core_reset(core, "another log contradicts what is committed here");
	} else if (!staging->snapshot_used) {
		core_fetch_end(core); /* the log no longer has its base */
	} else if (core_fetch_install(core, &persist, &first)) {
		core_append_persist(core, &persist, first);
		core_append_commit(core);
	}
}

static void staging_install(struct core *core)
{
	if (core->phase == PHASE_ADOPT) {
		core_view_adopted(core);
	} else {
		staged_follow(core);
	}
}

void core_fetch_on_entries(struct core *core, const struct message *message)
{
	struct staging *staging = &core->staging;

	if (!staging_expects(core, message) || !staging_base(core, message)) {
		return;
	}
	if (message->previous.index > log_last(&staging->log).index) {
		/* A part is missing. After the last message of the reply it will not arrive. */
		if (message->index == 0) {
			fetch_send(core);
		}
		return;
	}
	for (size_t i = 0; i < message->n_entries; i++) {
		if (!staging_add(staging, &message->entries[i])) {
			return;
		}
	}
	core_cluster_learn(core, message);
	core_view_adopting(core);
	if (staging_whole(core)) {
		staging_install(core);
	} else if (message->index == 0) {
		fetch_send(core);
	}
}

void core_fetch_on_snapshot(struct core *core, const struct message *message)
{
	struct staging *staging = &core->staging;

	/* A snapshot may replace entries that are too old for the peer to continue. */
	if (!staging_expects(core, message) ||
	    (staging->based && message->position.index <= log_last(&staging->log).index) ||
	    message->position.index <= core->commit || message->total > CORE_SNAPSHOT_BYTES_MAX ||
	    message->offset > message->total ||
	    message->blob_bytes > message->total - message->offset) {
		return;
	}
	if (staging->based || staging->snapshot_total != message->total ||
	    position_compare(staging->snapshot_position, message->position) != 0) {
		if (message->offset != 0) {
			return;
		}
		staging_clear(staging);
		staging->snapshot = g_malloc(message->total);
		staging->snapshot_total = message->total;
		staging->snapshot_position = message->position;
		staging->snapshot_chain = message->chain;
	}
	if (staging->snapshot_have != message->offset) {
		if (staging->snapshot_have < message->offset && message->index == 0) {
			fetch_send(core);
		}
		return;
	}
	core_cluster_learn(core, message);
	memcpy(staging->snapshot + message->offset, message->blob, message->blob_bytes);
	staging->snapshot_have += message->blob_bytes;
	core_view_adopting(core);
	if (staging->snapshot_have == staging->snapshot_total) {
		log_init(&staging->log, staging->snapshot_position, &staging->snapshot_chain);
		staging->based = true;
		staging->snapshot_used = true;
		if (staging_whole(core)) {
			staging_install(core);
			return;
		}
	}
	if (message->index == 0 || staging->based) {
		fetch_send(core);
	}
}

void core_fetch_on_time(struct core *core)
{
	if (core->staging.open && core->now_ms >= core->staging.resend_ms) {
		fetch_send(core);
	}
}

int64_t core_fetch_deadline(const struct core *core)
{
	return core->staging.open ? core->staging.resend_ms : NEVER;
}
