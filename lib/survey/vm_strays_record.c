/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "survey/vm_strays.h"

#include <stdlib.h>
#include <string.h>

/* Short, because every VM would wait for a journal without a majority. */
#define RECORD_MS 3000

static void tasks_filter(const char *vm, struct vm_strays_record *record)
{
	size_t kept = 0;

	for (size_t i = 0; i < record->n_tasks; i++) {
		if (strcmp(record->tasks[i].vm, vm) == 0) {
			record->tasks[kept++] = record->tasks[i];
		}
	}
	record->n_tasks = kept;
}

static size_t rows_filter(const char *vm, struct journal_release *rows, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(rows[i].vm, vm) == 0) {
			rows[kept++] = rows[i];
		}
	}
	return kept;
}

static int why_set(int rc, enum journal_read how, struct err *why)
{
	if (rc == -ENOTCONN) {
		return err_set(why, rc, "lunmaskd does not run on this node");
	}
	return rc == -EHOSTDOWN || rc == -ETIMEDOUT
		       ? err_set(why, rc,
				 how == JOURNAL_STALE ? "the journal did not answer"
						      : "the journal has no majority of its nodes")
		       : rc;
}

/* The latest task decides; the lists only show which task left a path. */
void vm_strays_record_read(const char *vm, enum journal_read how, struct deadline deadline,
			   struct vm_strays_record *ret)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	uint64_t index;
	int rc;

	*ret = (struct vm_strays_record){0};
	deadline = deadline_within(deadline, RECORD_MS);
	rc = journal_open(deadline, &journal, &ret->why);
	if (rc != 0) {
		(void)why_set(rc, how, &ret->why);
		return;
	}
	if (journal_task_list(journal, deadline, &ret->tasks, &ret->n_tasks, &index, NULL) == 0) {
		tasks_filter(vm, ret);
	}
	if (journal_release_list(journal, deadline, &ret->releases, &ret->n_releases, NULL) == 0) {
		ret->n_releases = rows_filter(vm, ret->releases, ret->n_releases);
	}
	rc = journal_task_get(journal, vm, how, deadline, &ret->latest, &ret->why);
	if (rc == -ENOENT) {
		ret->latest = (struct journal_task){.revision = 0};
		rc = 0;
	}
	/* After the read of the majority, this node's copy has what was committed before. */
	if (rc == 0 &&
	    journal_grant_list(journal, deadline, &ret->grants, &ret->n_grants, NULL) == 0) {
		ret->n_grants = rows_filter(vm, ret->grants, ret->n_grants);
	}
	ret->known = rc == 0;
	(void)why_set(rc, how, &ret->why);
}

static bool released_by(const struct vm_strays_record *record, const char *node)
{
	for (size_t i = 0; i < record->n_releases; i++) {
		if (strcmp(record->releases[i].node, node) == 0) {
			return true;
		}
	}
	return false;
}

bool vm_strays_explained(const struct vm_strays_record *record, const char *node)
{
	const struct journal_task *last = NULL;

	for (size_t i = 0; i < record->n_tasks; i++) {
		last = record->tasks[i].kind != JOURNAL_RECONCILE ? &record->tasks[i] : last;
	}
	return !released_by(record, node) && (last == NULL || stray_explained(last, node));
}

void vm_strays_record_release(struct vm_strays_record *record)
{
	free(record->tasks);
	free(record->releases);
	free(record->grants);
	*record = (struct vm_strays_record){0};
}
