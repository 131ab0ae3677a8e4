/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SIM_MEMBERSHIP_H
#define LUNMASK_SIM_MEMBERSHIP_H

#include "core/core.h"

struct world;

/*
 * What corosync says: CPG's members, quorum's list, the node list. Told to each process after a
 * while of its own, or not at all; the two rings may disagree.
 */
struct view {
	struct ring ring;
	bool quorate;
	size_t n;
	uint32_t nodes[8];
};

struct membership {
	uint64_t ring_sequence[8]; /* by slot */
	int64_t late_max_us;
	unsigned missed; /* permille */
	int64_t members_at_us[8];
	int64_t quorum_at_us[8];
	int64_t nodes_at_us[8];
	unsigned ghosts; /* slots that are said to be members, though dead: a bit each */
	bool wait_for_all;
	int64_t met_us[8][8]; /* when both processes were last in one ring */
	bool seen_all[8];     /* since the machine was started */
	bool listed[8];       /* the node list */
};

void membership_reset(struct world *world);
/* Links, machines or processes have changed. */
void membership_update(struct world *world);
/* The node list has changed, or a process is new. */
void membership_nodes(struct world *world);
/* Both can reach each other, over others too. */
bool membership_together(const struct world *world, unsigned a, unsigned b);
bool membership_quorate(const struct world *world, unsigned slot);

#endif
