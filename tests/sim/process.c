/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "promise.h"
#include "world.h"

#define TIMER_SPINS_MAX 20 /* in one ms */

int64_t process_now_ms(const struct process *process)
{
	return (process->world->now_us + process->clock_us) / 1000;
}

/* What the core wants done */

static void on_send(void *shell, const struct message *message)
{
	struct process *process = shell;
	struct world *world = process->world;

	world_trace(world,
		    "n%" PRIu32 " sends %s (%" PRIu64 ".%" PRIu32 ") to %" PRIu32
		    " position (%" PRIu64 ".%" PRIu32 ") %" PRIu64 " previous %" PRIu64
		    " +%zu index %" PRIu64,
		    process->node, message_kind_to_str(message->kind), message->ballot.counter,
		    message->ballot.node, message->to, message->position.ballot.counter,
		    message->position.ballot.node, message->position.index, message->previous.index,
		    message->n_entries, message->index);
	if (process->reset_wanted) {
		world_fail(world, "J4", "node %" PRIu32 " speaks after it asked for a reset",
			   process->node);
	}
	promise_check(world, process, message);
	network_send(world, process, message);
}

static void on_persist(void *shell, const struct core_persist *persist)
{
	struct process *process = shell;

	world_trace(process->world,
		    "n%" PRIu32 " writes #%" PRIu64 " promised (%" PRIu64 ".%" PRIu32 ") %s%" PRIu64
		    " +%zu%s commit %" PRIu64,
		    process->node, persist->sequence, persist->promised.counter,
		    persist->promised.node, persist->truncate ? "truncate to " : "",
		    persist->truncate ? persist->truncate_after : 0, persist->n_entries,
		    persist->rebase ? " rebase" : "", persist->commit);
	if ((persist->n_entries > 0 || persist->rebase) && id128_is_zero(&persist->cluster)) {
		world_fail(process->world, "J7", "node %" PRIu32 " writes a log of no cluster",
			   process->node);
	}
	disk_persist(process->world, process, persist);
}

static void on_answer(void *shell, uint64_t token, const struct core_answer *answer)
{
	struct process *process = shell;

	clients_answer(process->world, process, token, answer);
}

static void on_reset(void *shell, const char *why)
{
	struct process *process = shell;
	struct world *world = process->world;

	world_trace(world, "n%" PRIu32 " wants a new disk: %s", process->node, why);
	process->reset_wanted = true;
	if (!process->disk->set_back) {
		world_fail(world, "J5", "node %" PRIu32 " asks for a reset without cause: %s",
			   process->node, why);
	}
}

static const struct core_ops OPS = {
	.send = on_send, .persist = on_persist, .answer = on_answer, .reset = on_reset};

/* Life */

static struct core *core_start(struct world *world, struct process *process)
{
	const struct image *image = &process->disk->durable;
	struct core_config config = {.node = process->node,
				     .disk = process->disk->id,
				     .boot = process->boot,
				     .snapshot_every = world->clients.snapshot_every};
	struct core_durable durable = {.cluster = image->cluster,
				       .promised = image->promised,
				       .commit = image->commit,
				       .base = image->base,
				       .base_chain = image->base_chain,
				       .n_entries = image->n,
				       .snapshot = image->snapshot,
				       .snapshot_bytes = image->snapshot_bytes,
				       .snapshot_index = image->snapshot_index,
				       .n_seen = image->n_seen};
	struct entry *entries = arena_alloc(&world->arena, image->n * sizeof(*entries));
	const char *why = NULL;
	struct core *core;

	for (size_t i = 0; i < image->n; i++) {
		entries[i] = image->record[i]->entry;
	}
	durable.entries = entries;
	memcpy(durable.seen, image->seen, image->n_seen * sizeof(image->seen[0]));
	for (int i = 0; i < ID128_BYTES; i++) {
		config.fresh.bytes[i] = (uint8_t)random_next(&world->random);
	}
	core = core_new(&config, &durable, &OPS, process, &machine_ops_sim, &process->machine,
			&why);
	if (core == NULL) {
		world_fail(world, "J5", "node %" PRIu32 " cannot start from its disk: %s",
			   process->node, why);
	}
	return core;
}

void process_start(struct world *world, unsigned slot)
{
	struct process *process = &world->process[slot];

	if (process->core != NULL || world->failed) {
		return;
	}
	if (!process->machine_up) {
		process->machine_up = true;
		process->clock_us = random_between(&world->random, 0, 1000000000);
		world->membership.seen_all[slot] = false;
	}
	if (process->disk == NULL) {
		process->disk = disk_new(world, process->node);
		if (process->disk == NULL) {
			return;
		}
	}
	process->boot = process->disk->queued.boot = ++process->disk->durable.boot;
	process->machine = (struct machine){.world = world, .process = process};
	process->life++;
	process->reset_wanted = process->dying = process->active = process->alone = false;
	process->commit = 0;
	process->role = CORE_BLANK;
	process->timer_spins = 0;
	process->timer_us = INT64_MAX;
	process->paused_until_us = 0;
	world_trace(world, "n%" PRIu32 " starts, disk %u boot %" PRIu64, process->node,
		    process->disk->id.bytes[0], process->boot);
	world->membership.ghosts &= ~(1u << slot);
	process->core = core_start(world, process);
	if (process->core != NULL) {
		process_after(world, process);
		membership_update(world);
		membership_nodes(world);
	}
}

