/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SIM_OPERATOR_H
#define LUNMASK_SIM_OPERATOR_H

#include <stdbool.h>
#include <stdint.h>

struct world;
struct process;

/*
 * The operator of two nodes, who may say `force-solo`, and says it only where nothing is lost by
 * it: the other's log is no better, and both have votes by both logs.
 */
struct operators {
	unsigned slot; /* + 1: is to go on alone, for the other's disk is gone; 0: none */
	int64_t again_us;
};

/* The other one could be forced when this one's disk is gone. */
bool operator_could(const struct world *world, const struct process *loser);
/* Its disk is about to go: call the operator, if it takes one. */
void operator_call(struct world *world, const struct process *loser);
void operator_work(struct world *world);
/* The other one is off: force this one, if that is right. */
void operator_force(struct world *world, struct process *process);

#endif
