/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/vm_claim.h"

#include <assert.h>
#include <string.h>

/* The relation of the task that was found to the node that asks. */
enum relation {
	NONE,      /* no open task */
	OWN_START, /* start of the VM on this node */
	OWN_STOP,
	OUT,      /* migration from this node; for migrate_to: also to the same target */
	SENT,     /* as OUT, live, and libvirt has completed it */
	IN,       /* migration to this node; for migrate_from: also from the same source */
	ARRIVED,  /* as IN, and only the stop on the source is left */
	TIDYING,  /* a reconcile, on any node */
	MAKING,   /* a create, on any node */
	UNMAKING, /* a destroy, on any node */
	UNDONE,   /* no open task; the last one is a migration to this node that was undone */
	OTHER,
	RELATION_MAX
};

enum condition { WAITING, BROKEN, GONE, ALIVE, CONDITION_MAX };

#define EACH(claim, alive)                                                                         \
	{                                                                                          \
		VM_CLAIM_##claim, VM_CLAIM_##claim, VM_CLAIM_##claim, VM_CLAIM_##alive             \
	}

/*
 * The columns: no process works on the task (waiting or broken); its actor is gone; its actor may
 * be alive.
 */
/* clang-format off */
static const enum vm_claim decisions[VM_ACTION_MAX][RELATION_MAX][CONDITION_MAX] = {
	[VM_ACTION_START] = {
		[NONE] = EACH(BEGIN, BEGIN),
		[OWN_START] = EACH(CONTINUE, REFUSE),
		[OWN_STOP] = EACH(REPLACE, REFUSE),
		[OUT] = EACH(REPLACE, REFUSE),
		[SENT] = EACH(REPLACE, REFUSE),
		[IN] = EACH(REPLACE, REFUSE),
		[ARRIVED] = EACH(REPLACE, REFUSE),
		[TIDYING] = EACH(REPLACE, WAIT),
		[MAKING] = EACH(REFUSE, REFUSE),
		[UNMAKING] = EACH(REFUSE, REFUSE),
		[UNDONE] = EACH(BEGIN, BEGIN),
		[OTHER] = EACH(REPLACE, REFUSE),
	},
	[VM_ACTION_STOP] = {
		[NONE] = EACH(BEGIN, BEGIN),
		[OWN_START] = EACH(REPLACE, LEAVE),
		[OWN_STOP] = EACH(CONTINUE, LEAVE),
		[OUT] = {VM_CLAIM_CONTINUE, VM_CLAIM_REPLACE, VM_CLAIM_REPLACE, VM_CLAIM_LEAVE},
		[SENT] = EACH(CONTINUE, LEAVE),
		/* A stop on the target must not hide what the source has to find in the journal. */
		[IN] = {VM_CLAIM_LEAVE, VM_CLAIM_LEAVE, VM_CLAIM_CONTINUE, VM_CLAIM_LEAVE},
		[ARRIVED] = EACH(REPLACE, LEAVE),
		[TIDYING] = EACH(REPLACE, LEAVE),
		[MAKING] = EACH(LEAVE, LEAVE),
		[UNMAKING] = EACH(LEAVE, LEAVE),
		/* The source still has to find it, to save the guest (I10). */
		[UNDONE] = EACH(LEAVE, LEAVE),
		[OTHER] = EACH(LEAVE, LEAVE),
	},
	[VM_ACTION_MIGRATE_TO] = {
		[NONE] = EACH(BEGIN, BEGIN),
		[OWN_START] = EACH(END_FIRST, REFUSE),
		[OWN_STOP] = EACH(END_FIRST, REFUSE),
		[OUT] = EACH(CONTINUE, REFUSE),
		[SENT] = EACH(CONTINUE, REFUSE),
		[IN] = EACH(END_FIRST, REFUSE),
		[ARRIVED] = EACH(END_FIRST, REFUSE),
		[TIDYING] = EACH(END_FIRST, WAIT),
		[MAKING] = EACH(REFUSE, REFUSE),
		[UNMAKING] = EACH(REFUSE, REFUSE),
		[UNDONE] = EACH(BEGIN, BEGIN),
		[OTHER] = EACH(END_FIRST, REFUSE),
	},
	[VM_ACTION_MIGRATE_FROM] = {
		[NONE] = EACH(REFUSE, REFUSE),
		[OWN_START] = EACH(REFUSE, REFUSE),
		[OWN_STOP] = EACH(REFUSE, REFUSE),
		[OUT] = EACH(REFUSE, REFUSE),
		[SENT] = EACH(REFUSE, REFUSE),
		[IN] = {VM_CLAIM_CONTINUE, VM_CLAIM_REFUSE, VM_CLAIM_CONTINUE, VM_CLAIM_REFUSE},
		[ARRIVED] = EACH(CONTINUE, REFUSE),
		[TIDYING] = EACH(REFUSE, REFUSE),
		[MAKING] = EACH(REFUSE, REFUSE),
		[UNMAKING] = EACH(REFUSE, REFUSE),
		[UNDONE] = EACH(REFUSE, REFUSE),
		[OTHER] = EACH(REFUSE, REFUSE),
	},
	/* An open task is a hand-over in progress, or one that a stop has to clean up. */
	[VM_ACTION_RECONCILE] = {
		[NONE] = EACH(BEGIN, BEGIN),
		[OWN_START] = EACH(REFUSE, REFUSE),
		[OWN_STOP] = EACH(REFUSE, REFUSE),
		[OUT] = EACH(REFUSE, REFUSE),
		[SENT] = EACH(REFUSE, REFUSE),
		[IN] = EACH(REFUSE, REFUSE),
		[ARRIVED] = EACH(REFUSE, REFUSE),
		[TIDYING] = EACH(CONTINUE, WAIT),
		[MAKING] = EACH(REFUSE, REFUSE),
		[UNMAKING] = EACH(REFUSE, REFUSE),
		[UNDONE] = EACH(BEGIN, BEGIN),
		[OTHER] = EACH(REFUSE, REFUSE),
	},
	/* It may make only what is not there, and delete only what a create has made. */
	[VM_ACTION_CREATE] = {
		[NONE] = EACH(BEGIN, BEGIN),
		[OWN_START] = EACH(REFUSE, REFUSE),
		[OWN_STOP] = EACH(REFUSE, REFUSE),
		[OUT] = EACH(REFUSE, REFUSE),
		[SENT] = EACH(REFUSE, REFUSE),
		[IN] = EACH(REFUSE, REFUSE),
		[ARRIVED] = EACH(REFUSE, REFUSE),
		[TIDYING] = EACH(REFUSE, WAIT),
		[MAKING] = EACH(CONTINUE, REFUSE),
		[UNMAKING] = EACH(REFUSE, REFUSE),
		[UNDONE] = EACH(BEGIN, BEGIN),
		[OTHER] = EACH(REFUSE, REFUSE),
	},
	/* It may delete what no other task needs. */
	[VM_ACTION_DESTROY] = {
		[NONE] = EACH(BEGIN, BEGIN),
		[OWN_START] = EACH(REFUSE, REFUSE),
		[OWN_STOP] = EACH(REFUSE, REFUSE),
		[OUT] = EACH(REFUSE, REFUSE),
		[SENT] = EACH(REFUSE, REFUSE),
		[IN] = EACH(REFUSE, REFUSE),
		[ARRIVED] = EACH(REFUSE, REFUSE),
		[TIDYING] = EACH(REFUSE, WAIT),
		[MAKING] = EACH(REFUSE, REFUSE),
		[UNMAKING] = EACH(CONTINUE, REFUSE),
		[UNDONE] = EACH(BEGIN, BEGIN),
		[OTHER] = EACH(REFUSE, REFUSE),
	},
};
/* clang-format on */

