/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/task.h"

#define TASK_STEPS_MAX 32
#define TASK_TRIES_MAX 100

static const char *const event_kinds[] = {
	[TASK_STEP_SKIPPED] = "already done",
	[TASK_STEP_PROGRESS] = "in progress",
	[TASK_STEP_DONE] = "done",
	[TASK_STEP_RETRIED] = "trying again",
	[TASK_STEP_FAILED] = "failed",
	[TASK_STEP_UNDONE] = "undone",
	[TASK_STEP_UNDO_FAILED] = "could not be undone",
};

const char *task_event_kind_to_str(enum task_event_kind kind)
{
	return event_kinds[kind];
}

bool task_error_transient(int rc)
{
	switch (rc) {
	case -EAGAIN:
	case -EBUSY:
	case -ECONNREFUSED:
	case -ECONNRESET:
	case -EHOSTUNREACH:
	case -EINTR:
	case -ENETUNREACH:
	case -ENOTCONN:
	case -EPIPE:
	case -ETIMEDOUT: return true;
	default: return false;
	}
}

bool task_error_fenced(int rc)
{
	return rc == -ESHUTDOWN;
}

static bool busy_ends(const struct task_step *step, int rc)
{
	return rc == -EBUSY && (step->flags & TASK_BUSY_ENDS) != 0;
}

static void tell(const struct task *task, const struct task_step *step, enum task_event_kind kind,
		 int64_t since_ms, const struct err *err)
{
	struct task_event event = {
		.kind = kind,
		.task = task->name,
		.step = step->name,
		.duration_ms = deadline_now_ms() - since_ms,
		.text = err_text(err),
	};

	if (task->observe != NULL) {
		task->observe(task->observer, &event);
	}
}

static bool journaled(const struct task *task, const struct task_step *step)
{
	return task->journal != NULL && (step->flags & TASK_CHECK) == 0;
}

static int step_permitted(const struct task *task, const struct task_step *step,
			  struct deadline deadline, struct err *err)
{
	int rc = 0;

	if ((step->flags & TASK_WIDENS) != 0 && task->gate != NULL) {
		rc = task->gate(task->context, deadline, err);
	}
	if (rc == 0 && journaled(task, step) && task->journal->step_begin != NULL) {
		rc = task->journal->step_begin(task->journal_data, step, deadline, err);
	}
	return rc;
}

static void step_ended(const struct task *task, const struct task_step *step, int rc)
{
	if (journaled(task, step) && task->journal->step_end != NULL) {
		task->journal->step_end(task->journal_data, step, rc);
	}
}

static bool step_ours(const struct task *task, const struct task_step *step)
{
	return journaled(task, step) && task->journal->step_ours != NULL &&
	       task->journal->step_ours(task->journal_data, step);
}

/* What a look has found, beside enum task_probe_result: nobody has looked yet. */
#define NOT_SEEN (-EAGAIN)

/* May run be called? An error of the probe is a state in which nothing may be done. */
static bool may_act(const struct task_step *step, int seen, struct deadline deadline)
{
	return seen == TASK_NOT_DONE || ((step->flags & TASK_BLIND) != 0 &&
					 !busy_ends(step, seen) && !deadline_passed(deadline));
}

/* Runs the step, then probes again. The result of run is only a hint; the probe decides. */
static int step_act(const struct task *task, const struct task_step *step, struct deadline deadline,
		    int *seen, struct err *err)
{
	struct err look_err = ERR_INIT;
	int rc = step->run(task->context, deadline, err);

	if ((step->flags & TASK_CHECK) != 0) {
		return rc;
	}
	*seen = step->probe(task->context, deadline, &look_err);
	if (*seen == TASK_DONE) {
		return 0;
	}
	if (rc != 0) {
		return rc;
	}
	if (*seen < 0) {
		return err_set(err, *seen, "cannot see whether it took effect: %s",
			       err_text(&look_err));
	}
	return err_set(err, -EIO, "reported success but had no effect%s%s",
		       err_text(&look_err)[0] != '\0' ? ": " : "", err_text(&look_err));
}

/*
 * One try. It begins with a look, unless the look at the end of the last try has told. *ret_acted
 * is set before run is called: from then on there may be something to undo.
 */
