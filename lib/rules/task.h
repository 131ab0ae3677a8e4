/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TASK_H
#define LUNMASK_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * The task engine: it walks a static table of restartable steps.
 *
 * Fill in a struct task and call task_run(). The caller owns the table, the context and the ops;
 * the engine keeps nothing.
 *
 * For each step the engine probes the real world, runs the step if it is not done, and probes
 * again. A step whose probe cannot tell is not run: the next try probes again. To continue a task
 * that was killed, run it again: the probes show which steps are done. When a step finally fails,
 * the engine calls the undo of every step that this run carried out, last one first. An undo
 * removes only what this task added.
 *
 * Only the engine decides about state and reports it; steps neither log nor sleep. The engine does
 * no I/O of its own. It only waits between two tries.
 */

/*
 * The result of a probe. A probe that cannot tell, or that finds what must not be acted on, returns
 * -errno, and run is not called (TASK_BLIND: see there).
 */
enum task_probe_result { TASK_NOT_DONE = 0, TASK_DONE = 1 };

enum task_step_flags {
	TASK_WIDENS = 1u << 0,    /* gives a host or a guest more access: needs the gate (I8) */
	TASK_NO_RETURN = 1u << 1, /* when it is done, earlier steps are no longer undone */
	/* run is a check: it has no effect, so there is no probe after it. */
	TASK_CHECK = 1u << 2,
	TASK_GRANTS = 1u << 3, /* adds a host to the masks; its undo revokes what it added */
	/* There is another way: -EBUSY is not waited for, neither after the probe nor after run. */
	TASK_BUSY_ENDS = 1u << 4,
	/*
	 * run is called also if the probe cannot tell: it ends or takes away what must go in any
	 * case. Never with TASK_WIDENS.
	 */
	TASK_BLIND = 1u << 5,
	TASK_MAKES = 1u << 6, /* makes LUNs on the array; its undo deletes those that it made */
	TASK_TAKES = 1u << 7, /* takes away what the host had; its undo gives that back */
};

struct task_step {
	const char *name;
	int (*probe)(void *context, struct deadline deadline, struct err *err);
	int (*run)(void *context, struct deadline deadline, struct err *err);
	int (*undo)(void *context, struct deadline deadline, struct err *err); /* may be NULL */
	int timeout_ms;     /* of one run; the task's deadline may shorten it */
	unsigned int tries; /* for a run that fails with a transient error; 1..100 */
	int retry_ms;       /* between two tries */
	int fenced_wait_ms; /* for so long, tries do not count that fail with task_error_fenced() */
	unsigned int flags; /* enum task_step_flags */
};

/* An event: exactly one for each change of state. */
enum task_event_kind {
	TASK_STEP_SKIPPED,  /* was already done */
	TASK_STEP_PROGRESS, /* text: the progress; reported by long steps themselves */
	TASK_STEP_DONE,
	TASK_STEP_RETRIED, /* text: the reason */
	TASK_STEP_FAILED,  /* text: the reason */
	TASK_STEP_UNDONE,
	TASK_STEP_UNDO_FAILED, /* text: the reason */
};

struct task_event {
	enum task_event_kind kind;
	const char *task;
	const char *step;
	int64_t duration_ms;
	const char *text; /* "" if there is none */
};

const char *task_event_kind_to_str(enum task_event_kind kind);

/*
 * The engine's calls to the journal. They record the intent before each effect. A task must be
 * recoverable without the journal, by probing the world. The journal is not called for checks
 * (TASK_CHECK), which have no effect. Each of these functions may be NULL.
 */
struct task_journal_ops {
	/*
	 * Called before each try of a step. On -errno, with a text in err, the step is not started.
	 * -ECANCELED: another process owns the task now, and this one must not undo anything.
	 */
	int (*step_begin)(void *journal, const struct task_step *step, struct deadline deadline,
			  struct err *err);
	/* Called when the step has ended, or was found done. */
	void (*step_end)(void *journal, const struct task_step *step, int rc);
	/*
	 * Called for a step that was found done or was not reached: did an earlier process of this
	 * task carry it out? If so, this process may undo it.
	 */
	bool (*step_ours)(void *journal, const struct task_step *step);
	/*
	 * Called once, before anything is undone. -ECANCELED: as for step_begin. Any other error:
	 * the owner is not known, and nothing is undone.
	 */
	int (*undo_begin)(void *journal, struct deadline deadline, struct err *err);
};

struct task {
	const char *name;
	const struct task_step *steps;
	size_t n_steps;
	void *context; /* passed to every probe, run and undo */

	/*
	 * May access be widened now? Called before each try of a TASK_WIDENS step. May be NULL if
	 * the table has no such step.
	 */
	int (*gate)(void *context, struct deadline deadline, struct err *err);

	void (*observe)(void *observer, const struct task_event *event); /* may be NULL */
	void *observer;

	const struct task_journal_ops *journal; /* may be NULL */
	void *journal_data;

	int undo_reserve_ms; /* time kept back for undo; at most a third of the time left */
};

/*
 * Is another try worthwhile after this error? True for -EBUSY, -EAGAIN, -EHOSTUNREACH,
 * -ECONNREFUSED, -ETIMEDOUT and similar.
 */
bool task_error_transient(int rc);
/*
 * Will another node probably lift this error? True for -ESHUTDOWN: this host is fenced, and may be
 * unfenced.
 */
bool task_error_fenced(int rc);

/*
 * Returns 0 when every step is done. Otherwise it returns the error of the step that failed, and
 * the text starts with the step's name. Two codes take the place of that error; the text then gives
 * both reasons:
 * -ENOTRECOVERABLE: an undo failed, or the journal could not say whether undoing was still allowed.
 * -ECANCELED: another process owns the task now, so nothing was undone.
 *
 * -EINVAL: the table is wrong (task_verify()).
 */
int task_run(const struct task *task, struct deadline deadline, struct err *err);

/* Checks a table: names, functions, limits. -EINVAL. task_run() calls it; tests may call it too. */
int task_verify(const struct task *task, struct err *err);

#endif
