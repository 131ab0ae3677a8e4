/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tasks/tasks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tasks/tasks_table.h"

/*
 * These functions check the rules of journal_record.h in the order given there. *ret_revision is
 * valid only when they return 0.
 */

struct tasks *tasks_new(void)
{
	struct tasks *tasks = g_new(struct tasks, 1);

	tasks_tables_init(tasks);
	return tasks;
}

void tasks_free(struct tasks *tasks)
{
	if (tasks != NULL) {
		tasks_tables_release(tasks);
		g_free(tasks);
	}
}

bool tasks_newer(const struct tasks *tasks)
{
	return tasks->newer;
}

static bool actor_named(const struct journal_actor *actor)
{
	return actor->node[0] != '\0' && actor->boot_id[0] != '\0' && actor->pid > 0;
}

static bool replaces_any(const struct journal_op *op)
{
	return !id128_is_zero(&op->replaces.uuid) || op->replaces.revision != 0 ||
	       op->replaces.state != 0;
}

static bool replaces_legal(const struct journal_op *op)
{
	const struct journal_replaces *replaces = &op->replaces;

	return !id128_is_zero(&replaces->uuid) && replaces->revision != 0 &&
	       (replaces->state == JOURNAL_DONE || replaces->state == JOURNAL_FAILED) &&
	       (op->task.kind == JOURNAL_START || op->task.kind == JOURNAL_STOP);
}

static bool begin_legal(const struct journal_op *op)
{
	if (op->task.state != JOURNAL_RUNNING || op->task.revision != 0) {
		return false;
	}
	return replaces_any(op) ? replaces_legal(op) : op->evidence == JOURNAL_EVIDENCE_NONE;
}

/* True if op has every field that its kind requires and none that its kind does not use. */
static bool op_legal(const struct journal_op *op)
{
	bool task_legal = !id128_is_zero(&op->task.uuid) && actor_named(&op->task.actor);

	if (op->kind == JOURNAL_OP_BEGIN) {
		return task_legal && begin_legal(op);
	}
	if (replaces_any(op) ||
	    (op->kind == JOURNAL_OP_TAKEOVER) != (op->evidence != JOURNAL_EVIDENCE_NONE)) {
		return false;
	}
	switch (op->kind) {
	case JOURNAL_OP_ADVANCE:
	case JOURNAL_OP_TAKEOVER: return task_legal && op->task.revision != 0;
	case JOURNAL_OP_RELEASE:
	case JOURNAL_OP_GRANT:
		return op->release.array[0] != '\0' && op->release.n_luns > 0 &&
		       op->release.granted == (op->kind == JOURNAL_OP_GRANT);
	default: return true;
	}
}

static bool evidence_fits(enum journal_evidence evidence, const struct journal_actor *gone,
			  const struct journal_actor *by)
{
	bool same_node = strcmp(gone->node, by->node) == 0;
	bool same_boot = strcmp(gone->boot_id, by->boot_id) == 0;

	if (gone->node[0] == '\0') {
		return false;
	}
	switch (evidence) {
	case JOURNAL_EVIDENCE_DEAD: return same_node && same_boot && !journal_actor_equal(gone, by);
	case JOURNAL_EVIDENCE_REBOOT: return same_node && !same_boot;
	case JOURNAL_EVIDENCE_FENCED: return !same_node;
	default: return false;
	}
}

static int begin_again(const struct journal_task *stored, const struct journal_task *asked,
		       uint64_t *ret_revision)
{
	if (!journal_state_open(stored->state) || strcmp(stored->vm, asked->vm) != 0) {
		return -EEXIST;
	}
	if (!journal_actor_equal(&stored->actor, &asked->actor)) {
		return -EBUSY;
	}
	if (stored->kind != asked->kind) {
		return -EEXIST;
	}
	*ret_revision = stored->revision;
	return 0;
}

static int replace_check(const struct journal_task *open, const struct journal_op *op)
{
	if (!id128_equal(&open->uuid, &op->replaces.uuid)) {
		return -EBUSY;
	}
	if (open->revision != op->replaces.revision) {
		return -ESTALE;
	}
	if (open->state != JOURNAL_RUNNING) {
		return op->evidence == JOURNAL_EVIDENCE_NONE ? 0 : -EINVAL;
	}
	if (op->evidence == JOURNAL_EVIDENCE_NONE) {
		return -EBUSY;
	}
	return evidence_fits(op->evidence, &open->actor, &op->task.actor) ? 0 : -EINVAL;
}

static void replace(struct tasks *tasks, struct journal_task *open, const struct journal_op *op)
{
	open->state = op->replaces.state;
	open->revision++;
	open->changed_ms = op->task.changed_ms;
	if (op->evidence != JOURNAL_EVIDENCE_NONE) {
		open->taken_over = op->evidence;
	}
	if (open->state == JOURNAL_FAILED && open->reason[0] == '\0') {
		snprintf(open->reason, sizeof(open->reason), "ended by a %s on %.200s",
			 journal_kind_to_str(op->task.kind), op->task.actor.node);
	}
	memset(&open->actor, 0, sizeof(open->actor));
	tasks_end(tasks, open);
}

