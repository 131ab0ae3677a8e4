/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

void ledger_reset(struct ledger *ledger)
{
	if (ledger->n > 0) {
		memset(ledger->slot, 0, sizeof(ledger->slot));
	}
	if (ledger->committed != NULL) {
		memset(ledger->committed, 0, ledger->committed_capacity * sizeof(struct record *));
	}
	ledger->n = ledger->n_views = ledger->n_makers = ledger->n_committed = 0;
	ledger->n_applied = ledger->n_verified = 0;
	ledger->view_new = NULL;
}

void ledger_release(struct ledger *ledger)
{
	free(ledger->committed);
	free(ledger->applied);
	ledger->committed = NULL;
	ledger->applied = NULL;
}

static size_t slot_of(const struct ledger *ledger, struct ballot ballot, uint64_t index)
{
	uint64_t hash = (ballot.counter * 31 + ballot.node) * 0x9e3779b97f4a7c15u +
			index * 0xc2b2ae3d27d4eb4fu;
	size_t slot = (hash >> 32) & (LEDGER_SLOTS - 1);
	const struct record *record;

	while ((record = ledger->slot[slot]) != NULL &&
	       (record->entry.index != index ||
		ballot_compare(record->entry.ballot, ballot) != 0)) {
		slot = (slot + 1) & (LEDGER_SLOTS - 1);
	}
	return slot;
}

struct record *ledger_find(const struct ledger *ledger, struct ballot ballot, uint64_t index)
{
	return ledger->slot[slot_of(ledger, ballot, index)];
}

struct record *record_ancestor(struct record *record, uint64_t index)
{
	while (record != NULL && record->entry.index > index) {
		record = record->parent;
	}
	return record;
}

static bool entry_same(const struct entry *a, const struct entry *b)
{
	return a->kind == b->kind && a->bytes == b->bytes &&
	       id128_equal(&a->request, &b->request) && id128_equal(&a->chain, &b->chain) &&
	       (a->data == b->data || a->bytes == 0 || memcmp(a->data, b->data, a->bytes) == 0);
}

/* J6: what is committed is in the log of every later view. */
static void view_check(struct world *world, struct record *view)
{
	struct ledger *ledger = &world->ledger;

	for (size_t i = 0; i < ledger->n_views; i++) {
		if (ballot_compare(ledger->view[i]->entry.ballot, view->entry.ballot) == 0) {
			world_fail(world, "J3", "two views of one ballot");
		}
	}
	if (ledger->n_views == LEDGER_VIEWS_MAX) {
		world_fail(world, "SIM", "too many views");
		return;
	}
	ledger->view[ledger->n_views++] = view;
	world_cover(world, COVERAGE_VIEW);
	ledger->view_new = view;
	if (ledger->n_committed > 0 &&
	    ballot_compare(ledger->committed[ledger->n_committed]->entry.ballot,
			   view->entry.ballot) < 0 &&
	    record_ancestor(view, ledger->n_committed) != ledger->committed[ledger->n_committed]) {
		world_fail(world, "J6",
			   "view (%" PRIu64 ".%" PRIu32 ") at %" PRIu64
			   " lacks committed entry %" PRIu64,
			   view->entry.ballot.counter, view->entry.ballot.node, view->entry.index,
			   ledger->n_committed);
	}
}

static struct record *record_new(struct world *world, const struct entry *entry,
				 struct record *parent)
{
	struct record *record = arena_alloc(&world->arena, sizeof(*record));
	struct voters *voters;

	record->entry = *entry;
	record->entry.data = arena_copy(&world->arena, entry->data, entry->bytes);
	record->parent = parent;
	record->voters = parent != NULL ? parent->voters : NULL;
	if (entry->kind == ENTRY_VOTERS) {
		voters = arena_alloc(&world->arena, sizeof(*voters));
		if (voters_decode(entry->data, entry->bytes, voters) < 0) {
			world_fail(world, "J7", "VOTERS cannot be read");
		}
		record->voters = voters;
		world_cover(world, COVERAGE_VOTERS);
	}
	return record;
}

