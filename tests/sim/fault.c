/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fault.h"

#include <glib.h>
#include <string.h>

#include "majority.h"
#include "operator.h"
#include "twin.h"
#include "world.h"

#define SECOND_US INT64_C(1000000)

/* Who is hit */

static struct process *any_running(struct world *world)
{
	unsigned first = (unsigned)random_below(&world->random, world->n_slots);

	for (unsigned i = 0; i < world->n_slots; i++) {
		struct process *process = &world->process[(first + i) % world->n_slots];

		if (process->core != NULL) {
			return process;
		}
	}
	return NULL;
}

static int64_t some_us(struct world *world, int64_t low_us, int64_t high_us)
{
	return random_between(&world->random, low_us, high_us);
}

/* Processes and machines */

static void fault_crash(struct world *world)
{
	struct process *process = any_running(world);

	if (process == NULL) {
		return;
	}
	process_down(world, process, false);
	world_cover(world, COVERAGE_CRASH);
	process_start_later(world, process, some_us(world, 20000, 6 * SECOND_US));
	membership_update(world);
}

static void fault_power_cut(struct world *world)
{
	struct process *process = any_running(world);

	if (process == NULL) {
		return;
	}
	process_down(world, process, true);
	world_cover(world, COVERAGE_POWER_CUT);
	process_start_later(world, process, some_us(world, SECOND_US, 10 * SECOND_US));
	membership_update(world);
}

static void fault_power_cut_all(struct world *world)
{
	bool alone = random_chance(&world->random, 400);
	struct process *first = any_running(world);

	if (first == NULL) {
		return;
	}
	world_cover(world, COVERAGE_POWER_CUT_ALL);
	for (unsigned slot = 0; slot < world->n_slots; slot++) {
		struct process *process = &world->process[slot];

		if (process->core == NULL) {
			continue;
		}
		process_down(world, process, true);
		process_start_later(world, process,
				    alone && process != first
					    ? some_us(world, 6 * SECOND_US, 15 * SECOND_US)
					    : some_us(world, 100000, 5 * SECOND_US));
	}
	if (alone) {
		world_cover(world, COVERAGE_LONE_COLD);
	}
}

static void fault_left(struct world *world)
{
	struct process *process = any_running(world);

	if (process == NULL || process_paused(process)) {
		return;
	}
	process_end(world, process, PROCESS_LEFT);
	world_cover(world, COVERAGE_LEFT);
	process_start_later(world, process, some_us(world, 20000, SECOND_US));
	membership_update(world);
}

static void fault_pause(struct world *world)
{
	struct process *process = any_running(world);

	if (process != NULL && !process_paused(process)) {
		process_pause(world, process, some_us(world, 50000, 4 * SECOND_US));
		world_cover(world, COVERAGE_PAUSE);
	}
}

static void fault_mute(struct world *world)
{
	struct process *process = any_running(world);

	if (process != NULL && !process_paused(process)) {
		process_pause(world, process, some_us(world, 5 * SECOND_US, 15 * SECOND_US));
		world_cover(world, COVERAGE_MUTE);
	}
}

static void fault_ghost(struct world *world)
{
	struct process *process = any_running(world);

	if (process == NULL) {
		return;
	}
	process_down(world, process, random_chance(&world->random, 500));
	world->membership.ghosts |= 1u << process->slot;
	world_cover(world, COVERAGE_GHOST);
	process_start_later(world, process, some_us(world, 3 * SECOND_US, 15 * SECOND_US));
	membership_update(world);
}

/* Network and membership */

static void fault_partition(struct world *world)
{
	unsigned groups = random_chance(&world->random, 800) ? 2 : 3;
	unsigned group[WORLD_SLOTS_MAX];
	bool flap = random_chance(&world->random, 250);

	for (unsigned slot = 0; slot < world->n_slots; slot++) {
		group[slot] = (unsigned)random_below(&world->random, groups);
	}
	for (unsigned a = 0; a < world->n_slots; a++) {
		for (unsigned b = 0; b < world->n_slots; b++) {
			world->network.link[a][b] = group[a] == group[b];
		}
	}
	world_trace(world, "partition");
	world_cover(world, flap ? COVERAGE_FLAP : COVERAGE_PARTITION);
	membership_update(world);
	world_add(world, EVENT_HEAL, 0,
		  flap ? some_us(world, 50000, 500000) : some_us(world, SECOND_US, 12 * SECOND_US),
		  0, 0, NULL);
}

