/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tidy/tidy.h"

#include <assert.h>
#include <glib.h>
#include <string.h>

#include "journal/journal_actor.h"
#include "rules/stray.h"

/* The pauses before each try, in seconds. */
static const struct {
	const int *pauses;
	size_t n;
	bool repeats; /* the last one */
} plans[] = {
	[TIDY_RELEASED] = {(const int[]){1, 5, 10, 20, 40, 80, 160, 300}, 8, true},
	[TIDY_LEFT] = {(const int[]){1, 5, 20, 60}, 4, true},
	[TIDY_ENDED] = {(const int[]){60, 300, 1800, 7200}, 4, false},
};

static_assert(G_N_ELEMENTS(plans) == TIDY_REASONS, "a reason without a plan");

static int64_t next_of(const struct tidy_item *item, int64_t now_ms)
{
	enum tidy_reason reason = item->want.reason;
	size_t i = item->tries;

	if (i >= plans[reason].n && !plans[reason].repeats) {
		return INT64_MAX;
	}
	i = i < plans[reason].n ? i : plans[reason].n - 1;
	return now_ms + (int64_t)plans[reason].pauses[i] * 1000;
}

/* The wants */

static void want_add(GArray *wants, const char *vm, enum tidy_reason reason, uint64_t mark)
{
	struct tidy_want want = {.reason = reason, .mark = mark};

	(void)g_strlcpy(want.vm, vm, sizeof(want.vm));
	g_array_append_val(wants, want);
}

static bool names(const struct journal_task *task, const char *node)
{
	return strcmp(task->source, node) == 0 || strcmp(task->target, node) == 0 ||
	       strcmp(task->granted_to, node) == 0;
}

static bool released(const struct journal_release *releases, size_t n, const char *vm,
		     const char *node)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(releases[i].vm, vm) == 0 && strcmp(releases[i].node, node) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * Is this the VM's last task that names the node, and does the VM's last task, which may be a later
 * one, explain no grant to it? Tasks are in the order in which they began.
 */
static bool unexplained(const struct journal_task *tasks, size_t n, size_t index, const char *node)
{
	const struct journal_task *last = &tasks[index];

	for (size_t i = index + 1; i < n; i++) {
		if (tasks[i].kind == JOURNAL_RECONCILE || strcmp(tasks[i].vm, last->vm) != 0) {
			continue;
		}
		if (names(&tasks[i], node)) {
			return false;
		}
		last = &tasks[i];
	}
	return !stray_explained(last, node);
}

static uint64_t uuid_mark(const struct id128 *uuid)
{
	uint64_t mark;

	memcpy(&mark, uuid->bytes, sizeof(mark));
	return mark;
}

static bool left(const struct journal_task *task, const struct journal_actor *self)
{
	return task->kind == JOURNAL_RECONCILE && task->state == JOURNAL_RUNNING &&
	       strcmp(task->actor.node, self->node) == 0 &&
	       journal_actor_gone(&task->actor, self) != JOURNAL_EVIDENCE_NONE;
}

struct tidy_want *tidy_wants(const struct journal_task *tasks, size_t n_tasks,
			     const struct journal_release *releases, size_t n_releases,
			     const struct journal_actor *self, size_t *ret_n)
{
	GArray *wants = g_array_new(FALSE, FALSE, sizeof(struct tidy_want));
	const char *node = self->node;

	for (size_t i = 0; i < n_releases; i++) {
		if (strcmp(releases[i].node, node) == 0) {
			want_add(wants, releases[i].vm, TIDY_RELEASED, releases[i].revision);
		}
	}
	for (size_t i = 0; i < n_tasks; i++) {
		const struct journal_task *task = &tasks[i];

		if (left(task, self)) {
			want_add(wants, task->vm, TIDY_LEFT, uuid_mark(&task->uuid));
		} else if (task->kind != JOURNAL_RECONCILE && !journal_state_open(task->state) &&
			   names(task, node) && unexplained(tasks, n_tasks, i, node) &&
			   !released(releases, n_releases, task->vm, node)) {
			want_add(wants, task->vm, TIDY_ENDED, uuid_mark(&task->uuid));
		}
	}
	*ret_n = wants->len;
	return (struct tidy_want *)(void *)g_array_free(wants, FALSE);
}

