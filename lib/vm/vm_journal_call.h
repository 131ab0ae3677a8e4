/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_JOURNAL_CALL_H
#define LUNMASK_VM_JOURNAL_CALL_H

#include "vm/vm_journal.h"

/*
 * Calls to the journal with the patience that an action has: asked again over a restart of
 * lunmaskd, a change of the sequencer and a lost answer, and with the same request id. Internal to
 * vm_journal, beside vm_journal_submit() and vm_journal_release_find().
 */
static inline bool vm_journal_stopping(const struct vm_journal *journal)
{
	return journal->asker.action == VM_ACTION_STOP;
}

/* The VM's open task, or the one that ended last. -ENOENT, -EHOSTDOWN. err must not be NULL. */
int vm_journal_task_read(struct vm_journal *journal, enum journal_read how,
			 struct deadline deadline, struct journal_task *ret, struct err *err);

/* Is it another's, by the status of an answer? And what that, or another refusal, means. */
bool vm_journal_overtaken(int status);
int vm_journal_refusal(const struct journal_answer *answer, struct err *err);

/*
 * Waits until more than *index is applied here, or the deadline; *index 0: tells the index at once.
 * -EHOSTDOWN. err must not be NULL.
 */
int vm_journal_change_wait(struct vm_journal *journal, uint64_t *index, struct deadline deadline,
			   struct err *err);

#endif
