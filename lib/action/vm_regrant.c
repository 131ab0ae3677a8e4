/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "action/vm_regrant.h"

#include <stdlib.h>
#include <string.h>

#include "step/vm_gone.h"
#include "step/vm_own.h"
#include "media/vm_media.h"

#define JOURNAL_MS 3000
/* The task holds up other actions of the VM for so long at most. */
#define HOLD_MS 10000
#define END_MS 4000

static bool row_names(const struct journal_release *row, const char *lun)
{
	for (size_t i = 0; i < row->n_luns; i++) {
		if (strcmp(row->luns[i], lun) == 0) {
			return true;
		}
	}
	return false;
}

/* Every LUN of the VM is one that this host may use. */
static int row_check(const struct vm_context *vm, const struct journal_release *row,
		     struct err *err)
{
	if (strcmp(row->array, vm->array.name) != 0) {
		return err_set(err, -EPERM, "the journal says array %s, not %s", row->array,
			       vm->array.name);
	}
	for (size_t i = 0; i < vm->n_luns; i++) {
		if (!row_names(row, vm->lun_names[i])) {
			return err_set(err, -EPERM, "the journal does not name LUN %s",
				       vm->lun_names[i]);
		}
	}
	return row->fencings != JOURNAL_FENCINGS_UNKNOWN
		       ? 0
		       : err_set(err, -EPERM,
				 "it is not known whether this host was fenced since the VM "
				 "was started");
}

/* A row that another host has left after it was fenced counts as well: then nobody can be sure. */
static int others_check(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct journal_release *rows = NULL;
	size_t n = 0;
	int rc = journal_grant_list(vm->journal.connection, deadline, &rows, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (strcmp(rows[i].vm, vm->settings->vm) == 0 &&
		    strcmp(rows[i].node, vm->node) != 0) {
			rc = err_set(err, -EPERM, "the journal permits the LUNs to %s as well",
				     rows[i].node);
		}
	}
	free(rows);
	return rc;
}

static int permitted(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct vm_own_fenced fenced;
	struct journal_release row;
	int rc = vm_journal_grant_find(&vm->journal, vm->node, deadline, &row, err);

	if (rc == -ENOENT) {
		return err_set(err, -EPERM, "the journal does not say that this host may use them");
	}
	rc = rc != 0 ? rc : row_check(vm, &row, err);
	rc = rc != 0 ? rc : others_check(vm, deadline, err);
	rc = rc != 0 ? rc : vm_own_fenced_ask(&row, deadline, &fenced, err);
	if (rc == 0 && fenced.host) {
		rc = err_set(err, -EPERM, "this host was fenced since the VM was started");
	}
	return rc;
}

/*
 * A stop by hand does not wait for this task: no grant may stay behind it. Where it cannot be seen
 * whether the domain is gone, nothing is revoked (I5).
 */
static int still_here(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct array_change change = {
		.luns = vm->lun_names,
		.n_luns = vm->n_luns,
		.revoke = vm->self->initiator,
	};
	int gone = vm_gone_probe(vm, deadline, err);
	int rc;

	if (gone != TASK_DONE) {
		return gone == TASK_NOT_DONE ? 0 : gone;
	}
	rc = array_apply(&vm->array, &change, deadline, NULL, err);
	return rc != 0 ? rc : err_set(err, -EPERM, "the domain has ended meanwhile");
}

static int grant(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct array_change change = {
		.luns = vm->lun_names,
		.n_luns = vm->n_luns,
		.grant = vm->self->initiator,
	};
	int rc = permitted(vm, deadline, err);

	rc = rc != 0 ? rc : vm_gate_quorum(vm, deadline, err);
	rc = rc != 0 ? rc : vm_journal_step(&vm->journal, "regrant", true, deadline, err);
	rc = rc != 0 ? rc : array_apply(&vm->array, &change, deadline, NULL, err);
	rc = rc != 0 ? rc : vm_media_grant(vm, vm->self->initiator, deadline, err);
	return rc != 0 ? rc : still_here(vm, deadline, err);
}

int vm_regrant(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct deadline hold = deadline_within(deadline, HOLD_MS);
	int rc = vm_journal_init(&vm->journal, VM_ACTION_RECONCILE, vm->settings->vm, vm->node, "",
				 "", err);

	rc = rc != 0 ? rc : vm_journal_claim(&vm->journal, deadline_within(hold, JOURNAL_MS), err);
	if (rc != 0) {
		return rc;
	}
	rc = grant(vm, hold, err);
	/* The task always ends, so that it delays no other action. Its record is only a record. */
	(void)vm_journal_end(&vm->journal, rc == 0 ? JOURNAL_DONE : JOURNAL_FAILED, NULL,
			     rc == 0 ? "" : err_text(err), deadline_in(END_MS), NULL);
	return rc;
}
