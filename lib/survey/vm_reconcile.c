/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "survey/vm_reconcile.h"

#include <stdio.h>
#include <string.h>

#include "step/vm_gone.h"
#include "step/vm_release.h"
#include "vm/vm_journal.h"
#include "media/vm_media.h"

#define END_MS 4000
#define CHECK_MS 4000

/* The rows of one host that are to be removed. */
struct batch {
	struct vm_stray *rows[VM_LUNS_MAX];
	const char *luns[VM_LUNS_MAX];
	size_t n;
};

static bool any_to_remove(const struct vm_strays *strays)
{
	for (size_t i = 0; i < strays->n; i++) {
		if (strays->rows[i].verdict == STRAY_REMOVE) {
			return true;
		}
	}
	return false;
}

static bool any_to_end(const struct vm_strays *strays)
{
	for (size_t i = 0; i < strays->n_released; i++) {
		if (strays->released[i].verdict == RELEASED_END) {
			return true;
		}
	}
	return false;
}

static bool any_to_do(const struct vm_strays *strays)
{
	return any_to_remove(strays) || any_to_end(strays);
}

/*
 * Marks the rows that should have been removed, and the releases that should have been ended, all
 * with the same reason. Returns their number.
 */
static size_t give_up(struct vm_strays *strays, const char *why)
{
	size_t n = 0;

	for (size_t i = 0; i < strays->n; i++) {
		struct vm_stray *row = &strays->rows[i];

		if (row->verdict == STRAY_REMOVE && row->end != VM_STRAY_REMOVED) {
			row->end = VM_STRAY_FAILED;
			(void)err_set(&row->end_err, 0, "%s", why);
			n++;
		}
	}
	for (size_t i = 0; i < strays->n_released; i++) {
		struct vm_released *released = &strays->released[i];

		if (released->verdict == RELEASED_END && released->end != VM_RELEASED_ENDED) {
			released->end = VM_RELEASED_FAILED;
			(void)err_set(&released->end_err, 0, "%s", why);
			n++;
		}
	}
	return n;
}

/* The second look */

static const struct vm_stray *row_find(const struct vm_strays *strays, const char *initiator,
				       const char *lun)
{
	for (size_t i = 0; i < strays->n; i++) {
		const struct vm_stray *row = &strays->rows[i];

		if (strcmp(row->lun, lun) == 0 &&
		    strcmp(strays->holders[row->holder].initiator, initiator) == 0) {
			return row;
		}
	}
	return NULL;
}

/* Compares a row with the second look. It is removed only if both looks say so. */
static void row_review(const struct vm_strays *again, const char *initiator, struct vm_stray *row)
{
	const struct vm_stray *now = row_find(again, initiator, row->lun);

	if (now == NULL) {
		row->end = VM_STRAY_REMOVED;
	} else if (now->verdict != STRAY_REMOVE) {
		row->end = VM_STRAY_FAILED;
		(void)err_set(&row->end_err, 0, "when looked at again: %s", now->why);
	}
}

static int look_again(struct vm_context *vm, const struct vm_strays_sources *way,
		      struct vm_strays *strays, struct deadline deadline, struct err *err)
{
	struct vm_strays again = {.n = 0};
	int rc = vm_strays_look(vm, way, deadline, &again, err);

	for (size_t i = 0; rc == 0 && i < strays->n; i++) {
		struct vm_stray *row = &strays->rows[i];

		if (row->verdict == STRAY_REMOVE) {
			row_review(&again, strays->holders[row->holder].initiator, row);
		}
	}
	vm_strays_release(&again);
	return rc;
}

/* The removal */

static void batch_fill(struct vm_strays *strays, size_t holder, struct batch *ret)
{
	ret->n = 0;
	for (size_t i = 0; i < strays->n; i++) {
		struct vm_stray *row = &strays->rows[i];

		if (row->holder == holder && row->verdict == STRAY_REMOVE &&
		    row->end == VM_STRAY_LEFT && ret->n < VM_LUNS_MAX) {
			ret->rows[ret->n] = row;
			ret->luns[ret->n++] = row->lun;
		}
	}
}