bool tidy_reconciling(const struct journal_task *tasks, size_t n_tasks, const char *node)
{
	for (size_t i = 0; i < n_tasks; i++) {
		if (tasks[i].kind == JOURNAL_RECONCILE && tasks[i].state == JOURNAL_RUNNING &&
		    strcmp(tasks[i].actor.node, node) == 0) {
			return true;
		}
	}
	return false;
}

/* The items */

static bool want_equal(const struct tidy_want *a, const struct tidy_want *b)
{
	return a->reason == b->reason && a->mark == b->mark && strcmp(a->vm, b->vm) == 0;
}

static bool want_listed(const struct tidy_want *wants, size_t n, const struct tidy_want *want)
{
	for (size_t i = 0; i < n; i++) {
		if (want_equal(&wants[i], want)) {
			return true;
		}
	}
	return false;
}

static struct tidy_item *item_find(const struct tidy *tidy, const struct tidy_want *want)
{
	for (size_t i = 0; i < tidy->n; i++) {
		if (want_equal(&tidy->items[i].want, want)) {
			return &tidy->items[i];
		}
	}
	return NULL;
}

static void gone_drop(struct tidy *tidy, const struct tidy_want *wants, size_t n,
		      tidy_changed *changed, void *user)
{
	size_t kept = 0;

	for (size_t i = 0; i < tidy->n; i++) {
		struct tidy_item *item = &tidy->items[i];

		if (want_listed(wants, n, &item->want)) {
			tidy->items[kept++] = *item;
		} else {
			changed(user, &item->want, true);
		}
	}
	tidy->n = kept;
}

void tidy_update(struct tidy *tidy, const struct tidy_want *wants, size_t n, int64_t now_ms,
		 tidy_changed *changed, void *user)
{
	gone_drop(tidy, wants, n, changed, user);
	tidy->items = g_renew(struct tidy_item, tidy->items, tidy->n + n + 1);
	for (size_t i = 0; i < n; i++) {
		struct tidy_item item = {.want = wants[i]};

		if (item_find(tidy, &wants[i]) == NULL) {
			item.next_ms = next_of(&item, now_ms);
			tidy->items[tidy->n++] = item;
			changed(user, &wants[i], false);
		}
	}
}

int64_t tidy_next_ms(const struct tidy *tidy)
{
	int64_t next_ms = INT64_MAX;

	for (size_t i = 0; i < tidy->n; i++) {
		next_ms = MIN(next_ms, tidy->items[i].next_ms);
	}
	return next_ms;
}

static bool vm_listed(const char *const *vms, size_t n, const char *vm)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(vms[i], vm) == 0) {
			return true;
		}
	}
	return false;
}

size_t tidy_due(const struct tidy *tidy, int64_t now_ms, const char **ret_vms, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < tidy->n && n < max; i++) {
		const struct tidy_item *item = &tidy->items[i];

		if (item->next_ms <= now_ms && !vm_listed(ret_vms, n, item->want.vm)) {
			ret_vms[n++] = item->want.vm;
		}
	}
	return n;
}

void tidy_tried(struct tidy *tidy, const char *const *vms, size_t n, int64_t now_ms)
{
	for (size_t i = 0; i < tidy->n; i++) {
		struct tidy_item *item = &tidy->items[i];

		if (item->next_ms <= now_ms && vm_listed(vms, n, item->want.vm)) {
			item->tries++;
			item->next_ms = next_of(item, now_ms);
		}
	}
}

void tidy_release(struct tidy *tidy)
{
	g_free(tidy->items);
	*tidy = (struct tidy){.n = 0};
}