static void fault_one_way(struct world *world)
{
	unsigned a = (unsigned)random_below(&world->random, world->n_nodes);
	unsigned b = (unsigned)random_below(&world->random, world->n_nodes);

	if (a == b) {
		return;
	}
	world->network.link[a][b] = false;
	world_trace(world, "n%u does not reach n%u", a + 1, b + 1);
	world_cover(world, COVERAGE_ONE_WAY);
	if (random_chance(&world->random, 300)) {
		membership_update(world);
	}
	world_add(world, EVENT_HEAL, 0, some_us(world, SECOND_US, 12 * SECOND_US), 0, 0, NULL);
}

void faults_heal(struct world *world)
{
	for (unsigned a = 0; a < world->n_slots; a++) {
		for (unsigned b = 0; b < world->n_slots; b++) {
			world->network.link[a][b] = true;
		}
	}
	world_trace(world, "all links are there");
	membership_update(world);
}

/* Its disk is about to be lost: not another one soon, and the operator is told. */
static void loss_note(struct world *world, const struct process *process)
{
	world->faults.loss_us = world->now_us;
	operator_call(world, process);
}

static void fault_regroup(struct world *world)
{
	world_cover(world, COVERAGE_REGROUP);
	membership_update(world);
}

/* Disks */

static void fault_disk_slow(struct world *world)
{
	struct process *process = any_running(world);

	if (process != NULL) {
		world->disks.slow_until_us[process->slot] =
			world->now_us + some_us(world, SECOND_US, 8 * SECOND_US);
		world_cover(world, COVERAGE_DISK_SLOW);
	}
}

static void fault_disk_error(struct world *world)
{
	struct process *process = any_running(world);

	if (process == NULL || !majority_may_lose(world, process)) {
		return;
	}
	loss_note(world, process);
	process->disk->failed = process->disk->lost = true;
	world_cover(world, COVERAGE_DISK_ERROR);
	world_trace(world, "n%u: the disk fails", process->node);
	world_add(world, EVENT_STORE_FAILED, process->slot, some_us(world, 0, 20000), process->life,
		  0, NULL);
}

static void fault_disk_gone(struct world *world)
{
	struct process *process = any_running(world);

	if (process == NULL || !majority_may_lose(world, process)) {
		return;
	}
	loss_note(world, process);
	world_cover(world, COVERAGE_DISK_GONE);
	process_down(world, process, random_chance(&world->random, 500));
	process_disk_drop(world, process);
	process_start_later(world, process, some_us(world, 100000, 6 * SECOND_US));
	membership_update(world);
}

static bool image_remembers(const struct image *image, const struct disk *of)
{
	for (size_t i = 0; i < image->n_seen; i++) {
		const struct seen *seen = &image->seen[i];

		if (seen->node == of->node && id128_equal(&seen->disk, &of->id)) {
			return seen->boot > of->old.boot + 1;
		}
	}
	return false;
}

/* Whoever it could vote with remembers, durably, what it is about to forget. */
static bool others_remember(const struct world *world, const struct disk *of)
{
	const struct record *last = image_last_record(&of->old);

	if (last == NULL || last->voters == NULL || last->voters->n == 1) {
		return false; /* by the old log it needs nobody else */
	}
	for (unsigned i = 0; i < world->disks.n; i++) {
		const struct disk *disk = &world->disks.disk[i];

		if (disk != of && !disk->lost && !image_remembers(&disk->durable, of)) {
			return false;
		}
	}
	return true;
}

static void fault_disk_back(struct world *world)
{
	struct process *process = any_running(world);
	struct disk *disk;

	for (unsigned i = 0; i < world->disks.n; i++) {
		disk = &world->disks.disk[i];
		if (!disk->old_there || random_chance(&world->random, 100)) {
			disk_keep(disk);
		}
	}
	if (process == NULL || world->faults.set_back != 0 || world->faults.twinned != 0 ||
	    !process->disk->old_there || !others_remember(world, process->disk) ||
	    !majority_may_lose(world, process)) {
		return;
	}
	loss_note(world, process);
	disk = process->disk;
	process_down(world, process, true);
	disk_set_back(disk);
	world->faults.set_back = process->slot + 1;
	world_cover(world, COVERAGE_DISK_BACK);
	world_trace(world, "n%u: the disk is set back", process->node);
	process_start_later(world, process, some_us(world, 100000, 3 * SECOND_US));
	membership_update(world);
}

