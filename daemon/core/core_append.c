/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "core/core_internal.h"

/* Scanning the log */

void core_append_scan(struct core *core)
{
	uint64_t index = log_last(&core->log).index;
	const struct entry *entry;
	bool voters_found = false;

	core->view_index = 0;
	for (; (entry = log_at(&core->log, index)) != NULL; index--) {
		if (entry->kind == ENTRY_VIEW &&
		    ballot_compare(entry->ballot, core->promised) == 0) {
			core->view_index = index;
		} else if (entry->kind == ENTRY_VOTERS && !voters_found) {
			voters_found = voters_decode(entry->data, entry->bytes, &core->voters) == 0;
		}
	}
	if (!voters_found) {
		core->voters = core->voters_applied;
	}
	core->needed &= core->voters.n <= 2 && core_is_voter(core);
	/* The view has outlived its VIEW entry, which was truncated. */
	if (core->view_index == 0 && core->promised.counter != 0 &&
	    ballot_compare(core->log.base.ballot, core->promised) == 0) {
		core->view_index = core->log.base.index;
	}
}

/* Sequencer */

void core_append_entry(struct core *core, enum entry_kind kind, const struct id128 *request,
		       const uint8_t *data, size_t bytes)
{
	struct entry entry = {
		.ballot = core->promised,
		.kind = kind,
		.bytes = (uint32_t)bytes,
		.data = data,
	};

	if (request != NULL) {
		entry.request = *request;
	}
	(void)log_append(&core->log, &entry);
	if (kind != ENTRY_REQUEST) {
		core_append_scan(core);
	}
}

void core_append_persist(struct core *core, struct core_persist *persist, uint64_t first)
{
	persist->entries = log_at(&core->log, first);
	persist->n_entries =
		persist->entries == NULL ? 0 : (size_t)(log_last(&core->log).index - first + 1);
	core_persist(core, persist);
}

void core_append_fill(const struct core *core, struct message *message, uint64_t first,
		      uint64_t last)
{
	size_t bytes = 0;
	size_t n = 0;

	(void)log_position_at(&core->log, first - 1, &message->previous);
	(void)log_chain_at(&core->log, first - 1, &message->chain);
	message->entries = log_at(&core->log, first);
	while (n < MESSAGE_ENTRIES_MAX && first + n <= last) {
		bytes += MESSAGE_ENTRY_OVERHEAD + message->entries[n].bytes;
		if (n > 0 && bytes > MESSAGE_PAYLOAD_MAX) {
			break;
		}
		n++;
	}
	message->n_entries = n;
}

/* Returns the number of entries sent. */
static size_t append_part(struct core *core, uint64_t first)
{
	struct message message = core_message(core, MESSAGE_APPEND, 0);

	core_append_fill(core, &message, first, core->sent);
	core_send(core, &message);
	return message.n_entries;
}

void core_append_send(struct core *core, uint64_t first)
{
	while (first <= core->sent) {
		first += append_part(core, first);
	}
}

/* One transaction at a time: entries that arrive meanwhile go into the next one, on all nodes. */
void core_append_flush(struct core *core)
{
	struct core_persist persist = {0};
	uint64_t first = core->sent + 1;

	if (core->phase != PHASE_LEAD || core->durable < core->sent ||
	    log_last(&core->log).index <= core->sent) {
		return;
	}
	core->sent = log_last(&core->log).index;
	core_append_persist(core, &persist, first);
	core_append_send(core, first);
}

void core_append_heartbeat(struct core *core)
{
	bool waiting = core->commit < core->sent;

	(void)append_part(core, core->sent + 1);
	core->heartbeat_ms = core->now_ms + (waiting ? RESEND_MS : HEARTBEAT_MS);
}

/* Followers */

/* Number of entries of the message that the log already has. */
static size_t entries_known(const struct core *core, const struct message *message)
{
	size_t n = 0;

	while (n < message->n_entries) {
		const struct entry *theirs = &message->entries[n];
		const struct entry *mine = log_at(&core->log, theirs->index);

		if (mine == NULL || !id128_equal(&mine->chain, &theirs->chain)) {
			break;
		}
		n++;
	}
	return n;
}

static bool entries_follow(const struct message *message)
{
	struct id128 chain = message->chain;
	uint64_t index = message->previous.index;

	for (size_t i = 0; i < message->n_entries; i++) {
		chain = entry_chain(&chain, &message->entries[i]);
		if (message->entries[i].index != ++index ||
		    !id128_equal(&chain, &message->entries[i].chain)) {
			return false;
		}
	}
	return true;
}

void core_append_entries(struct core *core, const struct message *message)
{
	struct core_persist persist = {0};
	size_t known = entries_known(core, message);
	uint64_t keep = message->previous.index + known;
	bool scan = log_last(&core->log).index > keep || !core_in_view(core);

	if (known == message->n_entries) {
		core_append_ack(core);
		return;
	}
	if (log_last(&core->log).index > keep) {
		if (keep < core->commit) {
			core_reset(core, "the sequencer contradicts what is committed here");
			return;
		}
		log_truncate(&core->log, keep);
		core->durable = MIN(core->durable, keep);
		persist.truncate = true;
		persist.truncate_after = keep;
	}
	core_cluster_learn(core, message);
	for (size_t i = known; i < message->n_entries; i++) {
		(void)log_append(&core->log, &message->entries[i]);
		scan |= message->entries[i].kind != ENTRY_REQUEST;
	}
	if (scan) {
		core_append_scan(core);
	}
	core_append_persist(core, &persist, keep + 1);
}

