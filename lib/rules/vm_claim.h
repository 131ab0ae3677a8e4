/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_CLAIM_H
#define LUNMASK_VM_CLAIM_H

#include <stdbool.h>

#include "journal/journal_record.h"

/*
 * Decides how an action treats the task of its VM that it finds in the journal. The functions are
 * pure and do no I/O: every pair of an action and a possible finding has a row in a table.
 */
enum vm_action {
	VM_ACTION_START,
	VM_ACTION_STOP,
	VM_ACTION_MIGRATE_TO,
	VM_ACTION_MIGRATE_FROM,
	VM_ACTION_RECONCILE,
	VM_ACTION_CREATE, /* of a VM that is not there yet; or its undoing */
	VM_ACTION_DESTROY,
	VM_ACTION_MAX
};

/* The step of a JOURNAL_MIGRATE task that is WAITING says how far its actions have come. */
/* migrate_to has succeeded. */
#define VM_STEP_SENT "sent"
/* migrate_from has succeeded: only the revoke on the source is left. */
#define VM_STEP_ARRIVED "arrived"

/*
 * The mode of a JOURNAL_MIGRATE task. SENT: a live migration has ended the domain on the source,
 * and the guest has not run there since. Then what arrived on the target is the guest. BOTH: the
 * guest was seen on both hosts; the memory of neither fits the disks.
 */
#define VM_MODE_LIVE "live"
#define VM_MODE_SAVED "saved"
#define VM_MODE_SENT "live, sent"
#define VM_MODE_BOTH "both"

/* The process that asks, and its action. */
struct vm_asker {
	enum vm_action action;
	char vm[VM_NAME_MAX + 1];
	struct journal_actor self;
	char source[NODE_NAME_MAX + 1]; /* migrations only */
	char target[NODE_NAME_MAX + 1];
	/* stop: a completed migration has ended the domain on this node. */
	bool departed;
};

enum vm_claim {
	VM_CLAIM_INVALID = 0, /* no row: never returned */
	VM_CLAIM_BEGIN,       /* begin a new task */
	VM_CLAIM_CONTINUE,    /* continue the task that was found */
	VM_CLAIM_REPLACE,     /* begin a new task, which ends the one that was found */
	VM_CLAIM_END_FIRST,   /* end the task that was found, then ask again */
	/* The task that was found ends within seconds; wait, then ask again. */
	VM_CLAIM_WAIT,
	VM_CLAIM_REFUSE,
	/* stop only: leave the task that was found to its owner, and stop without a claim. */
	VM_CLAIM_LEAVE,
};

/*
 * task: the VM's open task, or the last one that ended, or NULL. gone: the evidence that the task's
 * actor is gone; it counts only for a RUNNING task.
 */
enum vm_claim vm_claim_decide(const struct vm_asker *asker, const struct journal_task *task,
			      enum journal_evidence gone);

/* Does the task say that a live migration has sent the guest to this node? task may be NULL. */
bool vm_claim_sent(const struct journal_task *task, const char *node);

/* The state in which a task ends that another task replaces: DONE or FAILED. */
enum journal_state vm_claim_end_state(const struct journal_task *task);

/*
 * I10: must stop save the guest's memory? Yes if the guest still runs on the asker's node because a
 * migration failed, or if an unfinished stop on that node had begun to save. A migration that was
 * undone counts only for VM_CLAIM_RECOVERY_MS: a later stop has another reason.
 */
#define VM_CLAIM_RECOVERY_MS (10 * 60 * 1000)
bool vm_claim_saves(const struct vm_asker *asker, const struct journal_task *task,
		    enum journal_evidence gone, int64_t now_ms);

#endif
