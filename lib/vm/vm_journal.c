/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/vm_journal.h"

#include <stdio.h>
#include <string.h>

#include "base/realtime.h"
#include "journal/journal_actor.h"
#include "vm/vm_journal_call.h"

#define CLAIM_WAS_LOST "the task was taken over while this process was suspended"

int vm_journal_init(struct vm_journal *journal, enum vm_action action, const char *vm,
		    const char *node, const char *source, const char *target, struct err *err)
{
	struct vm_asker *asker = &journal->asker;

	*journal = (struct vm_journal){
		.asker.action = action,
		.budget_ms = VM_JOURNAL_STOP_MS,
	};
	(void)snprintf(asker->vm, sizeof(asker->vm), "%s", vm);
	(void)snprintf(asker->source, sizeof(asker->source), "%s", source);
	(void)snprintf(asker->target, sizeof(asker->target), "%s", target);
	return journal_actor_self(node, &asker->self, err);
}

void vm_journal_release(struct vm_journal *journal)
{
	journal_close(journal->connection);
	journal->connection = NULL;
}

int vm_journal_refusal(const struct journal_answer *answer, struct err *err)
{
	switch (answer->status) {
	case -EBUSY:
	case -EEXIST:
	case -ENOENT:
	case -ESTALE:
		return err_set(err, -ECANCELED,
			       CLAIM_WAS_LOST ": it is %s now, at step '%s', by %s",
			       answer->has_current ? journal_state_to_str(answer->current.state)
						   : "not there",
			       answer->current.step,
			       answer->current.actor.node[0] != '\0' ? answer->current.actor.node
								     : "nobody");
	case -ENOSPC:
		return err_set(err, -ENOSPC, "the journal is full of open tasks (lunmask tasks)");
	default:
		return err_set(err, -EIO, "the journal refused the record: %s",
			       strerror(-answer->status));
	}
}

bool vm_journal_overtaken(int status)
{
	return status == -EBUSY || status == -EEXIST || status == -ENOENT || status == -ESTALE;
}

/* The answer to an earlier try was lost, but its record was committed. */
static bool mine_already(const struct vm_journal *journal, const struct journal_answer *answer)
{
	return answer->status == -ESTALE && answer->has_current &&
	       id128_equal(&answer->current.uuid, &journal->task.uuid) &&
	       journal_actor_equal(&answer->current.actor, &journal->asker.self);
}

static int advance(struct vm_journal *journal, const struct journal_task *next, bool gated,
		   struct deadline deadline, struct err *err)
{
	struct journal_op op = {.kind = JOURNAL_OP_ADVANCE, .task = *next};
	struct journal_answer answer;
	int rc;

	op.task.changed_ms = realtime_now_ms();
	rc = vm_journal_submit(journal, &op, gated, deadline, &answer, err);
	if (rc == 0 && mine_already(journal, &answer)) {
		op.task.revision = answer.current.revision;
		rc = vm_journal_submit(journal, &op, gated, deadline, &answer, err);
	}
	if (rc != 0) {
		return rc;
	}
	if (answer.status != 0) {
		journal->claimed = !vm_journal_overtaken(answer.status);
		return vm_journal_refusal(&answer, err);
	}
	journal->task = op.task;
	journal->task.revision = answer.revision;
	journal->claimed = op.task.state == JOURNAL_RUNNING;
	return 0;
}

int vm_journal_step(struct vm_journal *journal, const char *step, bool widens,
		    struct deadline deadline, struct err *err)
{
	struct journal_task next = journal->task;

	if (!journal->claimed) {
		return vm_journal_stopping(journal) ? 0 : err_set(err, -ECANCELED, CLAIM_WAS_LOST);
	}
	(void)snprintf(next.step, sizeof(next.step), "%s", step);
	next.step_state = JOURNAL_STEP_BEGUN;
	return advance(journal, &next, widens, deadline, err);
}

static bool is_mine(const struct vm_journal *journal, const struct journal_task *task)
{
	return task->state == JOURNAL_RUNNING && id128_equal(&task->uuid, &journal->task.uuid) &&
	       journal_actor_equal(&task->actor, &journal->asker.self);
}

static int claim_lost(struct vm_journal *journal, const struct journal_task *now, struct err *err)
{
	journal->claimed = false;
	return err_set(err, -ECANCELED,
		       CLAIM_WAS_LOST ": the last one is %s %s, at step '%s', by %s",
		       journal_kind_to_str(now->kind), journal_state_to_str(now->state), now->step,
		       now->actor.node);
}

int vm_journal_confirm(struct vm_journal *journal, struct deadline deadline, struct err *err)
{
	struct err own = ERR_INIT;
	struct journal_task now;
	int rc;

	if (!journal->claimed) {
		return err_set(err, -ECANCELED, CLAIM_WAS_LOST);
	}
	rc = vm_journal_task_read(journal, JOURNAL_LINEARIZABLE, deadline, &now, &own);
	if (rc != 0) {
		return err_set(err, rc, "%s", err_text(&own));
	}
	return is_mine(journal, &now) ? 0 : claim_lost(journal, &now, err);
}

int vm_journal_end(struct vm_journal *journal, enum journal_state state, const char *step,
		   const char *reason, struct deadline deadline, struct err *err)
{
	struct journal_task next = journal->task;

	if (!journal->claimed) {
		return 0;
	}
	next.state = state;
	if (step != NULL) {
		(void)snprintf(next.step, sizeof(next.step), "%s", step);
		next.step_state = JOURNAL_STEP_ENDED;
	}
	(void)snprintf(next.reason, sizeof(next.reason), "%s", reason);
	return advance(journal, &next, false, deadline, err);
}