void core_append_on_append(struct core *core, const struct message *message)
{
	struct id128 chain;

	if (ballot_compare(message->ballot, core->promised) < 0 ||
	    message->ballot.node != message->from || !entries_follow(message)) {
		return;
	}
	core_view_follow(core, message->ballot);
	if (!log_chain_at(&core->log, message->previous.index, &chain) ||
	    !id128_equal(&chain, &message->chain)) {
		if (!core_in_view(core) || message->previous.index > log_last(&core->log).index) {
			core_fetch_begin(core, message->from, &message->disk, NULL, NULL);
		}
		return;
	}
	/* If VIEW of the ballot is not in the log yet, the message has to reach its entries. */
	if (!core_in_view(core) && (message->n_entries == 0 ||
				    ballot_compare(message->entries[message->n_entries - 1].ballot,
						   message->ballot) != 0)) {
		return;
	}
	core_append_entries(core, message);
	core_append_commit(core);
}

/* Acknowledging and committing */

void core_append_ack(struct core *core)
{
	struct message message = core_message(core, MESSAGE_ACK, 0);

	message.position = core_durable_position(core);
	if (core_view_held(core) && ballot_compare(message.position.ballot, core->promised) == 0) {
		(void)log_chain_at(&core->log, message.position.index, &message.chain);
		core_send(core, &message);
	}
}

/* Stored with the next transaction. Detects a disk that was reset to an older state. */
static void seen_update(struct core *core, const struct message *message)
{
	struct seen *seen = core->seen;

	while (seen < core->seen + core->n_seen && seen->node != message->from) {
		seen++;
	}
	if (seen == core->seen + JOURNAL_VOTERS_MAX) {
		return;
	}
	if (seen == core->seen + core->n_seen) {
		core->n_seen++;
		*seen = (struct seen){0};
	}
	if (!id128_equal(&seen->disk, &message->disk)) {
		*seen = (struct seen){.node = message->from, .disk = message->disk};
	}
	seen->boot = MAX(seen->boot, message->boot);
	if (position_compare(message->position, seen->acked) > 0) {
		seen->acked = message->position;
	}
}

void core_append_on_ack(struct core *core, const struct message *message)
{
	struct peer *peer = core_peer(core, message->from);
	struct id128 chain;

	if (peer == NULL || ballot_compare(message->ballot, message->position.ballot) != 0) {
		return;
	}
	if (ballot_compare(message->ballot, core->promised) == 0 &&
	    log_chain_at(&core->log, message->position.index, &chain) && core_in_view(core) &&
	    !id128_equal(&chain, &message->chain)) {
		return;
	}
	if (position_compare(message->position, peer->acked) > 0) {
		peer->acked = message->position;
	}
	if (voters_find(&core->voters, message->from, &message->disk) >= 0) {
		seen_update(core, message);
	}
	core_append_commit(core);
}

static int index_descending(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;

	return (left < right) - (left > right);
}

/* The last index that a majority of the voters has on disk in this ballot. */
static uint64_t majority_index(const struct core *core)
{
	uint64_t acked[JOURNAL_VOTERS_MAX] = {0};

	for (size_t i = 0; i < core->voters.n; i++) {
		acked[i] = core_voter_acked(core, &core->voters.voter[i]);
	}
	if (core->voters.n == 0) {
		return 0;
	}
	qsort(acked, core->voters.n, sizeof(acked[0]), index_descending);
	return acked[voters_majority(&core->voters) - 1];
}

void core_append_commit(struct core *core)
{
	uint64_t index;
	const struct entry *entry;

	if (!core_in_view(core)) {
		return;
	}
	index = MIN(majority_index(core), log_last(&core->log).index);
	entry = log_at(&core->log, index);
	/* An entry of this ballot commits those of earlier ballots; counting them does not. */
	if (index <= core->commit || entry == NULL ||
	    ballot_compare(entry->ballot, core->promised) != 0) {
		return;
	}
	core->commit = index;
	if (core_active(core)) {
		core->attempts = 0;
	}
	core_apply(core);
	/*
	 * From here on, every commit needs this node's acknowledgement. A ballot from before the
	 * start does not prove that: its messages may be late, and the other may be alone since.
	 */
	core->needed |=
		core_active(core) && ballot_compare(core->promised, core->born) > 0 &&
		core->voters.n <= 2 && core_is_voter(core) && core->voters_applied.n <= 2 &&
		voters_find(&core->voters_applied, core->config.node, &core->config.disk) >= 0;
	/* A sequencer that is voted out leaves only when that is committed. */
	if (core->phase == PHASE_LEAD && !core_is_voter(core) &&
	    voters_find(&core->voters_applied, core->config.node, NULL) < 0) {
		core_view_restart(core);
	}
}