static int step_try(const struct task *task, const struct task_step *step, struct deadline deadline,
		    int *seen, bool *ret_acted, struct err *err)
{
	int rc;

	*err = (struct err)ERR_INIT;
	if (*seen < 0) {
		*seen = step->probe(task->context, deadline_within(deadline, step->timeout_ms),
				    err);
	}
	if (*seen == TASK_DONE) {
		return 0;
	}
	if (!may_act(step, *seen, deadline)) {
		return *seen;
	}
	*err = (struct err)ERR_INIT;
	rc = step_permitted(task, step, deadline, err);
	if (rc != 0) {
		return rc;
	}
	*ret_acted = true;
	return step_act(task, step, deadline_within(deadline, step->timeout_ms), seen, err);
}

/*
 * The last try may fail only because little time was left for it. Then the reason is what the try
 * before it failed with.
 */
static int reason_keep(int rc, int earlier_rc, const struct err *earlier, struct err *err)
{
	struct err why = *err;

	if ((rc != -ETIMEDOUT && rc != -EHOSTDOWN) || earlier_rc == 0 || earlier_rc == rc) {
		return rc;
	}
	return err_set(err, earlier_rc, "%s; then the time was over: %s", err_text(earlier),
		       err_text(&why));
}

static int step_carry_out(const struct task *task, const struct task_step *step,
			  struct deadline deadline, bool *ret_acted, struct err *err)
{
	int64_t since_ms = deadline_now_ms();
	struct err earlier = ERR_INIT;
	int seen = step->probe == NULL ? TASK_NOT_DONE : NOT_SEEN;
	unsigned int try = 1;
	bool waited = false;
	int earlier_rc = 0;
	int rc = 0;

	while (true) {
		bool waits;

		rc = step_try(task, step, deadline, &seen, ret_acted, err);
		if (deadline_left_ms(deadline) <= step->retry_ms) {
			rc = reason_keep(rc, earlier_rc, &earlier, err);
			break;
		}
		waits = task_error_fenced(rc) &&
			deadline_now_ms() - since_ms < step->fenced_wait_ms;
		if (!waits &&
		    (!task_error_transient(rc) || busy_ends(step, rc) || try++ == step->tries)) {
			break;
		}
		/* A wait for others to lift the error is reported once. */
		if (!waits || !waited) {
			tell(task, step, TASK_STEP_RETRIED, since_ms, err);
		}
		waited = waits;
		earlier = *err;
		earlier_rc = rc;
		if (!deadline_pause(deadline, step->retry_ms)) {
			break;
		}
	}
	tell(task, step,
	     rc != 0      ? TASK_STEP_FAILED
	     : *ret_acted ? TASK_STEP_DONE
			  : TASK_STEP_SKIPPED,
	     since_ms, rc == 0 ? NULL : err);
	return rc;
}

/* Also what this process has not carried out may be the task's to undo: an earlier one may have. */
static int step_walk(const struct task *task, const struct task_step *step,
		     struct deadline deadline, bool *ret_acted, struct err *err)
{
	int rc;

	if (deadline_passed(deadline)) {
		rc = err_set(err, -ETIMEDOUT, "no time left");
		tell(task, step, TASK_STEP_FAILED, deadline_now_ms(), err);
	} else {
		rc = step_carry_out(task, step, deadline, ret_acted, err);
		step_ended(task, step, rc);
	}
	*ret_acted = *ret_acted || step_ours(task, step);
	return rc;
}

/*
 * Undoes the steps first..end-1, last one first. It stops at the first undo that fails, because the
 * earlier steps depend on it.
 */
static int steps_undo(const struct task *task, const bool *acted, size_t first, size_t end,
		      struct deadline deadline, struct err *err)
{
	while (end-- > first) {
		const struct task_step *step = &task->steps[end];
		int64_t since_ms = deadline_now_ms();
		int rc;

		if (!acted[end] || step->undo == NULL) {
			continue;
		}
		rc = step->undo(task->context, deadline, err);
		tell(task, step, rc == 0 ? TASK_STEP_UNDONE : TASK_STEP_UNDO_FAILED, since_ms,
		     rc == 0 ? NULL : err);
		if (rc != 0) {
			return err_prefix(err, rc, "%s could not be undone", step->name);
		}
	}
	return 0;
}