struct record *ledger_enter(struct world *world, const struct process *from,
			    const struct entry *entry, struct record *parent)
{
	struct ledger *ledger = &world->ledger;
	size_t slot = slot_of(ledger, entry->ballot, entry->index);
	struct record *record = ledger->slot[slot];

	if (record != NULL) {
		if (!entry_same(&record->entry, entry) || record->parent != parent) {
			world_fail(world, "J7",
				   "node %" PRIu32 " has another entry (%" PRIu64 ".%" PRIu32
				   ") %" PRIu64 " than others",
				   from->node, entry->ballot.counter, entry->ballot.node,
				   entry->index);
			return NULL;
		}
		return record;
	}
	if (entry->index != (parent != NULL ? parent->entry.index + 1 : 1) ||
	    (parent != NULL && ballot_compare(entry->ballot, parent->entry.ballot) < 0)) {
		world_fail(world, "J7",
			   "node %" PRIu32 " has entry (%" PRIu64 ".%" PRIu32 ") %" PRIu64
			   " behind something that is not before it",
			   from->node, entry->ballot.counter, entry->ballot.node, entry->index);
		return NULL;
	}
	if (++ledger->n >= LEDGER_SLOTS / 2) {
		world_fail(world, "SIM", "too many entries");
		return NULL;
	}
	record = ledger->slot[slot] = record_new(world, entry, parent);
	ledger_sequencer(world, from, entry->ballot, false);
	if (entry->kind == ENTRY_VIEW) {
		view_check(world, record);
	}
	return record;
}

void ledger_sequencer(struct world *world, const struct process *from, struct ballot ballot,
		      bool told)
{
	struct ledger *ledger = &world->ledger;
	struct maker *maker;

	for (size_t i = ledger->n_makers; i-- > 0;) {
		maker = &ledger->maker[i];
		if (ballot_compare(maker->ballot, ballot) != 0) {
			continue;
		}
		if (!id128_equal(&maker->disk, &from->disk->id) || maker->boot != from->boot) {
			world_fail(world, "J3",
				   "node %" PRIu32 " acts as sequencer of (%" PRIu64 ".%" PRIu32
				   "), which another is",
				   from->node, ballot.counter, ballot.node);
		}
		maker->told = maker->told || told;
		return;
	}
	if (ballot.node != from->node) {
		world_fail(world, "J3",
			   "node %" PRIu32 " acts in the ballot (%" PRIu64 ".%" PRIu32 ")",
			   from->node, ballot.counter, ballot.node);
	}
	if (ledger->n_makers == LEDGER_VIEWS_MAX) {
		world_fail(world, "SIM", "too many ballots");
		return;
	}
	ledger->maker[ledger->n_makers++] = (struct maker){
		.ballot = ballot, .disk = from->disk->id, .boot = from->boot, .told = told};
}

void ledger_view_votes(struct world *world, const struct process *from, const struct record *last)
{
	const struct record *view = world->ledger.view_new;
	const struct voters *voters = last->voters;
	size_t votes = 0;

	world->ledger.view_new = NULL;
	if (view == NULL || voters == NULL || view->entry.index == 1) {
		return; /* a new cluster has nobody to ask */
	}
	for (size_t i = 0; i < voters->n; i++) {
		const struct disk *disk = disks_find(&world->disks, &voters->voter[i].disk);

		/* Its own promise may be in the same transaction: of one that goes on alone. */
		votes += disk != NULL &&
			 (disk == from->disk ||
			  ballot_compare(disk->promised_max, view->entry.ballot) >= 0);
	}
	if (votes < voters_majority(voters)) {
		world_fail(world, "J9", "view (%" PRIu64 ".%" PRIu32 ") has %zu votes of %zu",
			   view->entry.ballot.counter, view->entry.ballot.node, votes, voters->n);
	}
}

