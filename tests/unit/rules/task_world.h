/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TASK_WORLD_H
#define LUNMASK_TASK_WORLD_H

#include "rules/task.h"

/*
 * A world of up to eight switches, one per step. A step's run turns its switch on; faults are per
 * step. What the engine did is written down as a story, one letter a call: p r u, and the step's
 * number.
 */
#define WORLD_STEPS 8

struct world {
	bool on[WORLD_STEPS];
	int run_rc[WORLD_STEPS];
	unsigned int run_failures[WORLD_STEPS]; /* how often run_rc is returned, then 0 */
	bool no_effect[WORLD_STEPS];
	bool effect_despite_rc[WORLD_STEPS];
	int undo_rc[WORLD_STEPS];
	int probe_rc[WORLD_STEPS];
	unsigned int probe_from[WORLD_STEPS];     /* so many probes tell before probe_rc counts */
	unsigned int probe_failures[WORLD_STEPS]; /* how often probe_rc is returned; 0: always */
	bool no_quorum;
	char story[256];
	char events[512];
};

/* Three steps of such a world, a to c: each has three tries, and does not wait between them. */
#define WORLD_ROWS 3
extern const struct task_step world_rows[WORLD_ROWS];

/* A gate that is shut if the world has no quorum. */
int world_gate(void *context, struct deadline deadline, struct err *err);
/* Writes events down. */
void world_observe(void *observer, const struct task_event *event);

/* Walks the steps a to c; b has flags1. */
int world_walk(struct world *world, unsigned int flags1, struct err *err);

/* A journal that refuses a step by its name, or says that every step is ours. */
struct fake_journal {
	const char *refused;
	int rc;
	bool ours;
	int undo_rc;
	char story[128];
};

/* Walks the steps a and b with that journal. */
int journal_walk(struct world *world, struct fake_journal *fake);

#endif
