/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "majority.h"

#include "world.h"

static bool node_listed(const struct world *world, uint32_t node)
{
	for (unsigned slot = 0; slot < world->n_slots; slot++) {
		if (world->membership.listed[slot] && world->process[slot].node == node) {
			return true;
		}
	}
	return false;
}

/* Of the voters' disks, how many are there but for that one, and those of these slots? */
static bool list_stays(const struct world *world, const struct voters *voters,
		       const struct disk *without, unsigned dead)
{
	size_t all, n = 0;

	if (voters == NULL || voters->n == 0) {
		return true;
	}
	for (size_t i = 0; i < voters->n; i++) {
		const struct disk *disk = disks_find(&world->disks, &voters->voter[i].disk);
		bool there = disk != NULL && !disk->lost && !disk->set_back && disk != without &&
			     disk->node != world->faults.twinned && node_listed(world, disk->node);

		for (unsigned slot = 0; slot < world->n_slots && there; slot++) {
			there = !((dead >> slot & 1) && world->process[slot].disk == disk);
		}
		n += there;
	}
	/* One that is no voter may be about to become one. */
	all = voters->n + (without != NULL && voters_find(voters, without->node, &without->id) < 0);
	return n > all / 2;
}

static const struct voters *image_voters(const struct image *image)
{
	const struct record *last = image_last_record(image);

	return last != NULL ? last->voters : NULL;
}

/* A sequencer may have decided on a list, and not written it yet. */
static bool core_list_stays(const struct world *world, const struct process *process,
			    const struct disk *without, unsigned dead)
{
	struct core_status status;

	if (process->core == NULL) {
		return true;
	}
	core_status_get(process->core, &status);
	return list_stays(world, &status.voters, without, dead);
}

bool majority_stays(const struct world *world, const struct disk *without, unsigned dead)
{
	for (unsigned i = 0; i < world->disks.n; i++) {
		const struct disk *disk = &world->disks.disk[i];

		/* What only a disk says that is gone is no list any more. */
		if (!disk->lost &&
		    (!list_stays(world, image_voters(&disk->durable), without, dead) ||
		     !list_stays(world, image_voters(&disk->queued), without, dead))) {
			return false;
		}
	}
	for (unsigned slot = 0; slot < world->n_slots; slot++) {
		if (!core_list_stays(world, &world->process[slot], without, dead)) {
			return false;
		}
	}
	return true;
}

/* A node of the node list that knows of the journal: else the others begin a new one. */
bool majority_journal_stays(const struct world *world, unsigned without)
{
	for (unsigned slot = 0; slot < world->n_slots; slot++) {
		const struct disk *disk = world->process[slot].disk;

		if (slot != without && world->membership.listed[slot] && disk != NULL &&
		    disk->node != world->faults.twinned && !disk->lost && !disk->set_back &&
		    image_last(&disk->durable).index > 0) {
			return true;
		}
	}
	return false;
}

/*
 * A disk that was lost may yet become a voter: a sequencer that is stopped, or slow, decides on
 * what it heard before.
 */
#define LOSS_APART_US 20000000

bool majority_may_lose(const struct world *world, const struct process *process)
{
	bool apart =
		world->faults.loss_us == 0 || world->now_us > world->faults.loss_us + LOSS_APART_US;

	return apart && world->faults.twinned == 0 &&
	       majority_journal_stays(world, process->slot) && !process->disk->lost &&
	       !process->disk->set_back && world->operators.slot == 0 &&
	       (majority_stays(world, process->disk, 0) || operator_could(world, process));
}
