/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_JOURNAL_ACTOR_H
#define LUNMASK_JOURNAL_ACTOR_H

#include "base/err.h"
#include "journal/journal_record.h"

/* The process that works on a task: no later one is mistaken for it (pid reuse, reboot). */

/* Describes this process; node is the name of this node. */
int journal_actor_self(const char *node, struct journal_actor *ret, struct err *err);

/* What this process (me) sees. DEAD, REBOOT: it was here and is gone. NONE: alive, or unknown. */
enum journal_evidence journal_actor_gone(const struct journal_actor *actor,
					 const struct journal_actor *me);

#endif