void process_end(struct world *world, struct process *process, enum process_end how)
{
	world_trace(world, "n%" PRIu32 " %s", process->node,
		    how == PROCESS_KILLED ? "is killed" : "leaves");
	core_free(process->core);
	process->core = NULL;
	process->life++;
	process->timer_us = INT64_MAX;
	process->active = process->alone = false;
	if (how == PROCESS_LEFT) {
		disk_flush(world, process->disk);
	} else {
		disk_crash(world, process->disk);
	}
	/* Set back: only the first start after that is in the fault model. */
	if (process->disk->set_back || process->disk->failed) {
		process_disk_drop(world, process);
	}
}

void process_start_later(struct world *world, struct process *process, int64_t delay_us)
{
	world_add(world, EVENT_START, process->slot, delay_us, process->life, 0, NULL);
}

void process_down(struct world *world, struct process *process, bool machine)
{
	if (process->core != NULL) {
		process_end(world, process, PROCESS_KILLED);
	}
	process->machine_up = process->machine_up && !machine;
}

void process_disk_drop(struct world *world, struct process *process)
{
	world_trace(world, "n%" PRIu32 " loses disk %u", process->node, process->disk->id.bytes[0]);
	process->disk->lost = true;
	process->disk->life++;
	process->disk = NULL;
}

void process_pause(struct world *world, struct process *process, int64_t us)
{
	world_trace(world, "n%" PRIu32 " is stopped for %" PRId64 " ms", process->node, us / 1000);
	process->paused_until_us = world->now_us + us;
	process->last_pause_us = process->paused_until_us;
}

bool process_paused(const struct process *process)
{
	return process->paused_until_us > process->world->now_us;
}

/* Checks */

static void commit_check(struct world *world, struct process *process,
			 const struct core_status *status)
{
	const struct entry *entry = core_entry(process->core, status->commit);
	struct record *record;

	if (status->commit < process->commit) {
		world_fail(world, "J1",
			   "node %" PRIu32 " has committed %" PRIu64 " and then %" PRIu64,
			   process->node, process->commit, status->commit);
	}
	process->commit = status->commit;
	record = entry != NULL ? ledger_find(&world->ledger, entry->ballot, entry->index)
			       : process->disk->queued.base_record;
	if (record == NULL || record->entry.index != status->commit ||
	    (entry != NULL && !id128_equal(&record->entry.chain, &entry->chain))) {
		world_fail(world, "J1",
			   "node %" PRIu32 " has committed %" PRIu64 ", which is not there",
			   process->node, status->commit);
		return;
	}
	ledger_commit(world, process, &status->voters, record);
	ledger_verify(world);
}

/* J10: nobody goes on alone while another does. */
static void alone_check(struct world *world, struct process *process)
{
	for (unsigned slot = 0; slot < world->n_slots; slot++) {
		const struct process *other = &world->process[slot];

		if (other != process && other->core != NULL && other->alone) {
			world_fail(world, "J10", "nodes %" PRIu32 " and %" PRIu32 " go on alone",
				   process->node, other->node);
		}
	}
}

static void status_check(struct world *world, struct process *process,
			 const struct core_status *status)
{
	bool alone = status->active && status->voters.n == 1 &&
		     status->voters.voter[0].node == process->node;

	if (status->role != process->role) {
		process->role = status->role;
		world_cover(world, COVERAGE_ROLE);
		world_trace(world, "n%" PRIu32 " is %s", process->node,
			    core_role_to_str(status->role));
	}
	if (status->active != process->active) {
		process->active = status->active;
		world_trace(world, "n%" PRIu32 " is %sactive", process->node,
			    status->active ? "" : "not ");
		if (status->active) {
			world_cover(world, COVERAGE_ACTIVE);
		}
	}
	process->alone = alone;
	if (alone) {
		alone_check(world, process);
	}
	if (status->applied > status->commit || status->commit > status->last.index ||
	    (status->gate && !(status->active && status->quorate))) {
		world_fail(world, "J8",
			   "node %" PRIu32 " has applied %" PRIu64 " of %" PRIu64
			   " committed of %" PRIu64,
			   process->node, status->applied, status->commit, status->last.index);
	}
}

static void reset_do(struct world *world, struct process *process)
{
	world_cover(world, COVERAGE_DISK_BACK_FOUND);
	process_end(world, process, PROCESS_KILLED);
	if (process->disk != NULL) {
		process_disk_drop(world, process);
	}
	process_start_later(world, process, random_between(&world->random, 10000, 3000000));
	membership_update(world);
}

