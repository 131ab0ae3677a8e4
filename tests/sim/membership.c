/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "membership.h"

#include <string.h>

#include "world.h"

void membership_reset(struct world *world)
{
	struct membership *membership = &world->membership;

	*membership = (struct membership){0};
	for (unsigned i = 0; i < world->n_nodes; i++) {
		membership->listed[i] = true;
	}
	membership->wait_for_all = random_chance(&world->random, 850);
	membership->late_max_us = random_chance(&world->random, 500) ? 20000 : 2000000;
	membership->missed = random_chance(&world->random, 300) ? 150 : 0;
}

/* Slots of the ring that this one is in: machines that hear each other, over others too. */
static unsigned component_of(const struct world *world, unsigned slot)
{
	unsigned found = 1u << slot;
	unsigned before = 0;

	while (found != before) {
		before = found;
		for (unsigned a = 0; a < world->n_slots; a++) {
			for (unsigned b = 0; b < world->n_slots && (found >> a & 1); b++) {
				if (world->process[b].machine_up && world->network.link[a][b] &&
				    world->network.link[b][a]) {
					found |= 1u << b;
				}
			}
		}
	}
	return found;
}

bool membership_together(const struct world *world, unsigned a, unsigned b)
{
	return world->process[a].machine_up && world->process[b].machine_up &&
	       (component_of(world, a) >> b & 1) != 0;
}

static void view_add(struct view *view, uint32_t node)
{
	size_t at = 0;

	while (at < view->n && view->nodes[at] < node) {
		at++;
	}
	if (at < view->n && view->nodes[at] == node) {
		return;
	}
	memmove(&view->nodes[at + 1], &view->nodes[at], (view->n - at) * sizeof(view->nodes[0]));
	view->nodes[at] = node;
	view->n++;
}

static struct ring ring_of(const struct world *world, unsigned component)
{
	struct ring ring = {.node = UINT32_MAX};

	for (unsigned slot = 0; slot < world->n_slots; slot++) {
		if ((component >> slot & 1) == 0) {
			continue;
		}
		if (world->process[slot].node < ring.node) {
			ring.node = world->process[slot].node;
		}
		if (world->membership.ring_sequence[slot] > ring.sequence) {
			ring.sequence = world->membership.ring_sequence[slot];
		}
	}
	return ring;
}

static unsigned listed_count(const struct world *world, unsigned component)
{
	unsigned n = 0;

	for (unsigned slot = 0; slot < world->n_slots; slot++) {
		n += (component >> slot & 1) != 0 && world->membership.listed[slot];
	}
	return n;
}

static bool component_quorate(const struct world *world, unsigned slot, unsigned component)
{
	const struct membership *membership = &world->membership;
	unsigned all = listed_count(world, ~0u);
	unsigned there = listed_count(world, component);

	if (all == 2) {
		return there > 0 && (!membership->wait_for_all || membership->seen_all[slot]);
	}
	return there > all / 2;
}

bool membership_quorate(const struct world *world, unsigned slot)
{
	return world->process[slot].machine_up &&
	       component_quorate(world, slot, component_of(world, slot));
}

static struct view *view_new(struct world *world, unsigned slot, unsigned component, bool processes)
{
	struct view *view = arena_alloc(&world->arena, sizeof(*view));

	*view = (struct view){.ring = ring_of(world, component),
			      .quorate = component_quorate(world, slot, component)};
	for (unsigned i = 0; i < world->n_slots; i++) {
		bool ghost = (world->membership.ghosts >> i & 1) != 0;

		if ((component >> i & 1) == 0) {
			if (!(ghost && processes)) {
				continue;
			}
		}
		if (processes && world->process[i].core == NULL && !ghost) {
			continue;
		}
		view_add(view, world->process[i].node);
	}
	return view;
}

/* To one process things are told in their order, if at all. */
static void view_tell(struct world *world, enum event_kind kind, unsigned slot, struct view *view,
		      int64_t *at_us)
{
	const struct membership *membership = &world->membership;
	int64_t limit_us = world->settling ? 20000 : membership->late_max_us;
	int64_t then_us = world->now_us + random_between(&world->random, 0, limit_us);

	if (!world->settling && random_chance(&world->random, membership->missed)) {
		world_cover(world, COVERAGE_VIEW_MISSED);
		return;
	}
	if (then_us - world->now_us > 500000) {
		world_cover(world, COVERAGE_VIEW_LATE);
	}
	if (then_us <= *at_us) {
		then_us = *at_us + 1;
	}
	*at_us = then_us;
	world_add(world, kind, slot, then_us - world->now_us, world->process[slot].life, 0, view);
}

static void slot_tell(struct world *world, unsigned slot, unsigned component)
{
	struct membership *membership = &world->membership;

	if (world->process[slot].core == NULL) {
		return;
	}
	view_tell(world, EVENT_MEMBERS, slot, view_new(world, slot, component, true),
		  &membership->members_at_us[slot]);
	view_tell(world, EVENT_QUORUM, slot, view_new(world, slot, component, false),
		  &membership->quorum_at_us[slot]);
}

/* A new ring has a sequence higher than any that its members knew: two halves may take the same. */
static void ring_form(struct world *world, unsigned component)
{
	struct membership *membership = &world->membership;
	uint64_t sequence = ring_of(world, component).sequence + 4;
	bool all = listed_count(world, component) == listed_count(world, ~0u);

	for (unsigned slot = 0; slot < world->n_slots; slot++) {
		if (component >> slot & 1) {
			membership->ring_sequence[slot] = sequence;
			membership->seen_all[slot] = membership->seen_all[slot] || all;
		} else if (membership->ring_sequence[slot] == sequence &&
			   world->process[slot].machine_up) {
			world_cover(world, COVERAGE_SAME_RING);
		}
	}
}

static void processes_meet(struct world *world, unsigned component)
{
	for (unsigned a = 0; a < world->n_slots; a++) {
		for (unsigned b = 0; b < world->n_slots; b++) {
			if ((component >> a & 1) && (component >> b & 1) &&
			    world->process[a].core != NULL && world->process[b].core != NULL) {
				world->membership.met_us[a][b] = world->now_us;
			}
		}
	}
}

void membership_update(struct world *world)
{
	unsigned done = 0;

	for (unsigned slot = 0; slot < world->n_slots; slot++) {
		unsigned component;

		if (!world->process[slot].machine_up || (done >> slot & 1) != 0) {
			continue;
		}
		component = component_of(world, slot);
		done |= component;
		ring_form(world, component);
		processes_meet(world, component);
		for (unsigned i = 0; i < world->n_slots; i++) {
			if (component >> i & 1) {
				slot_tell(world, i, component);
			}
		}
	}
}

static void nodes_tell(struct world *world, unsigned slot)
{
	struct view *view = arena_alloc(&world->arena, sizeof(*view));
	int64_t *at_us = &world->membership.nodes_at_us[slot];
	int64_t then_us = world->now_us +
			  random_between(&world->random, 0, world->settling ? 20000 : 1000000);

	*view = (struct view){0};
	for (unsigned i = 0; i < world->n_slots; i++) {
		if (world->membership.listed[i]) {
			view_add(view, world->process[i].node);
		}
	}
	*at_us = then_us > *at_us ? then_us : *at_us + 1;
	world_add(world, EVENT_NODES, slot, *at_us - world->now_us, world->process[slot].life, 0,
		  view);
}

void membership_nodes(struct world *world)
{
	for (unsigned slot = 0; slot < world->n_slots; slot++) {
		if (world->process[slot].core != NULL) {
			nodes_tell(world, slot);
		}
	}
}