/* An earlier process of this task may have carried out steps that this one did not reach. */
static void steps_note_ours(const struct task *task, bool *acted, size_t from)
{
	for (size_t i = from; i < task->n_steps; i++) {
		acted[i] = step_ours(task, &task->steps[i]);
	}
}

static bool anything_to_undo(const struct task *task, const bool *acted, size_t first)
{
	for (size_t i = first; i < task->n_steps; i++) {
		if (acted[i] && task->steps[i].undo != NULL) {
			return true;
		}
	}
	return false;
}

/*
 * The journal is asked first: a process that was suspended may have lost its task to another
 * process, which relies on the steps that would be undone. cause is the error of the task; it is
 * returned unless undoing fails.
 */
static int undo(const struct task *task, const bool *acted, size_t first, int cause,
		struct deadline deadline, struct err *err)
{
	struct err undo_err = ERR_INIT;
	struct err why = *err;
	int rc = 0;

	if (!anything_to_undo(task, acted, first)) {
		return cause;
	}
	if (task->journal != NULL && task->journal->undo_begin != NULL) {
		rc = task->journal->undo_begin(task->journal_data, deadline, &undo_err);
	}
	if (rc != 0) {
		return err_set(err, rc == -ECANCELED ? rc : -ENOTRECOVERABLE,
			       "%s; nothing of it was undone: %s", err_text(&why),
			       err_text(&undo_err));
	}
	rc = steps_undo(task, acted, first, task->n_steps, deadline, &undo_err);
	if (rc != 0) {
		return err_set(err, -ENOTRECOVERABLE, "%s; then %s", err_text(&why),
			       err_text(&undo_err));
	}
	return cause;
}

/*
 * With a short deadline, undo gets only a third of the time left, so that the steps get the rest.
 */
static struct deadline work_until(const struct task *task, struct deadline deadline)
{
	int third_ms = deadline_left_ms(deadline) / 3;

	return deadline_before(deadline,
			       task->undo_reserve_ms < third_ms ? task->undo_reserve_ms : third_ms);
}

static int steps_walk(const struct task *task, struct deadline deadline, struct err *err)
{
	struct deadline work = work_until(task, deadline);
	bool acted[TASK_STEPS_MAX] = {false};
	size_t undo_from = 0;
	size_t i;
	int rc;

	for (i = 0; i < task->n_steps; i++) {
		const struct task_step *step = &task->steps[i];

		rc = step_walk(task, step, work, &acted[i], err);
		if (rc == 0) {
			undo_from = (step->flags & TASK_NO_RETURN) != 0 ? i + 1 : undo_from;
			continue;
		}
		(void)err_prefix(err, rc, "%s", step->name);
		if (rc == -ECANCELED) {
			return rc;
		}
		steps_note_ours(task, acted, i + 1);
		return undo(task, acted, undo_from, rc, deadline, err);
	}
	return 0;
}

int task_run(const struct task *task, struct deadline deadline, struct err *err)
{
	struct err own = ERR_INIT;
	int rc = task_verify(task, &own);

	if (rc == 0) {
		rc = steps_walk(task, deadline, &own);
	}
	if (rc != 0 && err != NULL) {
		*err = own;
	}
	return rc;
}

int task_verify(const struct task *task, struct err *err)
{
	size_t i;

	if (task->n_steps > TASK_STEPS_MAX) {
		return err_set(err, -EINVAL, "task %s has %zu steps, at most %d are legal",
			       task->name, task->n_steps, TASK_STEPS_MAX);
	}
	for (i = 0; i < task->n_steps; i++) {
		const struct task_step *step = &task->steps[i];
		bool checks = (step->flags & TASK_CHECK) != 0;
		bool widens = (step->flags & TASK_WIDENS) != 0;
		bool grants = (step->flags & TASK_GRANTS) != 0;

		if (step->name == NULL || step->run == NULL || step->timeout_ms <= 0 ||
		    step->tries < 1 || step->tries > TASK_TRIES_MAX || step->retry_ms < 0 ||
		    step->fenced_wait_ms < 0 || (step->probe == NULL && !checks) ||
		    (checks && step->undo != NULL) || (widens && task->gate == NULL) ||
		    (widens && (step->flags & TASK_BLIND) != 0) ||
		    (grants && (!widens || step->undo == NULL))) {
			return err_set(err, -EINVAL, "task %s: row %zu of its table is wrong",
				       task->name, i);
		}
	}
	return 0;
}
