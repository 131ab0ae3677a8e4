/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SIM_NETWORK_H
#define LUNMASK_SIM_NETWORK_H

#include "core/message.h"

struct world;
struct process;

/* Messages on their way. Each may be lost, come twice, late, or before an earlier one. */
struct packet {
	unsigned refs;
	struct entry *entries;
	uint8_t *blob;
	struct message message;
};

#define NETWORK_SLOTS 8

struct network {
	bool link[NETWORK_SLOTS][NETWORK_SLOTS]; /* from, to */
	unsigned lost;                           /* permille */
	unsigned doubled;
	unsigned late;
	int64_t delay_max_us;
	bool to_self; /* as CPG does it */
};

void network_send(struct world *world, struct process *from, const struct message *message);
void packet_unref(struct packet *packet);

#endif
