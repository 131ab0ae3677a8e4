/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

void disks_reset(struct disks *disks)
{
	disks->n = 0;
	memset(disks->slow_until_us, 0, sizeof(disks->slow_until_us));
}

void disks_release(struct disks *disks)
{
	for (unsigned i = 0; i < DISKS_MAX; i++) {
		free(disks->disk[i].durable.record);
		free(disks->disk[i].queued.record);
		free(disks->disk[i].old.record);
	}
}

struct disk *disks_find(const struct disks *disks, const struct id128 *id)
{
	unsigned i = id->bytes[0];

	return i < disks->n && id128_equal(&disks->disk[i].id, id) ? (struct disk *)&disks->disk[i]
								   : NULL;
}

/* Empty, but for the memory. */
static void image_clear(struct image *image)
{
	*image = (struct image){.record = image->record, .capacity = image->capacity};
}

struct disk *disk_new(struct world *world, uint32_t node)
{
	struct disks *disks = &world->disks;
	struct disk *disk;
	uint64_t noise = random_next(&world->random);

	if (disks->n == DISKS_MAX) {
		world_fail(world, "SIM", "too many disks");
		return NULL;
	}
	disk = &disks->disk[disks->n];
	image_clear(&disk->durable);
	image_clear(&disk->queued);
	image_clear(&disk->old);
	*disk = (struct disk){
		.node = node, .durable = disk->durable, .queued = disk->queued, .old = disk->old};
	memcpy(disk->id.bytes + 8, &noise, sizeof(noise));
	disk->id.bytes[0] = (uint8_t)disks->n++;
	disk->id.bytes[1] = 0xd1;
	return disk;
}

/* Images */

struct record *image_last_record(const struct image *image)
{
	return image->n > 0 ? image->record[image->n - 1] : image->base_record;
}

struct position image_last(const struct image *image)
{
	const struct record *last = image_last_record(image);

	return last == NULL ? (struct position){0}
			    : (struct position){.ballot = last->entry.ballot,
						.index = last->entry.index};
}

struct record *image_at(const struct image *image, uint64_t index)
{
	if (index == image->base.index) {
		return image->base_record;
	}
	return index > image->base.index && index - image->base.index <= image->n
		       ? image->record[index - image->base.index - 1]
		       : NULL;
}

static void image_reserve(struct image *image, size_t n)
{
	if (n > image->capacity) {
		image->capacity = n + 64;
		image->record = realloc(image->record, image->capacity * sizeof(*image->record));
		if (image->record == NULL) {
			abort();
		}
	}
}

static void image_copy(struct image *to, const struct image *from)
{
	struct record **record = to->record;
	size_t capacity = to->capacity;

	*to = *from;
	to->record = record;
	to->capacity = capacity;
	image_reserve(to, from->n);
	if (from->n > 0) {
		memcpy(to->record, from->record, from->n * sizeof(*from->record));
	}
}

static void image_rebase(struct image *image, const struct transaction *transaction)
{
	uint64_t by = transaction->persist.base.index - image->base.index;

	if (by > image->n) {
		by = image->n;
	}
	if (image->n > by) {
		memmove(image->record, image->record + by,
			(image->n - by) * sizeof(*image->record));
	}
	image->n -= by;
	image->base = transaction->persist.base;
	image->base_chain = transaction->persist.base_chain;
	image->base_record = transaction->base_record;
}

static void image_apply(struct image *image, const struct transaction *transaction)
{
	const struct core_persist *persist = &transaction->persist;

	image->cluster = persist->cluster;
	image->promised = persist->promised;
	image->commit = persist->commit;
	memcpy(image->seen, persist->seen, persist->n_seen * sizeof(image->seen[0]));
	image->n_seen = persist->n_seen;
	if (persist->truncate && persist->truncate_after < image->base.index + image->n) {
		image->n = persist->truncate_after > image->base.index
				   ? persist->truncate_after - image->base.index
				   : 0;
	}
	/* Entries behind a new base need not follow what was there before. */
	if (persist->rebase) {
		image_rebase(image, transaction);
	}
	if (persist->n_entries > 0) {
		image_reserve(image, image->n + persist->n_entries);
		memcpy(image->record + image->n, transaction->record,
		       persist->n_entries * sizeof(*image->record));
		image->n += persist->n_entries;
	}
	if (persist->snapshot != NULL) {
		image->snapshot = persist->snapshot;
		image->snapshot_bytes = persist->snapshot_bytes;
		image->snapshot_index = persist->snapshot_index;
	}
}