void process_after(struct world *world, struct process *process)
{
	struct core_status status;
	int64_t deadline_ms;

	world_cover(world, COVERAGE_STEP);
	if (process->reset_wanted) {
		reset_do(world, process);
		return;
	}
	core_status_get(process->core, &status);
	if (status.commit != process->commit) {
		commit_check(world, process, &status);
	}
	status_check(world, process, &status);
	deadline_ms = core_deadline_ms(process->core);
	process->timer_us = INT64_MAX;
	if (deadline_ms != INT64_MAX) {
		process->timer_us = deadline_ms * 1000 - process->clock_us + 1;
		if (process->timer_us < world->now_us) {
			process->timer_us = world->now_us;
		}
	}
}

/* Events */

/* fencing.h: what happened before the two were last together says nothing. */
static void solo_try(struct world *world, struct process *process, unsigned slot, int64_t when_us)
{
	uint32_t peer = world->process[slot].node;
	const char *why = NULL;
	int rc;

	if (world->membership.met_us[process->slot][slot] >= when_us) {
		return;
	}
	rc = core_on_solo(process->core, process_now_ms(process), SOLO_FENCED, peer,
			  world->membership.wait_for_all, &why);

	world_trace(world, "n%" PRIu32 " is told that n%" PRIu32 " is fenced: %s", process->node,
		    peer,
		    rc == 0       ? "goes on alone"
		    : why != NULL ? why
				  : "already");
	world_cover(world, rc == 0 ? COVERAGE_SOLO_DONE : COVERAGE_SOLO_REFUSED);
	if (rc == 0 && !world->membership.wait_for_all) {
		world_fail(world, "J10", "node %" PRIu32 " goes on alone without wait_for_all",
			   process->node);
	}
}

static void packet_give(struct process *process, int64_t now_ms, struct packet *packet)
{
	core_on_message(process->core, now_ms, &packet->message);
	packet_unref(packet);
}

static void process_give(struct world *world, struct process *process, const struct event *event)
{
	int64_t now_ms = process_now_ms(process);
	const struct view *view = event->object;

	switch (event->kind) {
	case EVENT_PACKET: packet_give(process, now_ms, event->object); break;
	case EVENT_PERSISTED: core_on_persisted(process->core, now_ms, event->number); break;
	case EVENT_MEMBERS:
		world_trace(world, "n%" PRIu32 " sees %zu members, ring %" PRIu32 ".%" PRIu64,
			    process->node, view->n, view->ring.node, view->ring.sequence);
		core_on_members(process->core, now_ms, view->nodes, view->n, view->ring);
		break;
	case EVENT_QUORUM:
		world_trace(world, "n%" PRIu32 " is %squorate with %zu, ring %" PRIu32 ".%" PRIu64,
			    process->node, view->quorate ? "" : "not ", view->n, view->ring.node,
			    view->ring.sequence);
		core_on_quorum(process->core, now_ms, view->quorate, view->nodes, view->n,
			       view->ring);
		break;
	case EVENT_NODES: core_on_nodes(process->core, now_ms, view->nodes, view->n); break;
	case EVENT_SOLO:
		solo_try(world, process, event->number & 0xff, (int64_t)(event->number >> 8));
		break;
	case EVENT_STORE_FAILED:
		process->dying = true;
		core_on_store_failed(process->core, now_ms);
		break;
	default: break;
	}
}

static void store_failed_end(struct world *world, struct process *process)
{
	process_end(world, process, PROCESS_KILLED);
	if (process->disk != NULL) {
		process_disk_drop(world, process);
	}
	process_start_later(world, process, random_between(&world->random, 100000, 5000000));
	membership_update(world);
}

static void event_drop(const struct event *event)
{
	if (event->kind == EVENT_PACKET) {
		packet_unref(event->object);
	}
}

void process_event(struct world *world, struct process *process, const struct event *event)
{
	if (process->core == NULL || (event->life != 0 && event->life != process->life)) {
		event_drop(event);
		return;
	}
	if (process_paused(process)) {
		struct event later = *event;

		later.at_us = process->paused_until_us;
		agenda_add(&world->agenda, &later);
		return;
	}
	process_give(world, process, event);
	if (process->dying) {
		store_failed_end(world, process);
	} else {
		process_after(world, process);
	}
}

void process_timer(struct world *world, struct process *process)
{
	if (process_paused(process)) {
		process->timer_us = process->paused_until_us;
		return;
	}
	if (process->timer_last_us / 1000 != world->now_us / 1000) {
		process->timer_spins = 0;
	}
	process->timer_last_us = world->now_us;
	if (++process->timer_spins > TIMER_SPINS_MAX) {
		world_fail(world, "L1", "node %" PRIu32 " wants time again and again",
			   process->node);
		return;
	}
	core_on_time(process->core, process_now_ms(process));
	process_after(world, process);
}
