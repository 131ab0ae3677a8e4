/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SIM_PROMISE_H
#define LUNMASK_SIM_PROMISE_H

#include "core/message.h"

struct world;
struct process;

/*
 * What a core says when it sends a message, against what is on its disk: J3 (only the sequencer of
 * a ballot appends), J4 (nothing below a promise that others rely on), J5 (durable before it is
 * said).
 */
void promise_check(struct world *world, struct process *from, const struct message *message);

#endif