static_assert(VM_ACTION_MAX == 7 && RELATION_MAX == 12, "a pair without a decision");

static bool names(const char *name, const char *other)
{
	return strcmp(name, other) == 0;
}

static enum relation migration_relation(const struct vm_asker *asker,
					const struct journal_task *task)
{
	const char *me = asker->self.node;
	bool waits = task->state == JOURNAL_WAITING;

	switch (asker->action) {
	case VM_ACTION_MIGRATE_TO:
		if (names(task->source, asker->source) && names(task->target, asker->target)) {
			return OUT;
		}
		break;
	case VM_ACTION_MIGRATE_FROM:
		/*
		 * The target cannot continue a migration that migrate_to still runs, even if its
		 * actor is dead.
		 */
		if (!names(task->source, asker->source) || !names(task->target, asker->target) ||
		    (task->state == JOURNAL_RUNNING && !names(task->actor.node, me))) {
			return OTHER;
		}
		break;
	default:
		if (names(task->source, me)) {
			return asker->departed && (names(task->mode, VM_MODE_LIVE) ||
						   names(task->mode, VM_MODE_SENT))
				       ? SENT
				       : OUT;
		}
		break;
	}
	if (!names(task->target, me)) {
		return OTHER;
	}
	return waits && names(task->step, VM_STEP_ARRIVED) ? ARRIVED : IN;
}