/* The node list */

static void fault_node_added(struct world *world)
{
	unsigned first = (unsigned)random_below(&world->random, world->n_nodes + 1);

	for (unsigned i = 0; i <= world->n_nodes; i++) {
		unsigned slot = (first + i) % (world->n_nodes + 1);

		if (world->membership.listed[slot] || world->ledger.n_committed == 0) {
			continue;
		}
		world->membership.listed[slot] = true;
		world_trace(world, "n%u is in the node list", slot + 1);
		world_cover(world, COVERAGE_NODE_ADDED);
		process_start_later(world, &world->process[slot], 1000);
		membership_nodes(world);
		return;
	}
}

static void fault_node_removed(struct world *world)
{
	unsigned slot = (unsigned)random_below(&world->random, world->n_nodes + 1);
	unsigned n = 0;

	for (unsigned i = 0; i < world->n_slots; i++) {
		n += world->membership.listed[i];
	}
	if (!world->membership.listed[slot] || n <= 2 || !majority_journal_stays(world, slot) ||
	    (world->process[slot].disk != NULL &&
	     !majority_may_lose(world, &world->process[slot]))) {
		return;
	}
	world->membership.listed[slot] = false;
	world_trace(world, "n%u is out of the node list", slot + 1);
	world_cover(world, COVERAGE_NODE_REMOVED);
	membership_nodes(world);
}

/* Two nodes */

/* Whoever hears of it says so until it is believed. */
static void solo_tell(struct world *world, struct process *to, const struct process *fenced,
		      uint64_t life)
{
	uint64_t what = (uint64_t)world->now_us << 8 | fenced->slot;

	world_add(world, EVENT_SOLO, to->slot, some_us(world, 1000, 2 * SECOND_US), life, what,
		  NULL);
	world_add(world, EVENT_SOLO, to->slot, some_us(world, SECOND_US, 9 * SECOND_US), life, what,
		  NULL);
}

static void fault_fence(struct world *world)
{
	struct process *by = any_running(world);
	struct process *peer = &world->process[random_below(&world->random, world->n_nodes)];
	bool race = random_chance(&world->random, 150);

	if (by == NULL || peer == by ||
	    (!membership_quorate(world, by->slot) && random_chance(&world->random, 800))) {
		return;
	}
	if (membership_together(world, by->slot, peer->slot) && peer->core != NULL &&
	    !process_paused(peer) && random_chance(&world->random, 700)) {
		return;
	}
	process_down(world, peer, true);
	world_trace(world, "n%u is fenced by n%u", peer->node, by->node);
	world_cover(world, COVERAGE_FENCED);
	solo_tell(world, by, peer, random_chance(&world->random, 700) && !race ? by->life : 0);
	process_start_later(world, peer, some_us(world, SECOND_US, 20 * SECOND_US));
	if (race) {
		process_down(world, by, true);
		world_cover(world, COVERAGE_FENCE_RACE);
		solo_tell(world, peer, by, 0);
		process_start_later(world, by, some_us(world, SECOND_US, 20 * SECOND_US));
	}
	membership_update(world);
}

static void fault_forced(struct world *world)
{
	struct process *process = any_running(world);

	if (process != NULL) {
		operator_force(world, process);
	}
}

/* The schedule */

typedef void fault_fn(struct world *world);

static const struct {
	fault_fn *fn;
	unsigned enabled; /* permille of the worlds */
	bool rare;
} FAULTS[] = {
	{fault_crash, 500, false},        {fault_power_cut, 400, false},
	{fault_power_cut_all, 250, true}, {fault_left, 200, false},
	{fault_pause, 350, false},        {fault_mute, 250, true},
	{fault_ghost, 250, true},         {twin_begin, 150, true},
	{fault_partition, 500, false},    {fault_one_way, 300, false},
	{fault_regroup, 200, false},      {fault_disk_slow, 250, false},
	{fault_disk_error, 250, true},    {fault_disk_gone, 250, true},
	{fault_disk_back, 300, false},    {fault_node_added, 200, true},
	{fault_node_removed, 200, true},  {fault_fence, 350, false},
	{fault_forced, 200, true},
};