/* Writing */

/* What the entries follow: the log as it will be when what waits is written. */
static struct record *entries_parent(struct world *world, const struct process *process,
				     const struct core_persist *persist)
{
	const struct image *image = &process->disk->queued;
	uint64_t first = persist->entries[0].index;

	if (first == 1) {
		return NULL;
	}
	if (persist->rebase && persist->base.index + 1 == first) {
		return ledger_find(&world->ledger, persist->base.ballot, persist->base.index);
	}
	return image_at(image, first - 1);
}

static bool entries_enter(struct world *world, struct process *process,
			  struct transaction *transaction, const struct core_persist *persist)
{
	struct record *parent;

	if (persist->n_entries == 0) {
		return true;
	}
	parent = entries_parent(world, process, persist);
	if (parent == NULL && persist->entries[0].index != 1) {
		world_fail(world, "J5", "node %" PRIu32 " writes a log with a gap", process->node);
		return false;
	}
	transaction->record =
		arena_alloc(&world->arena, persist->n_entries * sizeof(struct record *));
	for (size_t i = 0; i < persist->n_entries; i++) {
		parent = ledger_enter(world, process, &persist->entries[i], parent);
		if (parent == NULL) {
			return false;
		}
		transaction->record[i] = parent;
	}
	ledger_view_votes(world, process, parent);
	return true;
}

static struct transaction *transaction_new(struct world *world, struct process *process,
					   const struct core_persist *persist)
{
	struct transaction *transaction = arena_alloc(&world->arena, sizeof(*transaction));

	*transaction = (struct transaction){.persist = *persist};
	transaction->persist.seen =
		arena_copy(&world->arena, persist->seen, persist->n_seen * sizeof(struct seen));
	if (persist->snapshot != NULL) {
		transaction->persist.snapshot =
			arena_copy(&world->arena, persist->snapshot, persist->snapshot_bytes);
	}
	if (persist->rebase) {
		transaction->base_record =
			ledger_find(&world->ledger, persist->base.ballot, persist->base.index);
		if (persist->base.index > 0 && transaction->base_record == NULL) {
			world_fail(world, "J7", "node %" PRIu32 " cuts its log where none was",
				   process->node);
			return NULL;
		}
	}
	return entries_enter(world, process, transaction, persist) ? transaction : NULL;
}

/* The last index up to which the image is what is committed. */
static uint64_t image_committed(const struct world *world, const struct image *image)
{
	uint64_t index = image_last(image).index;

	if (index > world->ledger.n_committed) {
		index = world->ledger.n_committed;
	}
	while (index > image->base.index &&
	       image_at(image, index) != world->ledger.committed[index]) {
		index--;
	}
	return index;
}

static void image_check(struct world *world, struct process *process,
			const struct transaction *transaction, uint64_t committed)
{
	const struct image *image = &process->disk->queued;
	const struct record *last = image_last_record(image);

	if (committed > image_committed(world, image)) {
		world_fail(world, "J1",
			   "node %" PRIu32 " drops committed entry %" PRIu64 " from its disk",
			   process->node, committed);
	}
	if (last != NULL && last->entry.index != image->base.index + image->n) {
		world_fail(world, "J5", "node %" PRIu32 " writes a log with a gap", process->node);
	}
	/* A log may be cut only behind something that can be started from. */
	if (transaction->persist.rebase && image->snapshot_index < image->base.index) {
		world_fail(world, "J5", "node %" PRIu32 " cuts its log without a snapshot",
			   process->node);
	}
}

