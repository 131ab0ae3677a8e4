/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_JOURNAL_H
#define LUNMASK_VM_JOURNAL_H

#include "journal/journal.h"
#include "rules/vm_claim.h"

/*
 * The task of one action in the journal: claim it, record each step before its effect, end it.
 *
 *	rc = vm_journal_init(&journal, action, vm, node, source, target, err);
 *	rc = vm_journal_claim(&journal, deadline, err);
 *	rc = vm_journal_step(&journal, "grant", true, deadline, err);    before each effect
 *	rc = vm_journal_end(&journal, JOURNAL_DONE, NULL, "", deadline, err);
 *	vm_journal_release(&journal);
 *
 * Write whatever other nodes are to learn about the task into journal.task; the next commit
 * publishes it.
 *
 * A start or a migration that finds a reconcile of the VM waits until it has ended.
 *
 * A call that gets no answer is repeated for some seconds. Errors:
 * -EHOSTDOWN: the journal did not answer; the text says what to do.
 * -EBUSY: the claim is refused; the text names the owner of the task.
 * -ECANCELED: another process has taken over the task meanwhile.
 *
 * stop waits at most VM_JOURNAL_STOP_MS in all for a journal that does not answer. When that time
 * is used up, every call fails at once. For stop, vm_journal_claim() may return 0 without a claim,
 * if the task belongs to another process.
 */
#define VM_JOURNAL_STOP_MS 2000

struct vm_journal {
	struct vm_asker asker;
	struct journal *connection;
	int budget_ms;             /* stop: time left for calls that get no answer */
	bool claimed;              /* task belongs to this process and is open */
	bool continued;            /* an earlier process began the task */
	bool followed;             /* the claim has continued or ended an open task */
	bool save;                 /* stop: the guest's memory must be saved */
	bool only_open;            /* claim an open task, but never begin a new one */
	struct journal_task task;  /* as committed, plus changes for the next commit */
	struct journal_task found; /* as it was found; revision 0: none was found */
};

int vm_journal_init(struct vm_journal *journal, enum vm_action action, const char *vm,
		    const char *node, const char *source, const char *target, struct err *err);
void vm_journal_release(struct vm_journal *journal);

int vm_journal_claim(struct vm_journal *journal, struct deadline deadline, struct err *err);

/*
 * Does the task that was found say that a live migration has sent the guest to this node
 * (VM_MODE_SENT)? The second form waits for the source to say so, while its task is open.
 */
bool vm_journal_sent(const struct vm_journal *journal);
bool vm_journal_sent_wait(struct vm_journal *journal, struct deadline deadline);

/*
 * Records that the step is about to start. widens: commit only with quorum and an active journal.
 * Once the claim is lost it returns -ECANCELED; a stop without a claim records nothing and gets 0.
 */
int vm_journal_step(struct vm_journal *journal, const char *step, bool widens,
		    struct deadline deadline, struct err *err);

/*
 * Does the task still belong to this process? Call it before undoing anything. The majority is
 * asked, because a process that was suspended cannot rely on its own memory. -ECANCELED: it does
 * not.
 */
int vm_journal_confirm(struct vm_journal *journal, struct deadline deadline, struct err *err);

/*
 * Ends the task in state DONE, FAILED or BROKEN, or leaves it WAITING for the next action. step
 * NULL: the last step stays recorded. Without a claim it does nothing and returns 0.
 */
int vm_journal_end(struct vm_journal *journal, enum journal_state state, const char *step,
		   const char *reason, struct deadline deadline, struct err *err);

/* Submits an operation until it is committed; *ret holds its result. -EHOSTDOWN. */
int vm_journal_submit(struct vm_journal *journal, const struct journal_op *op, bool gated,
		      struct deadline deadline, struct journal_answer *ret, struct err *err);

/* Read the release of the VM by node, or the grant to it; linearizable. -ENOENT. -EHOSTDOWN. */
int vm_journal_release_find(struct vm_journal *journal, const char *node, struct deadline deadline,
			    struct journal_release *ret, struct err *err);
int vm_journal_grant_find(struct vm_journal *journal, const char *node, struct deadline deadline,
			  struct journal_release *ret, struct err *err);

#endif
