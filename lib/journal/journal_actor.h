/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_JOURNAL_ACTOR_H
#define LUNMASK_JOURNAL_ACTOR_H

#include "base/err.h"
#include "journal/journal_record.h"

/*
 * Who works on a task: a process, named so that no later one can be taken for it.
 */

/* This process, on the node that is called so. */
int journal_actor_self(const char *node, struct journal_actor *ret, struct err *err);

/*
 * What me, which runs here, can see of actor: DEAD or REBOOT when it was on this node and is no
 * more. NONE: it lives, or what became of it cannot be seen from here.
 */
enum journal_evidence journal_actor_gone(const struct journal_actor *actor,
					 const struct journal_actor *me);

#endif
