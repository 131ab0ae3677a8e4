/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_JOURNAL_ACTOR_H
#define LUNMASK_JOURNAL_ACTOR_H

#include "base/err.h"
#include "journal/journal_record.h"

/*
 * Identifies the process that works on a task, so that no later process can be mistaken for it (pid
 * reuse, reboot).
 */

/* Describes this process; node is the name of this node. */
int journal_actor_self(const char *node, struct journal_actor *ret, struct err *err);

/*
 * What this process (me) can find out about actor. DEAD or REBOOT: it was on this node and no
 * longer exists. NONE: it is alive, or this node cannot tell.
 */
enum journal_evidence journal_actor_gone(const struct journal_actor *actor,
					 const struct journal_actor *me);

#endif
