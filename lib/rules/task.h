/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TASK_H
#define LUNMASK_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * The task engine: walks a static table of restartable steps.
 *
 * A step looks at the real world (probe), acts if needed (run), and looks again. A task that was
 * killed anywhere is continued by running it again: what is done is seen to be done. When a step
 * fails for good, the undo of every step that this run carried out is called, last one first; an
 * undo removes only what this task added.
 *
 * The engine is the only place that decides about state and reports it; steps neither log nor
 * sleep. Nothing here does I/O of its own but wait between two tries.
 */

/* What a probe found, or -errno when it could not find out. */
enum task_sight { TASK_NOT_DONE = 0, TASK_DONE = 1 };

enum task_step_flags {
	TASK_WIDENS = 1u << 0, /* gives a host or a guest more than it had: needs the gate (I8) */
	TASK_NO_RETURN = 1u << 1, /* once it is done, earlier steps are no longer undone */
	TASK_LOOK_ONCE = 1u << 2, /* run is a check: it has no effect to look for afterwards */
	TASK_GRANTS = 1u << 3,    /* adds a host to the masks; its undo takes back what was added */
};

struct task_step {
	const char *name;
	int (*probe)(void *context, struct deadline deadline, struct err *err);
	int (*run)(void *context, struct deadline deadline, struct err *err);
	int (*undo)(void *context, struct deadline deadline, struct err *err); /* may be NULL */
	int timeout_ms;     /* of one run; the task's deadline cuts it short */
	unsigned int tries; /* of a run that fails with a transient error; at least 1 */
	int retry_ms;       /* between two tries */
	int patience_ms;    /* how long tries do not count while others are to lift the error */
	unsigned int flags; /* enum task_step_flags */
};

/* What happened, once per change of state. */
enum task_event_kind {
	TASK_STEP_SKIPPED,  /* was done already */
	TASK_STEP_PROGRESS, /* text: how far; told by long steps themselves */
	TASK_STEP_DONE,
	TASK_STEP_RETRIED, /* text: why */
	TASK_STEP_FAILED,  /* text: why */
	TASK_STEP_UNDONE,
	TASK_STEP_UNDO_FAILED, /* text: why */
};

struct task_event {
	enum task_event_kind kind;
	const char *task;
	const char *step;
	int64_t duration_ms;
	const char *text; /* "" when there is nothing to say */
};

const char *task_event_kind_to_str(enum task_event_kind kind);

/*
 * The journal's seam: intent is recorded here before each effect. A task must be recoverable
 * without it, by looking at the world. Checks (TASK_LOOK_ONCE) have no effect, and are not told.
 * Any of them may be NULL.
 */
struct task_journal_ops {
	/*
	 * Asked before each try of a step; -errno with text: the step is not begun. -ECANCELED: the
	 * task is another's now, so that nothing of it is ours to undo.
	 */
	int (*step_begin)(void *journal, const struct task_step *step, struct deadline deadline,
			  struct err *err);
	/* Told when it is over, or was found done. */
	void (*step_end)(void *journal, const struct task_step *step, int rc);
	/* Found done, or not reached: did an earlier process of this task do it, so that it is
	 * this one's to undo? */
	bool (*step_ours)(void *journal, const struct task_step *step);
	/*
	 * Asked once, before anything is undone. -ECANCELED: as of step_begin. Any other error: it
	 * cannot be known, and what was done is left as it is.
	 */
	int (*undo_begin)(void *journal, struct deadline deadline, struct err *err);
};

struct task {
	const char *name;
	const struct task_step *steps;
	size_t n_steps;
	void *context; /* given to every probe, run and undo */

	/* May access be widened now? Asked before each TASK_WIDENS step. NULL: no such step. */
	int (*gate)(void *context, struct deadline deadline, struct err *err);

	void (*observe)(void *observer, const struct task_event *event); /* may be NULL */
	void *observer;

	const struct task_journal_ops *journal; /* may be NULL */
	void *journal_data;

	int undo_reserve_ms; /* kept back for undo; at most a third of the time that is left */
};

/* Is this error worth another try? -EBUSY, -EAGAIN, -EHOSTUNREACH, -ECONNREFUSED, -ETIMEDOUT... */
bool task_error_transient(int rc);
/* An error that somebody else is about to lift: this host is fenced, and may be let in again. */
bool task_error_lifted(int rc);

/*
 * 0 when every step is done. Otherwise the error of the step that failed, with its name in the
 * text; -ENOTRECOVERABLE in place of it when what was done could not be undone, and -ECANCELED when
 * it is not this process's to undo any more (the text says both).
 */
int task_run(const struct task *task, struct deadline deadline, struct err *err);

/* Checks a table: names, functions, limits. For tests and for assertions at start. */
int task_verify(const struct task *task, struct err *err);

#endif
