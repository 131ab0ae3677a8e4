/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "twin.h"

#include "majority.h"
#include "world.h"

#define PUT_OFF_MAX 20

/* The voters do not depend on its disk, and are not about to. */
static bool may_go(const struct world *world, const struct process *process)
{
	return process->disk == NULL || process->disk->failed ||
	       majority_stays(world, process->disk, 1u << process->slot);
}

/* Another machine with a node's id and a store of its own; at the next call it goes. */
void twin_begin(struct world *world)
{
	struct process *twin = &world->process[world->n_nodes + 1];
	struct process *of;

	if (world->n_nodes < 3) {
		return;
	}
	if (twin->core != NULL || twin->disk != NULL) {
		if (may_go(world, twin)) {
			process_down(world, twin, true);
			membership_update(world);
		}
		return;
	}
	of = &world->process[random_below(&world->random, world->n_nodes)];
	if (of->disk == NULL || world->faults.set_back != 0 || !majority_may_lose(world, of)) {
		return;
	}
	twin->node = of->node;
	twin->disk = disk_new(world, twin->node);
	if (twin->disk != NULL) {
		twin->disk->lost = true;
		world->faults.twinned = twin->node;
		world_cover(world, COVERAGE_TWIN);
		process_start_later(world, twin, 1);
	}
}

/*
 * Of two machines with the same node id, one goes: the later one, unless the voters have come to
 * depend on its disk. false: they depend on both.
 */
static bool twin_choose(struct world *world, unsigned *ret_gone)
{
	struct process *twin = &world->process[world->n_nodes + 1];
	struct process *process = &world->process[twin->node - 1];

	*ret_gone = twin->slot;
	if (twin->disk == NULL) {
		return true;
	}
	twin->disk->lost = false;
	if (!may_go(world, twin) && may_go(world, process)) {
		world->membership.listed[twin->slot] = true;
		world->membership.listed[process->slot] = false;
		if (process->disk != NULL) {
			process->disk->lost = true;
		}
		*ret_gone = process->slot;
		return true;
	}
	twin->disk->lost = true;
	return may_go(world, twin);
}

bool twin_end(struct world *world, unsigned *ret_gone)
{
	uint32_t twinned = world->faults.twinned;

	world->faults.twinned = 0;
	if (twin_choose(world, ret_gone)) {
		return true;
	}
	if (world->faults.put_off < PUT_OFF_MAX) {
		world->faults.put_off++;
		world->faults.end_us += 1000000;
		world->faults.twinned = twinned;
		return false;
	}
	world->faults.beyond = true;
	return true;
}