static int begin(struct tasks *tasks, const struct journal_op *op, uint64_t index,
		 uint64_t *ret_revision)
{
	struct journal_task *open = tasks_get_open(tasks, op->task.vm);
	struct journal_task *stored = tasks_get(tasks, &op->task.uuid);
	int rc;

	(void)index;
	if (stored != NULL) {
		return begin_again(stored, &op->task, ret_revision);
	}
	if (open != NULL) {
		rc = replace_check(open, op);
		if (rc != 0) {
			return rc;
		}
		replace(tasks, open, op);
	} else if (replaces_any(op)) {
		return -ESTALE;
	} else if (!tasks_have_room(tasks)) {
		return -ENOSPC;
	}
	stored = tasks_insert(tasks, &op->task);
	stored->revision = 1;
	stored->tries = 1;
	stored->taken_over = JOURNAL_EVIDENCE_NONE;
	*ret_revision = stored->revision;
	return 0;
}

static bool same_but_for_time(const struct journal_task *a, const struct journal_task *b)
{
	uint8_t bytes[2][JOURNAL_RECORD_BYTES_MAX];
	struct journal_task timed = *b;
	size_t n;

	timed.changed_ms = a->changed_ms;
	n = journal_task_encode(a, bytes[0]);
	return n > 0 && journal_task_encode(&timed, bytes[1]) == n &&
	       memcmp(bytes[0], bytes[1], n) == 0;
}

/* The task after the operation, except that tries is not yet incremented. */
static struct journal_task next_make(const struct journal_task *stored, const struct journal_op *op)
{
	struct journal_task next = op->task;

	next.revision++;
	next.tries = stored->tries;
	next.taken_over = op->kind == JOURNAL_OP_TAKEOVER ? op->evidence : stored->taken_over;
	if (next.state != JOURNAL_RUNNING) {
		memset(&next.actor, 0, sizeof(next.actor));
	}
	return next;
}

static int actor_check(const struct journal_task *stored, const struct journal_op *op)
{
	if (op->kind == JOURNAL_OP_TAKEOVER) {
		return evidence_fits(op->evidence, &stored->actor, &op->task.actor) ? 0 : -EINVAL;
	}
	return stored->actor.node[0] == '\0' || journal_actor_equal(&stored->actor, &op->task.actor)
		       ? 0
		       : -EBUSY;
}

/* ADVANCE and TAKEOVER. */
static int advance(struct tasks *tasks, const struct journal_op *op, uint64_t index,
		   uint64_t *ret_revision)
{
	struct journal_task *stored = tasks_get(tasks, &op->task.uuid);
	struct journal_task next;
	int rc;

	(void)index;
	if (stored == NULL) {
		return -ENOENT;
	}
	if (strcmp(stored->vm, op->task.vm) != 0 || stored->kind != op->task.kind ||
	    stored->begun_ms != op->task.begun_ms) {
		return -EINVAL;
	}
	next = next_make(stored, op);
	*ret_revision = next.revision;
	if (same_but_for_time(stored, &next)) {
		return 0;
	}
	if (!journal_state_open(stored->state)) {
		return -EEXIST;
	}
	if (stored->revision != op->task.revision) {
		return -ESTALE;
	}
	rc = actor_check(stored, op);
	if (rc != 0) {
		return rc;
	}
	if (op->kind == JOURNAL_OP_TAKEOVER ||
	    (stored->state != JOURNAL_RUNNING && next.state == JOURNAL_RUNNING)) {
		next.tries++;
	}
	*stored = next;
	if (!journal_state_open(stored->state)) {
		tasks_end(tasks, stored);
	}
	return 0;
}

/*
 * RELEASE and GRANT. The log entry's index becomes the revision, so no two of them have the same.
 */
static int release(struct tasks *tasks, const struct journal_op *op, uint64_t index,
		   uint64_t *ret_revision)
{
	struct journal_release *stored = tasks_get_release(tasks, op->release.vm, op->release.node);
	struct journal_release next = op->release;

	next.revision = index;
	*ret_revision = index;
	if (stored != NULL) {
		tasks_remove_release(tasks, stored);
	} else if (!tasks_release_room(tasks)) {
		return -ENOSPC;
	}
	tasks_insert_release(tasks, &next);
	return 0;
}

static int revoked(struct tasks *tasks, const struct journal_op *op, uint64_t index,
		   uint64_t *ret_revision)
{
	struct journal_release *stored = tasks_get_release(tasks, op->release.vm, op->release.node);

	(void)index;
	if (stored == NULL) {
		return -ENOENT;
	}
	if (op->release.revision != 0 && op->release.revision != stored->revision) {
		return -ESTALE;
	}
	*ret_revision = stored->revision;
	tasks_remove_release(tasks, stored);
	return 0;
}

static void tasks_apply(void *machine, uint64_t index, const uint8_t *data, size_t bytes,
			struct outcome *ret)
{
	static int (*const rules[JOURNAL_OP_KIND_MAX])(struct tasks *, const struct journal_op *,
						       uint64_t, uint64_t *) = {
		[JOURNAL_OP_BEGIN] = begin,      [JOURNAL_OP_ADVANCE] = advance,
		[JOURNAL_OP_TAKEOVER] = advance, [JOURNAL_OP_RELEASE] = release,
		[JOURNAL_OP_REVOKED] = revoked,  [JOURNAL_OP_GRANT] = release,
	};
	struct journal_op op;
	uint64_t revision = 0;

	*ret = (struct outcome){.status = -EINVAL};
	if (journal_op_decode(data, bytes, &op) != 0 || !op_legal(&op)) {
		return;
	}
	ret->status = rules[op.kind](machine, &op, index, &revision);
	ret->revision = ret->status == 0 ? revision : 0;
}

const struct machine_ops tasks_machine_ops = {
	.apply = tasks_apply,
	.save = tasks_save,
	.load = tasks_load,
};