static bool maker_forget(struct ledger *ledger, struct ballot ballot)
{
	for (size_t i = 0; i < ledger->n_makers; i++) {
		if (ballot_compare(ledger->maker[i].ballot, ballot) == 0) {
			if (ledger->maker[i].told) {
				return false;
			}
			ledger->maker[i] = ledger->maker[--ledger->n_makers];
			return true;
		}
	}
	return false;
}

void ledger_forget(struct ledger *ledger, struct ballot ballot)
{
	if (!maker_forget(ledger, ballot)) {
		return;
	}
	for (size_t i = 0; i < ledger->n_views; i++) {
		if (ballot_compare(ledger->view[i]->entry.ballot, ballot) == 0) {
			ledger->view[i] = ledger->view[--ledger->n_views];
			break;
		}
	}
	/* They keep their places, for those that come behind, and are found no more. */
	for (size_t i = 0; i < LEDGER_SLOTS; i++) {
		if (ledger->slot[i] != NULL &&
		    ballot_compare(ledger->slot[i]->entry.ballot, ballot) == 0) {
			ledger->slot[i]->entry.ballot = (struct ballot){0};
		}
	}
}

/* Committing */

static bool majority_has(struct world *world, const struct voters *voters,
			 const struct record *record)
{
	size_t n = 0;

	for (size_t i = 0; voters != NULL && i < voters->n; i++) {
		const struct disk *disk = disks_find(&world->disks, &voters->voter[i].disk);

		n += disk != NULL && disk_has(world, disk, record);
	}
	return voters != NULL && n >= voters_majority(voters);
}

/*
 * J8: durable on a majority of the voters. A later list may be the one that it was committed
 * under, and so may any between: the core that tells us may know more than the sequencer did.
 */
static void commit_durable_check(struct world *world, const struct process *from,
				 const struct voters *voters, struct record *record)
{
	struct record *last = from->disk->queued.n > 0
				      ? from->disk->queued.record[from->disk->queued.n - 1]
				      : record;

	if (majority_has(world, voters, record)) {
		return;
	}
	for (; last != NULL && last->entry.index >= record->entry.index; last = last->parent) {
		if (majority_has(world, last->voters, record)) {
			return;
		}
	}
	for (size_t i = 0; world->trace && i < record->voters->n; i++) {
		const struct disk *disk = disks_find(&world->disks, &record->voters->voter[i].disk);

		world_print(world, "voter n%" PRIu32 " disk %u %s it", disk->node,
			    disk->id.bytes[0], disk_has(world, disk, record) ? "has" : "lacks");
	}
	world_fail(world, "J8",
		   "node %" PRIu32 " says that entry (%" PRIu64 ".%" PRIu32 ") %" PRIu64
		   " is committed: it is not durable on a majority",
		   from->node, record->entry.ballot.counter, record->entry.ballot.node,
		   record->entry.index);
}

static void committed_grow(struct ledger *ledger, uint64_t index)
{
	size_t capacity = ledger->committed_capacity;

	if (index < capacity) {
		return;
	}
	while (index >= capacity) {
		capacity = capacity > 0 ? 2 * capacity : 1024;
	}
	ledger->committed = realloc(ledger->committed, capacity * sizeof(struct record *));
	if (ledger->committed == NULL) {
		abort();
	}
	memset(ledger->committed + ledger->committed_capacity, 0,
	       (capacity - ledger->committed_capacity) * sizeof(struct record *));
	ledger->committed_capacity = capacity;
}

/* A crash may have lost the only copy of it: of one that was forced to go on alone. */
static bool view_is_somewhere(const struct world *world, const struct record *view)
{
	for (unsigned i = 0; i < world->disks.n; i++) {
		struct record *last = image_last_record(&world->disks.disk[i].queued);

		if (record_ancestor(last, view->entry.index) == view) {
			return true;
		}
	}
	return false;
}

