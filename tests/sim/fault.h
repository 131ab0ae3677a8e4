/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SIM_FAULT_H
#define LUNMASK_SIM_FAULT_H

#include <stdbool.h>
#include <stdint.h>

struct world;
struct process;

/*
 * Faults: each world has some kinds of them, and then they come often. What would break the fault
 * model is not done: a majority of the voters' disks stays, a disk is set back only where the
 * others remember, an operator forces only what has all that is committed.
 */
struct faults {
	uint64_t enabled; /* kinds: a bit each */
	int64_t mean_us;
	int64_t end_us;
	uint32_t twinned;  /* node id that two machines have; 0: none */
	int64_t loss_us;   /* when a disk was last lost; 0: none yet */
	unsigned set_back; /* slot + 1 of a disk that was set back and may not be noticed yet */
	unsigned dead;     /* slots that stay dead: a bit each */
	unsigned put_off;  /* how often the end was: the voters depended on both of two twins */
	bool beyond;       /* one went all the same: only an operator can help, L1 is not asked */
};

void faults_reset(struct world *world);
void faults_do(struct world *world);   /* EVENT_FAULT */
void faults_heal(struct world *world); /* EVENT_HEAL: links only */
/* The end of all faults: everybody is there again, but for a minority at times. false: later. */
bool faults_end(struct world *world);

#endif
