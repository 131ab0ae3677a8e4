/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "operator.h"

#include "world.h"

/* The only other node of two; NULL: there are not two, or one has another's id. */
static const struct process *other_of(const struct world *world, const struct process *process)
{
	const struct process *other = NULL;

	for (unsigned slot = 0; slot < world->n_slots; slot++) {
		const struct process *there = &world->process[slot];

		if (there == process || there->disk == NULL) {
			continue;
		}
		if (other != NULL) {
			return NULL;
		}
		other = there;
	}
	return other;
}

static bool votes_by(const struct disk *disk, const struct disk *log)
{
	const struct record *last = image_last_record(&log->durable);

	/* From two to three it goes by a list with a voter that never votes. */
	return last != NULL && last->voters != NULL &&
	       last->voters->n - (voters_find(last->voters, 0, NULL) >= 0 ? 1 : 0) <= 2 &&
	       voters_find(last->voters, disk->node, &disk->id) >= 0;
}

/* Nothing can be committed, and nothing can come to be, that the one has and the other lacks. */
static bool lacks_nothing(const struct process *process, const struct process *other)
{
	const struct disk *disk = process->disk;

	return disk != NULL && other->disk != NULL && !disk->lost && !disk->set_back &&
	       !other->disk->set_back && votes_by(disk, disk) && votes_by(disk, other->disk) &&
	       position_compare(image_last(&disk->durable), image_last(&other->disk->durable)) >=
		       0 &&
	       position_compare(image_last(&disk->durable), image_last(&other->disk->queued)) >= 0;
}

bool operator_could(const struct world *world, const struct process *loser)
{
	const struct process *other = other_of(world, loser);

	return other != NULL && lacks_nothing(other, loser);
}

/* Long enough for a node to make a voter of the one that is lost, if it is still about to. */
#define PATIENCE_US 6000000

void operator_call(struct world *world, const struct process *loser)
{
	const struct process *other = other_of(world, loser);

	if (other != NULL && operator_could(world, loser)) {
		world->operators.slot = other->slot + 1;
		world->operators.again_us = world->now_us + PATIENCE_US;
	}
}

static int solo_forced(struct world *world, struct process *process, unsigned peer)
{
	const char *why = NULL;
	int rc = core_on_solo(process->core, process_now_ms(process), SOLO_FORCED, peer,
			      world->membership.wait_for_all, &why);

	world_trace(world, "n%u is forced to go on alone: %s", process->node,
		    rc == 0       ? "done"
		    : why != NULL ? why
				  : "already");
	world_cover(world, rc == 0 ? COVERAGE_SOLO_FORCED : COVERAGE_FORCE_REFUSED);
	process_after(world, process);
	return rc;
}

/*
 * It still waits for the one whose disk is gone. That may have made itself the only voter, and told
 * so without having written it.
 */
static bool other_is_lost(const struct world *world, const struct disk *disk)
{
	const struct record *last = image_last_record(&disk->durable);

	if (last == NULL || last->voters == NULL) {
		return false;
	}
	for (size_t i = 0; i < last->voters->n; i++) {
		const struct disk *other = disks_find(&world->disks, &last->voters->voter[i].disk);

		if (other != NULL && other != disk && (other->lost || other->set_back)) {
			return true;
		}
	}
	return false;
}

void operator_work(struct world *world)
{
	struct process *process;

	if (world->operators.slot == 0 || world->now_us < world->operators.again_us) {
		return;
	}
	process = &world->process[world->operators.slot - 1];
	if (process->core == NULL || process_paused(process)) {
		world->operators.again_us = world->now_us + PATIENCE_US;
		return;
	}
	if (!other_is_lost(world, process->disk)) {
		world->operators.slot = 0;
		return;
	}
	world->operators.again_us = world->now_us + 2000000;
	(void)solo_forced(world, process, 3 - process->node);
}

void operator_force(struct world *world, struct process *process)
{
	const struct process *other = other_of(world, process);

	if (other != NULL && !other->machine_up && !process_paused(process) &&
	    world->operators.slot == 0 && lacks_nothing(process, other)) {
		(void)solo_forced(world, process, other->node);
	}
}
