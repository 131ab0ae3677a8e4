/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_JOURNAL_H
#define LUNMASK_VM_JOURNAL_H

#include "journal/journal.h"
#include "rules/vm_claim.h"

/*
 * One action's task in the journal: claimed, told what is going to be done, and ended.
 *
 *	rc = vm_journal_init(&journal, action, vm, node, source, target, err);
 *	rc = vm_journal_claim(&journal, deadline, err);
 *	rc = vm_journal_step(&journal, "grant", true, deadline, err);    before each effect
 *	rc = vm_journal_end(&journal, JOURNAL_DONE, NULL, "", deadline, err);
 *	vm_journal_release(&journal);
 *
 * What others of the task are to know goes into journal.task; the next commit tells it.
 *
 * A start or migration that finds a reconcile at the VM waits for its end.
 *
 * While there is no answer it is asked again, for a while: -EHOSTDOWN, with what to do. -EBUSY: the
 * claim is refused, the text says whose the task is. -ECANCELED: the task was taken over meanwhile.
 *
 * stop has VM_JOURNAL_STOP_MS in all for a journal that does not answer. When they are used up
 * every call fails at once; claim may also succeed without claiming, when the task is another's to
 * end.
 */
#define VM_JOURNAL_STOP_MS 2000

struct vm_journal {
	struct vm_asker asker;
	struct journal *connection;
	int budget_ms;             /* stop: what is left for calls that come to nothing */
	bool claimed;              /* task is this process's, and open */
	bool continued;            /* it was begun by an earlier process */
	bool save;                 /* stop: the guest's memory is to be kept */
	bool only_open;            /* claim what is open, and begin nothing where nothing is */
	struct journal_task task;  /* as committed, and what the next commit will tell */
	struct journal_task found; /* as it was found; revision 0: there was none */
};

int vm_journal_init(struct vm_journal *journal, enum vm_action action, const char *vm,
		    const char *node, const char *source, const char *target, struct err *err);
void vm_journal_release(struct vm_journal *journal);

int vm_journal_claim(struct vm_journal *journal, struct deadline deadline, struct err *err);

/* The step is about to be begun. Without a claim there is nobody to tell: 0. */
int vm_journal_step(struct vm_journal *journal, const char *step, bool widens,
		    struct deadline deadline, struct err *err);

/*
 * Is the task still this process's, before it undoes anything of it? Asked of the majority: what a
 * process that stood still remembers is no answer. -ECANCELED: it is not.
 */
int vm_journal_confirm(struct vm_journal *journal, struct deadline deadline, struct err *err);

/* The task ends, or waits for the next action, in state; at the last step when step is NULL. */
int vm_journal_end(struct vm_journal *journal, enum journal_state state, const char *step,
		   const char *reason, struct deadline deadline, struct err *err);

/* An operation is submitted until it is committed; *ret says with what result. -EHOSTDOWN. */
int vm_journal_submit(struct vm_journal *journal, const struct journal_op *op, bool gated,
		      struct deadline deadline, struct journal_answer *ret, struct err *err);

/* Linearizable. -ENOENT: there is none. -EHOSTDOWN. */
int vm_journal_release_find(struct vm_journal *journal, const char *node, struct deadline deadline,
			    struct journal_release *ret, struct err *err);

#endif