static void disk_sync_begin(struct world *world, struct process *process)
{
	struct disk *disk = process->disk;
	struct disks *disks = &world->disks;
	int64_t delay_us = random_between(&world->random, disks->sync_min_us, disks->sync_max_us);

	if (disk->syncing != 0 || disk->first == NULL || disk->failed) {
		return;
	}
	if (disks->slow_until_us[process->slot] > world->now_us) {
		delay_us = random_between(&world->random, 1000000, 5000000);
	}
	disk->syncing = disk->last->persist.sequence;
	if (random_chance(&world->random, 100)) {
		disk->syncing = disk->first->persist.sequence;
	}
	world_add(world, EVENT_SYNCED, process->slot, delay_us, 0, disk->life, disk);
}

void disk_persist(struct world *world, struct process *process, const struct core_persist *persist)
{
	struct disk *disk = process->disk;
	struct transaction *transaction = transaction_new(world, process, persist);
	uint64_t committed;

	if (transaction == NULL) {
		return;
	}
	if (ballot_compare(persist->promised, disk->queued.promised) < 0) {
		world_fail(world, "J4", "node %" PRIu32 " takes a promise back", process->node);
	}
	if (persist->truncate) {
		world_cover(world, COVERAGE_TRUNCATED);
	}
	if (persist->rebase) {
		world_cover(world, COVERAGE_CUT);
	}
	committed =
		persist->truncate || persist->rebase ? image_committed(world, &disk->queued) : 0;
	image_apply(&disk->queued, transaction);
	image_check(world, process, transaction, committed);
	if (disk->last != NULL) {
		disk->last->next = transaction;
	} else {
		disk->first = transaction;
	}
	disk->last = transaction;
	disk->n_waiting++;
	disk_sync_begin(world, process);
}

static void disk_write_first(struct disk *disk)
{
	struct transaction *transaction = disk->first;

	image_apply(&disk->durable, transaction);
	if (ballot_compare(disk->durable.promised, disk->promised_max) > 0) {
		disk->promised_max = disk->durable.promised;
	}
	disk->first = transaction->next;
	if (disk->first == NULL) {
		disk->last = NULL;
	}
	disk->n_waiting--;
}

void disk_synced(struct world *world, struct process *process, uint64_t life)
{
	struct disk *disk = process->disk;
	uint64_t sequence = disk->syncing;

	if (disk->life != life || disk->failed) {
		return;
	}
	while (disk->first != NULL && disk->first->persist.sequence <= sequence) {
		disk_write_first(disk);
	}
	disk->syncing = 0;
	world_add(world, EVENT_PERSISTED, process->slot, random_between(&world->random, 0, 200),
		  process->life, sequence, NULL);
	disk_sync_begin(world, process);
}

void disk_crash(struct world *world, struct disk *disk)
{
	size_t kept = random_below(&world->random, disk->n_waiting + 1);

	if (random_chance(&world->random, 500)) {
		kept = 0;
	}
	if (kept < disk->n_waiting) {
		world_cover(world, COVERAGE_WRITES_LOST);
	}
	if (kept > 0) {
		world_cover(world, COVERAGE_WRITES_TORN);
	}
	while (kept-- > 0) {
		disk_write_first(disk);
	}
	if (disk->first != NULL &&
	    ballot_compare(disk->last->persist.promised, disk->promised_max) > 0) {
		ledger_forget(&world->ledger, disk->last->persist.promised);
	}
	disk->first = disk->last = NULL;
	disk->n_waiting = 0;
	disk->syncing = 0;
	disk->life++;
	image_copy(&disk->queued, &disk->durable);
}

void disk_flush(struct world *world, struct disk *disk)
{
	(void)world;
	while (disk->first != NULL) {
		disk_write_first(disk);
	}
	disk->syncing = 0;
	disk->life++;
}

void disk_keep(struct disk *disk)
{
	image_copy(&disk->old, &disk->durable);
	disk->old_there = true;
}

void disk_set_back(struct disk *disk)
{
	image_copy(&disk->durable, &disk->old);
	image_copy(&disk->queued, &disk->old);
	disk->set_back = true;
}

bool disk_has(const struct world *world, const struct disk *disk, const struct record *record)
{
	uint64_t index = record->entry.index;

	if (image_at(&disk->durable, index) == record) {
		return true;
	}
	if (index <= disk->durable.base.index) {
		return record_ancestor(disk->durable.base_record, index) == record;
	}
	(void)world;
	return disk->set_back && disk->acked_told.index >= index;
}