static enum relation relation_of(const struct vm_asker *asker, const struct journal_task *task)
{
	if (task == NULL || !journal_state_open(task->state)) {
		return task != NULL && task->kind == JOURNAL_MIGRATE &&
				       task->state == JOURNAL_FAILED &&
				       names(task->target, asker->self.node)
			       ? UNDONE
			       : NONE;
	}
	switch (task->kind) {
	case JOURNAL_START: return names(task->target, asker->self.node) ? OWN_START : OTHER;
	case JOURNAL_STOP: return names(task->source, asker->self.node) ? OWN_STOP : OTHER;
	case JOURNAL_MIGRATE: return migration_relation(asker, task);
	case JOURNAL_RECONCILE: return TIDYING;
	case JOURNAL_CREATE: return MAKING;
	case JOURNAL_DESTROY: return UNMAKING;
	default: return OTHER;
	}
}

static enum condition condition_of(const struct journal_task *task, enum journal_evidence gone)
{
	if (task == NULL || task->state == JOURNAL_WAITING) {
		return WAITING;
	}
	if (task->state == JOURNAL_RUNNING) {
		return gone == JOURNAL_EVIDENCE_NONE ? ALIVE : GONE;
	}
	return BROKEN;
}

enum vm_claim vm_claim_decide(const struct vm_asker *asker, const struct journal_task *task,
			      enum journal_evidence gone)
{
	return decisions[asker->action][relation_of(asker, task)][condition_of(task, gone)];
}

bool vm_claim_sent(const struct journal_task *task, const char *node)
{
	return task != NULL && task->kind == JOURNAL_MIGRATE && names(task->target, node) &&
	       names(task->mode, VM_MODE_SENT);
}

enum journal_state vm_claim_end_state(const struct journal_task *task)
{
	return task->kind == JOURNAL_MIGRATE && task->state == JOURNAL_WAITING &&
			       names(task->step, VM_STEP_ARRIVED)
		       ? JOURNAL_DONE
		       : JOURNAL_FAILED;
}

static bool source_saves(const struct vm_asker *asker, const struct journal_task *task,
			 enum journal_evidence gone, int64_t now_ms)
{
	switch (task->state) {
	case JOURNAL_BROKEN: return true;
	case JOURNAL_RUNNING:
		return gone != JOURNAL_EVIDENCE_NONE || !names(task->actor.node, asker->self.node);
	case JOURNAL_FAILED:
		return now_ms >= task->changed_ms &&
		       now_ms - task->changed_ms < VM_CLAIM_RECOVERY_MS;
	default: return false;
	}
}

bool vm_claim_saves(const struct vm_asker *asker, const struct journal_task *task,
		    enum journal_evidence gone, int64_t now_ms)
{
	if (task == NULL) {
		return false;
	}
	/* An earlier stop had begun to save. */
	if (task->kind == JOURNAL_STOP) {
		return journal_state_open(task->state) && names(task->source, asker->self.node) &&
		       names(task->mode, VM_MODE_SAVED);
	}
	if (task->kind != JOURNAL_MIGRATE || names(task->mode, VM_MODE_BOTH)) {
		return false;
	}
	if (names(task->source, asker->self.node)) {
		return source_saves(asker, task, gone, now_ms);
	}
	/*
	 * Until the migration has arrived, the target's grant is still the migration's to revoke.
	 */
	return names(task->target, asker->self.node) && names(task->granted_to, asker->self.node) &&
	       (task->state == JOURNAL_BROKEN || task->state == JOURNAL_RUNNING);
}
