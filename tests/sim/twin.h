/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SIM_TWIN_H
#define LUNMASK_SIM_TWIN_H

#include <stdbool.h>

struct world;

/*
 * By an administrator's mistake two machines have one node id, each with a disk of its own. The
 * second one goes when the voters do not depend on its disk.
 */
void twin_begin(struct world *world); /* or, when there is one, ends it */

/*
 * One of the two goes for good: *ret_gone is its slot. false: the voters depend on both; later.
 * When that has been said too often one goes all the same, and faults.beyond is set.
 */
bool twin_end(struct world *world, unsigned *ret_gone);

#endif
