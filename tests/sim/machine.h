/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SIM_MACHINE_H
#define LUNMASK_SIM_MACHINE_H

#include "core/core.h"

struct world;
struct process;

/*
 * What the cores apply requests to: a list of them, as a count and a hash, for the lists of all
 * nodes are the same (ledger_apply()).
 */
struct machine {
	struct world *world;
	struct process *process;
	size_t n;
	uint64_t index; /* of the last one */
};

extern const struct machine_ops machine_ops_sim;

#endif
