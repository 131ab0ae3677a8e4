/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "action/vm_visit.h"

#include <inttypes.h>

#include "action/vm_record.h"
#include "base/realtime.h"
#include "journal/journal.h"
#include "step/vm_gone.h"
#include "step/vm_state.h"
#include "vm/vm_keep.h"
#include "media/vm_media.h"

#define UNDO_RESERVE_MS 4000
#define END_MS 4000

/* No task could begin to use the LUNs since: it would need the claim. */
int vm_visit_unused(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	char stranger[ISCSI_NAME_MAX + 1];
	char lun[LUN_NAME_MAX + 1];
	const struct config_host *host;
	int rc = vm_gone_confirm(vm, deadline, err);

	if (rc != 0) {
		return err_prefix(err, rc, "VM '%s' is not stopped", vm->settings->vm);
	}
	rc = vm_masks_other_holder_find(vm, deadline, stranger, lun, err);
	if (rc != 0 || stranger[0] == '\0') {
		return rc;
	}
	host = config_host_find_initiator(vm->config, stranger);
	return err_set(err, -EBUSY,
		       "stop VM '%s' first: %s has a path to LUN %s (if it does not run there, "
		       "'lunmask reconcile %s' removes the path)",
		       vm->settings->vm, host != NULL ? host->node : stranger, lun,
		       vm->settings->vm);
}

int vm_visit_not_elsewhere(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	char stranger[ISCSI_NAME_MAX + 1];
	char lun[LUN_NAME_MAX + 1];
	const struct config_host *host;
	int rc = vm_masks_other_holder_find(vm, deadline, stranger, lun, err);

	if (rc != 0 || stranger[0] == '\0') {
		return rc != 0 ? rc : vm_gone_confirm(vm, deadline, err);
	}
	host = config_host_find_initiator(vm->config, stranger);
	return err_set(err, -EBUSY,
		       "run this command on %s, which has VM '%s' (a path to LUN %s). If the VM "
		       "does not run there, 'lunmask reconcile %s' removes the path",
		       host != NULL ? host->node : stranger, vm->settings->vm, lun,
		       vm->settings->vm);
}

/* What an earlier task of this process has seen may be out of date. */
int vm_visit_read(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;

	return vm_state_load(vm, deadline, err);
}

int vm_visit_unchanged(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	uint64_t seen = vm->generation;
	int rc = vm_state_load(vm, deadline, err);

	if (rc == 0 && vm->generation != seen) {
		rc = err_set(err, -ESTALE,
			     "state LUN %s was written meanwhile (generation %" PRIu64
			     ", and %" PRIu64 " was shown): look again",
			     vm->state.lun, vm->generation, seen);
	}
	return rc;
}

/* Only a domain that keeps what it has, and keeps running here, is changed beside. */
int vm_visit_runs(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct vm_holding holding = {.all = false};
	enum domain_state state;
	int rc = vm_domain_state(vm, deadline, &state, err);

	if (rc == 0 && state != DOMAIN_RUNNING && state != DOMAIN_PAUSED &&
	    state != DOMAIN_PAUSED_IO_ERROR && state != DOMAIN_SUSPENDED) {
		return err_set(err, -EBUSY, "VM '%s' neither runs here nor is stopped: it is %s",
			       vm->settings->vm, domain_state_to_str(state));
	}
	rc = rc != 0 ? rc : vm_masks_holding(vm, vm->self->initiator, deadline, &holding, err);
	if (rc == 0 && !holding.all) {
		rc = err_set(err, -EBUSY,
			     "VM '%s' runs here, but the array does not grant this host all the "
			     "LUNs of the parameters luns and state_lun; monitor it first",
			     vm->settings->vm);
	}
	return rc;
}

/* What the last task of this process has granted and recorded is settled. */
static void begin_anew(struct vm_context *vm)
{
	vm_journal_release(&vm->journal);
	vm_grant_release(&vm->grant);
	vm->owned = false;
	vm->recorded = false;
	vm->state_known = false;
	vm->luns_known = false;
}

static int visit(struct vm_context *vm, const char *name, const struct task_step *steps,
		 size_t n_steps, int hold_ms, struct deadline deadline, struct err *err)
{
	int rc = vm_record_open(vm, VM_ACTION_RECONCILE, "", vm->node, deadline, err);

	return rc != 0 ? rc
		       : vm_task_run(vm, name, steps, n_steps, UNDO_RESERVE_MS,
				     deadline_within(deadline, hold_ms), err);
}

int vm_visit_stopped(struct vm_context *vm, const char *name, const struct task_step *steps,
		     size_t n_steps, struct deadline deadline, struct err *err)
{
	int rc;

	begin_anew(vm);
	/* With it, stop finds what a killed process of this task has left. */
	rc = vm_keep_store(vm, err);
	rc = rc != 0 ? rc : visit(vm, name, steps, n_steps, VM_VISIT_HOLD_MS, deadline, err);
	vm_media_unlock(vm);
	if (rc == 0) {
		vm_release_settle(vm, deadline);
		vm_media_revoke(vm, name, deadline);
		(void)vm_keep_remove(vm->settings->vm, NULL);
	}
	return vm_record_close(vm, rc, deadline_in(END_MS), err);
}

int vm_visit_no_recovery(const char *vm, struct deadline deadline, struct err *err)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	struct journal_task task;
	int rc = journal_open(deadline, &journal, err);

	rc = rc != 0 ? rc
		     : journal_task_get(journal, vm, JOURNAL_LINEARIZABLE, deadline, &task, err);
	if (rc != 0) {
		return rc == -ENOENT ? 0 : rc;
	}
	if (task.kind == JOURNAL_MIGRATE && task.state == JOURNAL_FAILED &&
	    realtime_now_ms() - task.changed_ms < VM_CLAIM_RECOVERY_MS) {
		return err_set(
			err, -EBUSY,
			"wait %d minutes: a migration of VM '%s' has failed, and a stop must "
			"find that in the journal to save the guest's memory",
			VM_CLAIM_RECOVERY_MS / 60000, vm);
	}
	return 0;
}

int vm_visit_running(struct vm_context *vm, const char *name, const struct task_step *steps,
		     size_t n_steps, int hold_ms, struct deadline deadline, struct err *err)
{
	int rc;

	begin_anew(vm);
	rc = vm_visit_no_recovery(vm->settings->vm, deadline, err);
	rc = rc != 0 ? rc : visit(vm, name, steps, n_steps, hold_ms, deadline, err);
	return vm_record_close(vm, rc, deadline_in(END_MS), err);
}
