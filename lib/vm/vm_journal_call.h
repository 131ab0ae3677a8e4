/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_JOURNAL_CALL_H
#define LUNMASK_VM_JOURNAL_CALL_H

#include "vm/vm_journal.h"

/*
 * Calls to the journal, repeated across a restart of lunmaskd, a change of the sequencer and a lost
 * answer, always with the same request id. Internal to vm_journal, like vm_journal_submit() and
 * vm_journal_release_find().
 */
static inline bool vm_journal_stopping(const struct vm_journal *journal)
{
	return journal->asker.action == VM_ACTION_STOP;
}

/*
 * Reads the VM's open task, or the last one that ended. -ENOENT: none. -EHOSTDOWN. err must not be
 * NULL.
 */
int vm_journal_task_read(struct vm_journal *journal, enum journal_read how,
			 struct deadline deadline, struct journal_task *ret, struct err *err);

/*
 * Does the status of an answer mean that another process owns the task now? vm_journal_refusal()
 * turns that status (-ECANCELED) or another refusal (-ENOSPC, -EIO) into an error text.
 */
bool vm_journal_overtaken(int status);
int vm_journal_refusal(const struct journal_answer *answer, struct err *err);

/*
 * Waits until the index applied on this node exceeds *index, or until the deadline; both return 0,
 * with the new index in *index. With *index 0 it returns the current index at once. -EHOSTDOWN. err
 * must not be NULL.
 */
int vm_journal_change_wait(struct vm_journal *journal, uint64_t *index, struct deadline deadline,
			   struct err *err);

#endif
