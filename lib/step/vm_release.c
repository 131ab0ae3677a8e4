/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "step/vm_release.h"

#include <stdio.h>
#include <string.h>

#include "base/realtime.h"
#include "step/vm_gone.h"
#include "step/vm_peer.h"

/* Short, so that a host that is isolated together with its array does not delay a start. */
#define PEER_ANSWER_MS 3000
#define SETTLE_MS 1000

/* stop may know the array without the settings, or without the configuration. */
static const char *array_name(const struct vm_context *vm)
{
	return vm->array.name != NULL        ? vm->array.name
	       : vm->settings->array != NULL ? vm->settings->array
					     : "";
}

static struct journal_op op_make(const struct vm_context *vm, enum journal_op_kind kind,
				 const char *node)
{
	struct journal_op op = {.kind = kind};
	struct journal_release *release = &op.release;
	size_t i;

	release->since_ms = realtime_now_ms();
	(void)snprintf(release->vm, sizeof(release->vm), "%s", vm->settings->vm);
	(void)snprintf(release->node, sizeof(release->node), "%s", node);
	(void)snprintf(release->array, sizeof(release->array), "%s", array_name(vm));
	for (i = 0; i < vm->n_luns; i++) {
		(void)snprintf(release->luns[i], sizeof(release->luns[i]), "%s", vm->lun_names[i]);
	}
	release->n_luns = vm->n_luns;
	return op;
}

int vm_release_commit(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct journal_op op = op_make(vm, JOURNAL_OP_RELEASE, vm->node);
	struct journal_answer answer;
	int rc =
		vm->recorded ? 0 : err_set(err, -EHOSTDOWN, "this node has no name in the journal");

	if (rc == 0) {
		rc = vm_gone_confirm(vm, deadline, err);
	}
	if (rc == 0) {
		/* Without this record the stop fails, so it may use all the time that is left. */
		vm->journal.budget_ms = deadline_left_ms(deadline);
		rc = vm_journal_submit(&vm->journal, &op, false, deadline, &answer, err);
	}
	if (rc == 0 && answer.status != 0) {
		rc = err_set(err, -EIO, "the journal refused the release: %s",
			     strerror(-answer.status));
	}
	return rc;
}

/* -ENOENT: there is no release. -EAGAIN: another release has replaced it meanwhile. */
static int release_remove(struct vm_context *vm, const char *node, bool gated,
			  struct deadline deadline, struct err *err)
{
	struct journal_op op = op_make(vm, JOURNAL_OP_REVOKED, node);
	struct journal_answer answer;
	struct journal_release release;
	int rc = vm_journal_release_find(&vm->journal, node, deadline, &release, err);

	if (rc == 0) {
		op.release.revision = release.revision;
		rc = vm_journal_submit(&vm->journal, &op, gated, deadline, &answer, err);
	}
	if (rc != 0 || answer.status == 0) {
		return rc;
	}
	return err_set(err, answer.status == -ESTALE ? -EAGAIN : answer.status,
		       "the release by %s could not be withdrawn: %s", node,
		       strerror(-answer.status));
}

int vm_release_clear(struct vm_context *vm, const char *node, bool gated, struct deadline deadline,
		     struct err *err)
{
	struct journal_op op = op_make(vm, JOURNAL_OP_REVOKED, node);
	struct journal_answer answer;
	int rc = vm_journal_submit(&vm->journal, &op, gated, deadline, &answer, err);

	if (rc == 0 && answer.status != 0 && answer.status != -ENOENT) {
		rc = err_set(err, answer.status,
			     "the release or grant of %s could not be removed from the journal: %s",
			     node, strerror(-answer.status));
	}
	return rc;
}

void vm_release_settle(struct vm_context *vm, struct deadline deadline)
{
	if (vm->recorded) {
		(void)vm_release_clear(vm, vm->node, false, deadline_within(deadline, SETTLE_MS),
				       NULL);
	}
}

int vm_release_end(struct vm_context *vm, const char *node, struct deadline deadline,
		   struct err *err)
{
	int rc = release_remove(vm, node, false, deadline, err);

	return rc == -ENOENT ? vm_release_clear(vm, node, false, deadline, err) : rc;
}

static bool release_has(const struct journal_release *release, const char *lun)
{
	for (size_t i = 0; i < release->n_luns; i++) {
		if (strcmp(release->luns[i], lun) == 0) {
			return true;
		}
	}
	return false;
}

/* libvirtd there may have carried out, after the release, a request from before it. */
static int no_domain_there(struct vm_context *vm, const struct config_host *host,
			   struct deadline deadline, struct err *err)
{
	enum domain_state state;

	if (vm_peer_domain_state(vm, host, deadline_within(deadline, PEER_ANSWER_MS), &state,
				 NULL) == 0 &&
	    state != DOMAIN_ABSENT) {
		return err_set(err, -EPERM,
			       "%s has released the LUNs, but the domain there is %s: stop the "
			       "resource there (crm_resource --force-stop on %s) first",
			       host->node, domain_state_to_str(state), host->node);
	}
	return 0;
}

int vm_release_look(struct vm_context *vm, const struct config_host *host, const char *lun,
		    struct deadline deadline, bool *ret_released, struct err *err)
{
	struct journal_release release;
	int rc = vm_journal_release_find(&vm->journal, host->node, deadline, &release, err);

	*ret_released = false;
	if (rc == -ENOENT) {
		return 0;
	}
	if (rc == 0 && strcmp(release.array, vm->settings->array) == 0 &&
	    release_has(&release, lun)) {
		*ret_released = true;
		rc = no_domain_there(vm, host, deadline, err);
	}
	return rc;
}

static const char *grantee(const struct vm_context *vm)
{
	return vm->peer != NULL ? vm->peer->host->node : vm->node;
}

int vm_release_withdraw_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct journal_release release;
	int rc = vm_journal_release_find(&vm->journal, grantee(vm), deadline, &release, err);

	return rc == -ENOENT ? TASK_DONE : rc == 0 ? TASK_NOT_DONE : rc;
}

int vm_release_withdraw_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = release_remove(vm, grantee(vm), true, deadline, err);

	return rc == -ENOENT ? 0 : rc;
}
