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
static bool list_stays(const struct world *world, const struct record *last,
		       const struct disk *without, unsigned dead)
{
	const struct voters *voters = last != NULL ? last->voters : NULL;
	size_t all, n = 0;

	if (voters == NULL) {
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

bool majority_stays(const struct world *world, const struct disk *without, unsigned dead)
{
	for (unsigned i = 0; i < world->disks.n; i++) {
		const struct disk *disk = &world->disks.disk[i];

		if (!list_stays(world, image_last_record(&disk->durable), without, dead) ||
		    !list_stays(world, image_last_record(&disk->queued), without, dead)) {
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

bool majority_may_lose(const struct world *world, const struct process *process)
{
	return world->faults.twinned == 0 && majority_journal_stays(world, process->slot) &&
	       !process->disk->lost && !process->disk->set_back && world->operators.slot == 0 &&
	       (majority_stays(world, process->disk, 0) || operator_could(world, process));
}
