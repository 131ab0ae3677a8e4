/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "promise.h"

#include <inttypes.h>

#include "world.h"

static void promise_fail(struct world *world, const struct process *from,
			 const struct message *message, const char *invariant, const char *what)
{
	world_fail(world, invariant, "node %" PRIu32 " sends %s of (%" PRIu64 ".%" PRIu32 "): %s",
		   from->node, message_kind_to_str(message->kind), message->ballot.counter,
		   message->ballot.node, what);
}

/* J5: what it says to have is on its disk. */
static void durable_check(struct world *world, struct process *from, const struct message *message)
{
	const struct record *record;

	if (message->position.index == 0) {
		return;
	}
	record = ledger_find(&world->ledger, message->position.ballot, message->position.index);
	if (record == NULL || !id128_equal(&record->entry.chain, &message->chain)) {
		promise_fail(world, from, message, "J5", "position or chain is of no entry");
	} else if (!disk_has(world, from->disk, record)) {
		promise_fail(world, from, message, "J5", "its position is not durable");
	}
}

static void told_check(struct world *world, struct process *from, const struct message *message)
{
	struct disk *disk = from->disk;

	if (disk->set_back) {
		return;
	}
	if (ballot_compare(message->ballot, disk->promised_told) < 0) {
		promise_fail(world, from, message, "J4", "it has promised more to others");
	}
}

static void on_state(struct world *world, struct process *from, const struct message *message)
{
	struct disk *disk = from->disk;

	told_check(world, from, message);
	durable_check(world, from, message);
	if (ballot_compare(disk->durable.promised, message->ballot) != 0) {
		promise_fail(world, from, message, "J5", "the promise is not durable");
	}
	if (!disk->set_back && position_compare(message->position, disk->acked_told) < 0) {
		promise_fail(world, from, message, "J5", "it has acknowledged more than that");
	}
	disk->promised_told = message->ballot;
}

static void on_prepare(struct world *world, struct process *from, const struct message *message)
{
	told_check(world, from, message);
	if (ballot_compare(from->disk->durable.promised, message->ballot) != 0) {
		promise_fail(world, from, message, "J5", "the promise is not durable");
	}
	if (message->ballot.node != from->node) {
		promise_fail(world, from, message, "J3", "not its own ballot");
	}
	from->disk->promised_told = message->ballot;
}

static void on_ack(struct world *world, struct process *from, const struct message *message)
{
	struct disk *disk = from->disk;

	told_check(world, from, message);
	durable_check(world, from, message);
	if (position_compare(message->position, disk->acked_told) > 0) {
		disk->acked_told = message->position;
	}
}

/* Entries are made by being sent or by being written, whatever the core does first. */
static void on_append(struct world *world, struct process *from, const struct message *message)
{
	struct record *parent =
		ledger_find(&world->ledger, message->previous.ballot, message->previous.index);

	if (message->kind == MESSAGE_APPEND) {
		ledger_sequencer(world, from, message->ballot, true);
		told_check(world, from, message);
	}
	if (message->previous.index > 0 &&
	    (parent == NULL || !id128_equal(&parent->entry.chain, &message->chain))) {
		promise_fail(world, from, message, "J7", "it follows what nobody has");
		return;
	}
	for (size_t i = 0; i < message->n_entries; i++) {
		parent = ledger_enter(world, from, &message->entries[i], parent);
		if (parent == NULL) {
			return;
		}
	}
	if (parent != NULL) {
		ledger_view_votes(world, from, parent);
	}
}

void promise_check(struct world *world, struct process *from, const struct message *message)
{
	if (message->from != from->node || message->boot != from->boot ||
	    !id128_equal(&message->disk, &from->disk->id)) {
		promise_fail(world, from, message, "J3", "in another's name");
	}
	switch (message->kind) {
	case MESSAGE_STATE: on_state(world, from, message); break;
	case MESSAGE_PREPARE: on_prepare(world, from, message); break;
	case MESSAGE_ACK: on_ack(world, from, message); break;
	case MESSAGE_ECHO: told_check(world, from, message); break;
	case MESSAGE_APPEND:
	case MESSAGE_ENTRIES: on_append(world, from, message); break;
	default: break;
	}
}
