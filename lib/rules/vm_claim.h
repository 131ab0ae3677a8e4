/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_CLAIM_H
#define LUNMASK_VM_CLAIM_H

#include <stdbool.h>

#include "journal/journal_record.h"

/*
 * What an action does about the task of its VM that it finds in the journal. No I/O: every pair of
 * an action and what it may find has a row.
 */
enum vm_action {
	VM_ACTION_START,
	VM_ACTION_STOP,
	VM_ACTION_MIGRATE_TO,
	VM_ACTION_MIGRATE_FROM,
	VM_ACTION_RECONCILE,
	VM_ACTION_MAX
};

/* Of a MIGRATE: how far its actions have come, as told by its step. */
#define VM_STEP_SENT "sent"       /* migrate_to has ended well */
#define VM_STEP_ARRIVED "arrived" /* migrate_from too: only the source's revoke is left */

/* Who asks, and for what. */
struct vm_asker {
	enum vm_action action;
	char vm[VM_NAME_MAX + 1];
	struct journal_actor self;
	char source[NODE_NAME_MAX + 1]; /* of a migration */
	char target[NODE_NAME_MAX + 1];
};

enum vm_claim {
	VM_CLAIM_INVALID = 0, /* no row: never decided */
	VM_CLAIM_BEGIN,       /* a task of its own */
	VM_CLAIM_CONTINUE,    /* the one that is there goes on */
	VM_CLAIM_REPLACE,     /* a task of its own, which puts an end to the one that is there */
	VM_CLAIM_END_FIRST,   /* the one that is there is ended; then look again */
	VM_CLAIM_WAIT,        /* the one that is there is over in seconds; then look again */
	VM_CLAIM_REFUSE,
	VM_CLAIM_LEAVE, /* stop: what is there is another's, and is left alone; stop goes on */
};

/*
 * task: the VM's open task, or the one that ended last, or NULL. gone: that its actor is no more;
 * only of a RUNNING one.
 */
enum vm_claim vm_claim_decide(const struct vm_asker *asker, const struct journal_task *task,
			      enum journal_evidence gone);

/* How a task ends that another one takes the place of. */
enum journal_state vm_claim_end_state(const struct journal_task *task);

/*
 * I10: is a guest that still runs on the asker's node left of a migration that came to nothing, so
 * that stop has to save its memory? A migration that was undone counts for a while only: what is
 * stopped later is stopped for another reason.
 */
#define VM_CLAIM_RECOVERY_MS (10 * 60 * 1000)
bool vm_claim_saves(const struct vm_asker *asker, const struct journal_task *task,
		    enum journal_evidence gone, int64_t now_ms);

#endif
