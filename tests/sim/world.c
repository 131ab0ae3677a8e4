/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* After the faults: so long until every request has ended, and the voters are those listed. */
#define SETTLE_MAX_US 60000000
#define SETTLE_STEP_US 1000000

int64_t world_ms(const struct world *world)
{
	return world->now_us / 1000;
}

void world_print(const struct world *world, const char *format, ...)
{
	va_list args;

	printf("%10.3f  ", (double)world->now_us / 1000);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void world_fail(struct world *world, const char *invariant, const char *format, ...)
{
	va_list args;

	if (world->failed) {
		return;
	}
	world->failed = true;
	printf("seed %" PRIu64 " nodes %u at %.3f ms: %s: ", world->seed, world->n_nodes,
	       (double)world->now_us / 1000, invariant);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

void world_cover(struct world *world, enum coverage_point point)
{
	world->coverage->point[point]++;
}

void world_add(struct world *world, enum event_kind kind, unsigned slot, int64_t delay_us,
	       uint64_t life, uint64_t number, void *object)
{
	struct event event = {.at_us = world->now_us + delay_us,
			      .kind = kind,
			      .slot = slot,
			      .life = life,
			      .number = number,
			      .object = object};

	agenda_add(&world->agenda, &event);
}

/* Life */

static unsigned nodes_choose(struct world *world, unsigned nodes)
{
	static const unsigned counts[] = {3, 3, 3, 3, 2, 2, 2, 2, 5, 3};
	uint64_t choice = random_below(&world->random, 10);

	return nodes != 0 ? nodes : counts[choice];
}

static void processes_reset(struct world *world)
{
	for (unsigned slot = 0; slot < world->n_slots; slot++) {
		world->process[slot] = (struct process){
			.world = world, .slot = slot, .node = slot + 1, .timer_us = INT64_MAX};
		for (unsigned to = 0; to < world->n_slots; to++) {
			world->network.link[slot][to] = true;
		}
	}
}

static void network_reset(struct world *world)
{
	static const int64_t delays[] = {300, 1000, 1000, 5000, 40000};
	struct random *random = &world->random;
	struct network *network = &world->network;

	network->lost = random_chance(random, 400) ? (unsigned)random_between(random, 1, 250) : 0;
	network->doubled = random_chance(random, 300) ? 100 : 0;
	network->late = random_chance(random, 300) ? (unsigned)random_between(random, 1, 60) : 0;
	network->delay_max_us = delays[random_below(random, 5)];
	network->to_self = random_chance(random, 500);
	world->disks.sync_min_us = 100;
	world->disks.sync_max_us = random_chance(random, 700) ? 2000 : 60000;
}

static void world_reset(struct world *world, const struct world_options *options)
{
	world->seed = options->seed;
	world->trace = options->trace;
	world->failed = world->settling = false;
	world->now_us = 0;
	random_seed(&world->random, options->seed);
	arena_reset(&world->arena);
	world->n_nodes = nodes_choose(world, options->nodes);
	world->n_slots = world->n_nodes + 2;
	ledger_reset(&world->ledger);
	disks_reset(&world->disks);
	network_reset(world);
	processes_reset(world);
	membership_reset(world);
	clients_reset(world);
	faults_reset(world);
	world->coverage->seeds++;
	world->coverage->with_nodes[world->n_nodes]++;
}

static void events_drop(struct world *world)
{
	while (world->agenda.n > 0) {
		struct event event = agenda_take(&world->agenda);

		if (event.kind == EVENT_PACKET) {
			packet_unref(event.object);
		}
	}
	for (unsigned slot = 0; slot < world->n_slots; slot++) {
		core_free(world->process[slot].core);
		world->process[slot].core = NULL;
	}
}

void world_release(struct world *world)
{
	agenda_release(&world->agenda);
	arena_release(&world->arena);
	ledger_release(&world->ledger);
	disks_release(&world->disks);
}

/* The end */

static bool voters_settled(const struct world *world)
{
	for (unsigned slot = 0; slot < world->n_slots; slot++) {
		const struct process *process = &world->process[slot];
		struct core_status status;

		if (process->core == NULL || !world->membership.listed[slot]) {
			continue;
		}
		core_status_get(process->core, &status);
		if (!status.active ||
		    voters_find(&status.voters, process->node, &process->disk->id) < 0) {
			return false;
		}
	}
	return true;
}

static void process_print(const struct world *world, const struct process *process)
{
	struct core_status status;
	char voters[256] = "";
	size_t used = 0;

	core_status_get(process->core, &status);
	for (size_t i = 0; i < status.voters.n && used < sizeof(voters); i++) {
		const struct disk *disk = disks_find(&world->disks, &status.voters.voter[i].disk);

		used += (size_t)snprintf(
			voters + used, sizeof(voters) - used, " n%" PRIu32 "/%u%s=%" PRIu64,
			status.voters.voter[i].node, disk != NULL ? disk->id.bytes[0] : 255,
			disk != NULL && disk->lost ? "(lost)" : "", status.voter_acked[i]);
	}
	world_print(world,
		    "n%" PRIu32 " disk %u%s: %s%s, ballot (%" PRIu64 ".%" PRIu32 "), last (%" PRIu64
		    ".%" PRIu32 ") %" PRIu64 " commit %" PRIu64 ", voters%s",
		    process->node, process->disk->id.bytes[0],
		    world->membership.listed[process->slot] ? "" : " not listed",
		    core_role_to_str(status.role), status.active ? " active" : "",
		    status.ballot.counter, status.ballot.node, status.last.ballot.counter,
		    status.last.ballot.node, status.last.index, status.commit, voters);
}

static void settle_fail(struct world *world)
{
	size_t open = clients_open(world);

	for (unsigned slot = 0; world->trace && slot < world->n_slots; slot++) {
		if (world->process[slot].core != NULL) {
			process_print(world, &world->process[slot]);
		}
	}
	if (world->trace) {
		clients_open_print(world);
	}
	if (open > 0) {
		world_fail(world, "L1", "%zu requests have not ended", open);
	} else if (world->faults.set_back != 0) {
		world_fail(world, "L1", "a disk was set back and nobody has noticed");
	} else {
		world_fail(world, "L1", "the voters are not those of the node list");
	}
}

static bool set_back_noticed(struct world *world)
{
	unsigned slot = world->faults.set_back - 1;

	if (world->faults.set_back != 0 &&
	    (world->process[slot].disk == NULL || !world->process[slot].disk->set_back)) {
		world->faults.set_back = 0;
	}
	return world->faults.set_back == 0;
}

static bool listed_dead(const struct world *world)
{
	for (unsigned slot = 0; slot < world->n_slots; slot++) {
		if (world->membership.listed[slot] && world->process[slot].core == NULL) {
			return true;
		}
	}
	return false;
}

/* Requests first; then a second round of them, when the voters are as they should be. */
static void settle(struct world *world, uint64_t round)
{
	bool settled;

	operator_work(world);
	settled = clients_open(world) == 0 && set_back_noticed(world) && voters_settled(world);

	if (settled && round >= 1000) {
		int64_t ms = (world->clients.last_done_us - world->faults.end_us) / 1000;

		world_cover(world, listed_dead(world) ? COVERAGE_DEAD_MINORITY : COVERAGE_SETTLED);
		world->coverage->settle_ms_sum += (uint64_t)ms;
		if (ms > world->coverage->settle_ms_max) {
			world->coverage->settle_ms_max = ms;
		}
		world_add(world, EVENT_END, 0, 0, 0, 0, NULL);
		return;
	}
	if (world->now_us > world->faults.end_us + SETTLE_MAX_US) {
		if (!world->faults.beyond) {
			settle_fail(world);
			return;
		}
		world_cover(world, COVERAGE_BEYOND);
		world_add(world, EVENT_END, 0, 0, 0, 0, NULL);
		return;
	}
	if (settled) {
		clients_ask_everywhere(world);
		round = 1000;
	}
	world_add(world, EVENT_SETTLE, 0, SETTLE_STEP_US, 0, round + 1, NULL);
}

/* Events */

static void world_event(struct world *world, const struct event *event)
{
	struct process *process = &world->process[event->slot];

	switch (event->kind) {
	case EVENT_SYNCED:
		if (process->disk == event->object) {
			disk_synced(world, process, event->number);
		}
		break;
	case EVENT_START:
		if (event->life == process->life) {
			process_start(world, event->slot);
		}
		break;
	case EVENT_FAULT: faults_do(world); break;
	case EVENT_HEAL: faults_heal(world); break;
	case EVENT_CLIENT: clients_ask(world); break;
	case EVENT_SUBMIT: clients_submit(world, event->number); break;
	case EVENT_TIMEOUT: clients_timeout(world, event->number); break;
	case EVENT_READ_END: clients_read_end(world, event->number); break;
	case EVENT_GONE: clients_gone(world, event->number); break;
	case EVENT_SETTLE: settle(world, event->number); break;
	default: process_event(world, process, event); break;
	}
}

static struct process *timer_first(struct world *world)
{
	struct process *first = &world->process[0];

	for (unsigned slot = 1; slot < world->n_slots; slot++) {
		if (world->process[slot].timer_us < first->timer_us) {
			first = &world->process[slot];
		}
	}
	return first;
}

/* false: it is over */
static bool world_step(struct world *world)
{
	const struct event *next = agenda_first(&world->agenda);
	struct process *timer = timer_first(world);
	struct event event;

	if (timer->timer_us != INT64_MAX && (next == NULL || timer->timer_us < next->at_us)) {
		world->now_us = timer->timer_us > world->now_us ? timer->timer_us : world->now_us;
		process_timer(world, timer);
		return !world->failed;
	}
	if (next == NULL) {
		world_fail(world, "SIM", "nothing is to come");
		return false;
	}
	event = agenda_take(&world->agenda);
	world->now_us = event.at_us;
	if (!world->settling && world->now_us >= world->faults.end_us && faults_end(world)) {
		world_add(world, EVENT_SETTLE, 0, SETTLE_STEP_US, 0, 0, NULL);
	}
	world_event(world, &event);
	return !world->failed && event.kind != EVENT_END;
}

bool world_run(struct world *world, const struct world_options *options)
{
	world_reset(world, options);
	for (unsigned slot = 0; slot < world->n_nodes; slot++) {
		process_start_later(world, &world->process[slot],
				    random_between(&world->random, 0, 500000));
	}
	world_add(world, EVENT_CLIENT, 0, 1000000, 0, 0, NULL);
	world_add(world, EVENT_FAULT, 0, random_between(&world->random, 10000, 6000000), 0, 0,
		  NULL);
	while (world_step(world)) {
	}
	events_drop(world);
	return !world->failed;
}