/* Whatever the array answered to the revoke, its masks show the result. */
static int batch_check(struct vm_context *vm, const char *initiator, struct batch *batch,
		       const struct err *why, struct deadline deadline, struct err *err)
{
	struct array_masks masks;
	int rc = array_masks(&vm->array, batch->luns, batch->n, deadline, &masks, err);

	for (size_t i = 0; rc == 0 && i < masks.count; i++) {
		const struct array_mask *mask = &masks.masks[i];
		bool open = array_mask_holds(mask, initiator);

		for (size_t k = 0; k < mask->n_nexuses; k++) {
			open = open || strcmp(mask->nexuses[k], initiator) == 0;
		}
		batch->rows[i]->end = open ? VM_STRAY_FAILED : VM_STRAY_REMOVED;
		if (open) {
			(void)err_set(&batch->rows[i]->end_err, 0, "%s",
				      err_text(why)[0] != '\0' ? err_text(why)
							       : "it is there again");
		}
	}
	if (rc == 0) {
		array_masks_release(&masks);
	}
	return rc;
}

/* -errno: the result for this batch is not known. */
static int batch_revoke(struct vm_context *vm, const struct vm_holder *holder, struct batch *batch,
			struct deadline deadline, struct err *err)
{
	struct array_change change = {
		.luns = batch->luns,
		.n_luns = batch->n,
		.revoke = holder->initiator,
	};
	struct vm_journal *journal = &vm->journal;
	struct err why = ERR_INIT;
	int rc;

	if (journal->claimed) {
		(void)snprintf(journal->task.source, sizeof(journal->task.source), "%s",
			       holder->host != NULL ? holder->host->node : "");
		rc = vm_journal_step(journal, "revoke", false, deadline, err);
		if (rc != 0) {
			return rc;
		}
	}
	/*
	 * A revoke that timed out may still be carried out. Reading the masks waits for what the
	 * array has begun.
	 */
	(void)array_apply(&vm->array, &change, deadline_before(deadline, CHECK_MS), NULL, &why);
	return batch_check(vm, holder->initiator, batch, &why, deadline, err);
}

static bool holder_clear(const struct vm_strays *strays, size_t holder)
{
	for (size_t i = 0; i < strays->n; i++) {
		if (strays->rows[i].holder == holder && strays->rows[i].end != VM_STRAY_REMOVED) {
			return false;
		}
	}
	return true;
}

static int holder_revoke(struct vm_context *vm, const struct vm_strays_sources *way,
			 struct vm_strays *strays, size_t index, struct deadline deadline,
			 struct err *err)
{
	const struct vm_holder *holder = &strays->holders[index];
	struct batch batch;
	int rc;

	batch_fill(strays, index, &batch);
	if (batch.n == 0) {
		return 0;
	}
	rc = batch_revoke(vm, holder, &batch, deadline, err);
	/* What the record permitted to this host it has given up by its own word. */
	if (rc == 0 && way->own && vm->journal.claimed && holder_clear(strays, index)) {
		rc = vm_release_end(vm, holder->host->node, deadline, err);
	}
	return rc;
}

static int holders_revoke(struct vm_context *vm, const struct vm_strays_sources *way,
			  struct vm_strays *strays, struct deadline deadline, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < strays->n_holders; i++) {
		rc = holder_revoke(vm, way, strays, i, deadline, err);
	}
	return rc;
}

/* The releases */

static const struct vm_released *released_find(const struct vm_strays *strays, const char *node)
{
	for (size_t i = 0; i < strays->n_released; i++) {
		if (strcmp(strays->released[i].release->node, node) == 0) {
			return &strays->released[i];
		}
	}
	return NULL;
}

static int released_end(struct vm_context *vm, const struct vm_strays *now,
			struct vm_released *released, struct deadline deadline, struct err *err)
{
	const char *node = released->release->node;
	const struct vm_released *still = released_find(now, node);
	int rc = 0;

	if (still != NULL && still->verdict == RELEASED_END) {
		rc = vm_release_end(vm, node, deadline, err);
	}
	if (rc == 0 && (still == NULL || still->verdict == RELEASED_END)) {
		released->end = VM_RELEASED_ENDED;
	} else if (rc == 0 && released->verdict == RELEASED_END) {
		released->end = VM_RELEASED_FAILED;
		(void)err_set(&released->end_err, 0, "when looked at again: %s", still->why);
	}
	return rc;
}

/* What is left is looked at anew: the paths of the hosts may be gone now. */
static int releases_end(struct vm_context *vm, const struct vm_strays_sources *way,
			struct vm_strays *strays, struct deadline deadline, struct err *err)
{
	struct vm_strays now = {.n = 0};
	int rc = 0;