#define FAULTS_N (G_N_ELEMENTS(FAULTS))

void faults_reset(struct world *world)
{
	static const int64_t means[] = {300000, 800000, 2000000, 5000000};
	struct faults *faults = &world->faults;

	*faults = (struct faults){.mean_us = means[random_below(&world->random, 4)]};
	world->operators = (struct operators){0};
	for (size_t i = 0; i < FAULTS_N; i++) {
		bool more = world->n_nodes == 2 && FAULTS[i].fn == fault_fence;

		if (random_chance(&world->random, FAULTS[i].enabled + (more ? 300 : 0))) {
			faults->enabled |= (uint64_t)1 << i;
		}
	}
	faults->end_us = some_us(world, 15 * SECOND_US, 45 * SECOND_US);
}

void faults_do(struct world *world)
{
	size_t i = random_below(&world->random, FAULTS_N);

	if (world->settling) {
		return;
	}
	operator_work(world);
	if ((world->faults.enabled >> i & 1) != 0 &&
	    !(FAULTS[i].rare && random_chance(&world->random, 500))) {
		FAULTS[i].fn(world);
	}
	world_add(world, EVENT_FAULT, 0, some_us(world, 1000, world->faults.mean_us / 2), 0, 0,
		  NULL);
}

/* The end */

/* Those of the node list that are alive are more than half of it, and two nodes are both there. */
static bool quorum_stays(const struct world *world, unsigned slot)
{
	unsigned dead = world->faults.dead | 1u << slot;
	unsigned n = 0, alive = 0;

	for (unsigned i = 0; i < world->n_slots; i++) {
		n += world->membership.listed[i];
		alive += world->membership.listed[i] && !(dead >> i & 1);
	}
	return alive > n / 2 && world->ledger.n_committed > 0;
}

/* Nobody else stays dead where a voter may yet be taken for gone because its twin has spoken. */
static void slot_settle(struct world *world, unsigned slot, unsigned gone, bool twinned)
{
	struct process *process = &world->process[slot];
	struct faults *faults = &world->faults;
	bool stays_dead;

	if (slot == gone) {
		process_down(world, process, true);
		return;
	}
	stays_dead = (!world->membership.listed[slot] && random_chance(&world->random, 500)) ||
		     (random_chance(&world->random, 120) && quorum_stays(world, slot));
	if (stays_dead && !twinned && world->operators.slot == 0 &&
	    majority_stays(world, NULL, faults->dead | 1u << slot)) {
		process_down(world, process, true);
		if (process->disk != NULL && process->disk->set_back) {
			process_disk_drop(world, process);
		}
		faults->dead |= 1u << slot;
		if (random_chance(&world->random, 500)) {
			world->membership.ghosts |= 1u << slot;
		}
	} else {
		process_start_later(world, process, some_us(world, 1000, SECOND_US));
	}
}

/* Nobody starts again that stays dead: an earlier EVENT_START is of an earlier life. */
static void starts_cancel(struct world *world)
{
	for (unsigned slot = 0; slot < world->n_slots; slot++) {
		if (world->process[slot].core == NULL) {
			world->process[slot].life++;
		}
	}
}

bool faults_end(struct world *world)
{
	bool twinned = world->faults.twinned != 0;
	unsigned gone;

	if (!twin_end(world, &gone)) {
		return false;
	}
	world->settling = true;
	world->membership.missed = 0;
	world->membership.ghosts = 0;
	world->network.lost = world->network.doubled = world->network.late = 0;
	if (world->network.delay_max_us > 5000) {
		world->network.delay_max_us = 5000;
	}
	memset(world->disks.slow_until_us, 0, sizeof(world->disks.slow_until_us));
	world_trace(world, "the faults are over");
	starts_cancel(world);
	for (unsigned slot = 0; slot < world->n_slots; slot++) {
		if (slot <= world->n_nodes || world->process[slot].disk != NULL) {
			slot_settle(world, slot, gone, twinned);
		}
	}
	faults_heal(world);
	membership_nodes(world);
	return true;
}
