/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SIM_MAJORITY_H
#define LUNMASK_SIM_MAJORITY_H

#include <stdbool.h>

struct disk;
struct process;
struct world;

/*
 * The fault model: which disks may be lost, and who may stay dead, without its being the end of
 * what the core has promised.
 */

/* Of every list of voters that may be in force, a majority is there but for that disk and slots. */
bool majority_stays(const struct world *world, const struct disk *without, unsigned dead);
/* A node of the node list, another than that slot's, knows of the journal. */
bool majority_journal_stays(const struct world *world, unsigned without);
/* Both, without its disk; or the operator of two nodes can help. */
bool majority_may_lose(const struct world *world, const struct process *process);

#endif