static void later_views_check(struct world *world, struct record *record)
{
	struct ledger *ledger = &world->ledger;

	for (size_t i = 0; i < ledger->n_views; i++) {
		struct record *view = ledger->view[i];

		if (ballot_compare(view->entry.ballot, record->entry.ballot) > 0 &&
		    record_ancestor(view, record->entry.index) != record &&
		    view_is_somewhere(world, view)) {
			world_fail(world, "J6",
				   "entry (%" PRIu64 ".%" PRIu32 ") %" PRIu64
				   " is committed, and not in view (%" PRIu64 ".%" PRIu32 ")",
				   record->entry.ballot.counter, record->entry.ballot.node,
				   record->entry.index, view->entry.ballot.counter,
				   view->entry.ballot.node);
		}
	}
}

void ledger_commit(struct world *world, const struct process *from, const struct voters *voters,
		   struct record *record)
{
	struct ledger *ledger = &world->ledger;
	uint64_t index = record->entry.index;

	committed_grow(ledger, index);
	if (index > ledger->n_committed) {
		commit_durable_check(world, from, voters, record);
		later_views_check(world, record);
		ledger->n_committed = index;
	}
	for (; record != NULL; record = record->parent) {
		struct record **place = &ledger->committed[record->entry.index];

		if (*place != NULL && *place != record) {
			world_fail(world, "J1",
				   "node %" PRIu32 " has committed (%" PRIu64 ".%" PRIu32
				   ") %" PRIu64 ", others (%" PRIu64 ".%" PRIu32 ")",
				   from->node, record->entry.ballot.counter,
				   record->entry.ballot.node, record->entry.index,
				   (*place)->entry.ballot.counter, (*place)->entry.ballot.node);
		}
		if (*place != NULL) {
			break;
		}
		*place = record;
		world_cover(world, COVERAGE_COMMIT);
		if (record->entry.kind == ENTRY_REQUEST) {
			clients_committed(world, &record->entry);
		}
	}
}

/* Applying */

void ledger_apply(struct world *world, const struct process *from, size_t n, uint64_t index,
		  uint64_t serial)
{
	struct ledger *ledger = &world->ledger;
	struct applied_entry *entry;

	if (n < ledger->n_applied) {
		entry = &ledger->applied[n];
		if (entry->index != index || entry->serial != serial) {
			world_fail(world, "J1",
				   "node %" PRIu32 " applies %" PRIu64 " as request %" PRIu64
				   ", others %" PRIu64 " as %" PRIu64,
				   from->node, index, serial, entry->index, entry->serial);
		}
		return;
	}
	if (ledger->n_applied == ledger->applied_capacity) {
		ledger->applied_capacity =
			ledger->applied_capacity ? 2 * ledger->applied_capacity : 1024;
		ledger->applied =
			realloc(ledger->applied, ledger->applied_capacity * sizeof(*entry));
		if (ledger->applied == NULL) {
			abort();
		}
	}
	entry = &ledger->applied[ledger->n_applied++];
	*entry = (struct applied_entry){.index = index, .serial = serial};
	entry->hash = (n > 0 ? entry[-1].hash : 0) * 0x9e3779b97f4a7c15u + index * 31 + serial;
	clients_applied(world, serial, index, n + 1);
}

void ledger_verify(struct world *world)
{
	struct ledger *ledger = &world->ledger;

	for (; ledger->n_verified < ledger->n_applied; ledger->n_verified++) {
		const struct applied_entry *entry = &ledger->applied[ledger->n_verified];
		struct id128 id = clients_id(world, entry->serial);

		if (entry->index > ledger->n_committed || ledger->committed[entry->index] == NULL ||
		    !id128_equal(&ledger->committed[entry->index]->entry.request, &id)) {
			world_fail(world, "J1", "%" PRIu64 " was applied and is not committed",
				   entry->index);
			return;
		}
	}
}