	if (strays->n_released == 0 || !vm->journal.claimed) {
		return 0;
	}
	rc = vm_strays_look(vm, way, deadline, &now, err);
	for (size_t i = 0; rc == 0 && i < strays->n_released; i++) {
		rc = released_end(vm, &now, &strays->released[i], deadline, err);
	}
	vm_strays_release(&now);
	return rc;
}

/* The task */

static bool same_as_seen(const struct vm_strays *strays, const struct vm_journal *journal)
{
	const struct journal_task *seen = &strays->record.latest;
	const struct journal_task *found = &journal->found;

	/* Another reconcile changes nothing that was looked at. */
	return found->kind == JOURNAL_RECONCILE ||
	       (seen->revision == found->revision &&
		(seen->revision == 0 || id128_equal(&seen->uuid, &found->uuid)));
}

static int claim(struct vm_context *vm, struct vm_strays *strays, struct deadline deadline,
		 struct err *err)
{
	struct vm_journal *journal = &vm->journal;
	int rc = vm_journal_init(journal, VM_ACTION_RECONCILE, vm->settings->vm, vm->node, "", "",
				 err);

	/* If nothing is to be removed, only end a reconcile task that was left behind. */
	journal->only_open = !any_to_do(strays);
	if (rc == 0) {
		rc = vm_journal_claim(journal, deadline, err);
	}
	if (rc != 0) {
		return rc;
	}
	vm->recorded = true;
	if (!same_as_seen(strays, journal)) {
		rc = err_set(err, -EAGAIN, "a task of the VM has begun and ended meanwhile");
	}
	return rc;
}

/* The task always ends, whatever its result, so that it delays no other action. */
static void unclaim(struct vm_context *vm, int rc, const struct err *why, struct vm_strays *strays)
{
	struct err end_err = ERR_INIT;
	int end_rc = vm_journal_end(&vm->journal, rc == 0 ? JOURNAL_DONE : JOURNAL_FAILED, NULL,
				    rc == 0 ? "" : err_text(why), deadline_in(END_MS), &end_err);

	if (end_rc != 0) {
		(void)err_set(&strays->note, end_rc,
			      "its task is still open, since the journal could not be told of the "
			      "end: run lunmask reconcile here again (%s)",
			      err_text(&end_err));
	}
}

static int remove_claimed(struct vm_context *vm, const struct vm_strays_sources *way,
			  struct vm_strays *strays, struct err *err)
{
	struct deadline deadline = deadline_in(VM_RECONCILE_HOLD_MS);
	int rc = look_again(vm, way, strays, deadline, err);

	rc = rc != 0 ? rc : holders_revoke(vm, way, strays, deadline, err);
	return rc != 0 ? rc : releases_end(vm, way, strays, deadline, err);
}

/*
 * Without a majority nothing can be claimed. The only rows that are removed nevertheless belong to
 * foreign initiators, which no task can name.
 */
static void strays_remove(struct vm_context *vm, const struct vm_strays_sources *way,
			  struct vm_strays *strays, struct deadline deadline)
{
	struct err why = ERR_INIT;
	int rc = strays->record.known ? claim(vm, strays, deadline, &why) : 0;

	if (rc == 0 && any_to_do(strays)) {
		rc = remove_claimed(vm, way, strays, &why);
	}
	if (rc != 0 && give_up(strays, err_text(&why)) == 0) {
		(void)err_set(&strays->note, rc, "%s", err_text(&why));
	}
	unclaim(vm, rc, &why, strays);
}

/* A reconcile task that was killed. A start on another node would wait for it in vain. */
static bool left_behind(const struct vm_strays *strays)
{
	const struct journal_task *latest = &strays->record.latest;

	return strays->record.known && latest->revision != 0 && latest->kind == JOURNAL_RECONCILE &&
	       journal_state_open(latest->state);
}

int vm_reconcile(struct vm_context *vm, const struct vm_strays_sources *way, bool dry_run,
		 struct deadline deadline, struct vm_strays *ret, struct err *err)
{
	int rc = vm_strays_look(vm, way, deadline, ret, err);

	if (rc == 0 && !dry_run && (any_to_do(ret) || left_behind(ret))) {
		strays_remove(vm, way, ret, deadline);
	}
	/* Only a host itself knows who reads a medium there. */
	if (rc == 0 && !dry_run && vm->n_media > 0 && vm_gone_confirm(vm, deadline, NULL) == 0) {
		vm_media_revoke(vm, "reconcile", deadline);
	}
	return rc;
}
