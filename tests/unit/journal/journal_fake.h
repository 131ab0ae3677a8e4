/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_JOURNAL_FAKE_H
#define LUNMASK_JOURNAL_FAKE_H

#include "journal/journal.h"

/*
 * lib/journal.h without a daemon: the operations are applied to the daemon's own table of tasks, so
 * that its rules are the real ones. What goes wrong is said beforehand.
 */
struct journal_fake {
	bool absent;                /* no lunmaskd */
	bool older;                 /* lunmaskd here does not know grants */
	bool no_majority;           /* reads: -EHOSTDOWN; submissions: NO_QUORUM */
	enum journal_domain domain; /* what lunmaskd says of any domain */
	/* What any other node answers. NULL: it cannot be asked. */
	const char *answers[JOURNAL_ASK_KIND_MAX];
	unsigned int asked[JOURNAL_ASK_KIND_MAX];
	char *question;              /* the last one; journal_fake_release() frees it */
	unsigned int lose_answers;   /* of so many submissions, which are committed all the same */
	unsigned int drops;          /* of so many calls the connection ends first */
	unsigned int commits;        /* operations that were applied, each once */
	unsigned int gated;          /* of them */
	void (*before_submit)(void); /* what others do meanwhile; called once */
	void (*in_wait)(void);       /* likewise, while a change is waited for */
};

extern struct journal_fake journal_fake;

void journal_fake_reset(void);
void journal_fake_release(void);

/* As another process would. Returns the status. */
int journal_fake_apply(const struct journal_op *op);

/* What the journal has of the VM. NULL: nothing. */
const struct journal_task *journal_fake_task(const char *vm);
bool journal_fake_released(const char *vm, const char *node);

#endif
