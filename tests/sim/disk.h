/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SIM_DISK_H
#define LUNMASK_SIM_DISK_H

#include "core/core.h"

struct world;
struct process;
struct record;

/*
 * Disks: transactions wait in order, become durable after a while, and are lost by a crash but for
 * some of the first ones. A disk that is replaced stays here, for comparison. Checks that what is
 * written is a log, that promises only grow (J4), and that what is committed is never dropped.
 */
struct image {
	struct id128 cluster;
	uint64_t boot;
	struct ballot promised;
	uint64_t commit;
	struct position base;
	struct id128 base_chain;
	struct record *base_record; /* of base; NULL: an empty log's */
	struct record **record;     /* index base.index + 1 and on */
	size_t n;
	size_t capacity;
	const uint8_t *snapshot;
	size_t snapshot_bytes;
	uint64_t snapshot_index;
	struct seen seen[JOURNAL_VOTERS_MAX];
	size_t n_seen;
};

struct transaction {
	struct transaction *next;
	struct core_persist persist; /* entries: not used */
	struct record **record;
	struct record *base_record;
};

struct disk {
	struct id128 id;
	uint32_t node;
	bool lost;     /* replaced, or a twin's: never counted on for liveness */
	bool failed;   /* takes nothing any more */
	bool set_back; /* and nobody has noticed yet */
	struct image durable;
	struct image queued; /* as it will be */
	struct image old;    /* to be set back to */
	bool old_there;
	struct transaction *first;
	struct transaction *last;
	size_t n_waiting;
	uint64_t syncing; /* sequence up to which is being synced; 0: idle */
	uint64_t life;    /* of syncs */

	/* What others may rely on: it was promised, or acknowledged. */
	struct ballot promised_max; /* durably */
	struct ballot promised_told;
	struct position acked_told;
};

#define DISKS_MAX 96

struct disks {
	struct disk disk[DISKS_MAX];
	unsigned n;
	int64_t sync_min_us;
	int64_t sync_max_us;
	int64_t slow_until_us[8]; /* by slot */
};

void disks_reset(struct disks *disks);
void disks_release(struct disks *disks);
struct disk *disks_find(const struct disks *disks, const struct id128 *id);
/* A blank one. NULL: too many. */
struct disk *disk_new(struct world *world, uint32_t node);

void disk_persist(struct world *world, struct process *process, const struct core_persist *persist);
void disk_synced(struct world *world, struct process *process, uint64_t life);
/* The power goes, or the process: some of what waits is kept. */
void disk_crash(struct world *world, struct disk *disk);
/* Writes all that waits: the process ends in peace. */
void disk_flush(struct world *world, struct disk *disk);
/* Keeps the state as it is now, to be set back to it; and does so. */
void disk_keep(struct disk *disk);
void disk_set_back(struct disk *disk);

struct position image_last(const struct image *image);
struct record *image_last_record(const struct image *image);
/* NULL: not there, or behind the base. */
struct record *image_at(const struct image *image, uint64_t index);
/* It is durable here, or was, and nobody can have noticed that it is not. */
bool disk_has(const struct world *world, const struct disk *disk, const struct record *record);

#endif
