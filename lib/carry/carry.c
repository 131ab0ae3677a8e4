/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "carry/carry.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/cluster_vms.h"
#include "hypervisor/hypervisor_luns.h"
#include "names/unit_name.h"
#include "step/vm_masks.h"
#include "step/vm_own.h"
#include "step/vm_peer.h"
#include "step/vm_release.h"

#define END_MS 5000

/* Which go along */

static bool is_known(const struct vm_context *vm, const struct mapping_unit *unit)
{
	const struct vm_carry *carry = vm->carry;

	for (size_t i = 0; i < carry->n && strcmp(unit->array, vm->settings->array) == 0; i++) {
		if (strcmp(carry->units[i].lun, unit->lun) == 0) {
			return true;
		}
	}
	return false;
}

static void unit_add(struct vm_context *vm, const char *lun)
{
	struct carried *unit = &vm->carry->units[vm->carry->n++];

	*unit = (struct carried){.vm = NULL};
	(void)g_strlcpy(unit->lun, lun, sizeof(unit->lun));
	unit_key(vm->settings->array, lun, unit->key);
	unit->settings = *vm->settings;
	unit->settings.vm = unit->key;
	vm->lun_names[vm->n_luns++] = unit->lun;
	vm->carries_units = true;
}

static const struct cluster_vm *resource_find(const struct cluster_vms *vms, const char *array,
					      const char *lun)
{
	const struct cluster_vm *found = NULL;

	for (size_t i = 0; i < vms->n_units; i++) {
		const struct cluster_vm *unit = &vms->units[i];

		if (unit->unclear == NULL && strcmp(unit->array, array) == 0 &&
		    strcmp(unit->lun, lun) == 0) {
			found = unit;
		}
	}
	return found;
}

/* Pacemaker has to know where it is afterwards. */
static int resource_check(const struct cluster_vm *resource, const struct vm_context *vm,
			  const struct mapping_unit *unit, struct err *err)
{
	const char *name = vm->settings->vm;
	bool follows = resource != NULL && resource->vm_map == NULL && resource->vm != NULL &&
		       strcmp(resource->vm, name) == 0 &&
		       strcmp(unit->array, vm->settings->array) == 0;

	if (!follows) {
		return err_set(
			err, -EPERM,
			"stop the LogicalUnit of LUN %s first, and order its resource after VM "
			"'%s': it has plugged in disk %s, and only one of array %s with the "
			"parameter vm=%s migrates with the VM",
			unit->lun, name, unit->target, vm->settings->array, name);
	}
	if (vm->chap != NULL) {
		return err_set(err, -ENOTSUP,
			       "stop the LogicalUnit of LUN %s first: array %s wants CHAP, and a "
			       "LogicalUnit cannot log in with it",
			       unit->lun, vm->array.name);
	}
	return resource->migrates ? 0
				  : err_set(err, -EPERM,
					    "set the meta attribute allow-migrate=true of resource "
					    "%s, or stop it "
					    "first: it has plugged in disk %s",
					    resource->resource, unit->target);
}

struct search {
	struct vm_context *vm;
	struct deadline deadline;
	struct cluster_vms vms;
	bool asked; /* the configuration of the cluster */
};

static int unit_found(void *data, const struct mapping_unit *unit, struct err *err)
{
	struct search *search = data;
	struct vm_context *vm = search->vm;
	int rc = 0;

	if (is_known(vm, unit)) {
		return 0;
	}
	if (!search->asked) {
		rc = cluster_vms_get(search->deadline, &search->vms, err);
		search->asked = rc == 0;
	}
	rc = rc != 0 ? rc
		     : resource_check(resource_find(&search->vms, unit->array, unit->lun), vm, unit,
				      err);
	if (rc == 0 && (vm->carry->n == CARRY_MAX || vm->n_luns + vm->n_media == VM_LUNS_MAX)) {
		rc = err_set(err, -E2BIG,
			     "VM '%s' can take at most %d LogicalUnits along, and have %d LUNs in "
			     "all",
			     vm->settings->vm, CARRY_MAX, VM_LUNS_MAX);
	}
	if (rc == 0) {
		unit_add(vm, unit->lun);
	}
	return rc;
}

int carry_find(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct search search = {.vm = vm, .deadline = deadline};
	g_autofree char *definition = NULL;
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	rc = rc != 0 ? rc
		     : hypervisor_domain_xml(hypervisor, vm->settings->vm, deadline, &definition,
					     err);
	if (rc == 0) {
		rc = mapping_units(definition, unit_found, &search, err);
	}
	if (search.asked) {
		cluster_vms_release(&search.vms);
	}
	return rc == -ENOENT ? 0 : rc;
}

/* The journal */

static bool is_claimed(const struct carried *unit)
{
	return unit->vm != NULL && unit->vm->owned;
}

static int unit_open(struct vm_context *vm, struct carried *unit, struct deadline deadline,
		     struct err *err)
{
	const char *lun = unit->lun;
	const struct vm_asker *asker = &vm->journal.asker;
	int rc = vm_context_open_luns(&unit->settings, &lun, 1, deadline, &unit->vm, err);

	if (rc != 0) {
		return rc;
	}
	unit->vm->report = vm->report;
	rc = vm_journal_init(&unit->vm->journal, VM_ACTION_MIGRATE_TO, unit->key, vm->node,
			     asker->source, asker->target, err);
	rc = rc != 0 ? rc : vm_journal_claim(&unit->vm->journal, deadline, err);
	if (rc != 0) {
		vm_context_free(unit->vm);
		unit->vm = NULL;
	}
	return rc;
}

/* A release of it by the target could be completed at any time, so it goes first. */
static int unit_claim(struct vm_context *vm, struct carried *unit, struct deadline deadline,
		      struct err *err)
{
	struct vm_peer target = {.host = vm->peer->host};
	int rc = unit->vm == NULL ? unit_open(vm, unit, deadline, err) : 0;

	if (rc != 0) {
		return err_prefix(err, rc, "the LogicalUnit of LUN %s", unit->lun);
	}
	unit->vm->peer = &target;
	rc = vm_journal_step(&unit->vm->journal, "carry", true, deadline, err);
	rc = rc != 0 ? rc : vm_release_withdraw_run(unit->vm, deadline, err);
	rc = rc != 0 ? rc : vm_own_record(unit->vm, target.host->node, deadline, err);
	unit->vm->peer = NULL;
	return rc;
}

int carry_claim_probe(void *context, struct deadline deadline, struct err *err)
{
	const struct vm_context *vm = context;

	(void)deadline;
	(void)err;
	for (size_t i = 0; i < vm->carry->n; i++) {
		if (!is_claimed(&vm->carry->units[i])) {
			return TASK_NOT_DONE;
		}
	}
	return TASK_DONE;
}

int carry_claim_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = 0;

	for (size_t i = 0; i < vm->carry->n && rc == 0; i++) {
		struct carried *unit = &vm->carry->units[i];

		rc = is_claimed(unit) ? 0 : unit_claim(vm, unit, deadline, err);
	}
	return rc;
}

static void tell(const struct vm_context *vm, const char *task, const struct err *text)
{
	const struct task_event event = {
		.kind = TASK_STEP_PROGRESS,
		.task = task,
		.step = "carry",
		.text = err_text(text),
	};

	vm_report_event(vm, &event);
}

/* A try of the grant may have been carried out, or the target had a path before. */
static bool target_has_path(struct vm_context *unit, const char *initiator,
			    struct deadline deadline)
{
	struct vm_holding holding;

	return vm_masks_holding(unit, initiator, deadline, &holding, NULL) != 0 || holding.any ||
	       holding.nexus;
}

static bool is_undone(const struct vm_context *vm, int rc)
{
	return rc != 0 && rc != -ENOTRECOVERABLE && !vm->no_return &&
	       (vm->peer == NULL || vm->peer->grant.added.n_granted == 0);
}

/* The record of the target goes only with what it is about, and as long as the task is ours. */
static void record_end(const struct vm_context *vm, struct vm_context *unit,
		       struct deadline deadline)
{
	if (unit->owned && unit->journal.claimed && vm->peer != NULL &&
	    !target_has_path(unit, vm->peer->host->initiator, deadline)) {
		(void)vm_release_end(unit, vm->peer->host->node, deadline, NULL);
	}
}

void carry_end(struct vm_context *vm, int rc, struct deadline deadline)
{
	bool undone = is_undone(vm, rc);

	deadline = deadline_within(deadline, END_MS);
	for (size_t i = 0; i < vm->carry->n; i++) {
		struct vm_context *unit = vm->carry->units[i].vm;
		struct err why = ERR_INIT;
		int end_rc;

		if (unit == NULL) {
			continue;
		}
		if (undone) {
			record_end(vm, unit, deadline);
		}
		end_rc = vm_journal_end(&unit->journal,
					rc == 0  ? JOURNAL_WAITING
					: undone ? JOURNAL_FAILED
						 : JOURNAL_BROKEN,
					rc == 0 ? VM_STEP_SENT : NULL,
					rc == 0 ? "" : "the migration of its VM has failed",
					deadline, &why);
		if (end_rc != 0) {
			tell(vm, "migrate", &why);
		}
	}
}

void carry_drop(struct vm_context *vm, struct deadline deadline)
{
	carry_end(vm, -ECANCELED, deadline);
	vm->n_luns -= vm->carry->n;
	vm->carries_units = false;
	carry_release(vm->carry);
}

void carry_release(struct vm_carry *carry)
{
	for (size_t i = 0; i < carry->n; i++) {
		vm_context_free(carry->units[i].vm);
	}
	*carry = (struct vm_carry){.n = 0};
}

int carry_same_check(const struct vm_context *vm, const struct lun *there, struct err *err)
{
	for (size_t i = 0; i < vm->carry->n; i++) {
		const char *name = vm->carry->units[i].lun;
		const struct lun *here = luns_find(vm->luns, vm->n_luns, name);
		const struct lun *found = luns_find(there, vm->n_luns, name);

		if (here == NULL || found == NULL ||
		    strcmp(here->designator, found->designator) != 0) {
			return err_set(err, -EUCLEAN, "LUN %s is %s here, and %s on the target",
				       name, here == NULL ? "not known" : here->designator,
				       found == NULL ? "not known" : found->designator);
		}
	}
	return 0;
}

/* What is left on the target */

/* Granted to this host by another one, and no action of the LogicalUnit has gone on with it here.
 */
static bool is_left(const struct vm_context *vm, const struct journal_release *grant)
{
	return unit_key_is(grant->vm) && grant->n_luns == 1 && strcmp(grant->node, vm->node) == 0 &&
	       strcmp(grant->by, vm->node) != 0 && strcmp(grant->array, vm->settings->array) == 0;
}

static int left_end(struct vm_context *vm, const struct journal_release *grant,
		    struct deadline deadline, struct err *err)
{
	struct vm_context *unit __attribute__((cleanup(vm_context_drop))) = NULL;
	struct vm_settings settings = *vm->settings;
	const char *lun = grant->luns[0];
	const struct array_change change = {
		.luns = &lun,
		.n_luns = 1,
		.revoke = vm->self->initiator,
	};
	struct hypervisor_plug plug;
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	rc = rc != 0 ? rc
		     : hypervisor_plug_find(hypervisor, grant->array, lun, deadline, &plug, err);
	if (rc != 0 || plug.vm[0] != '\0') {
		return rc;
	}
	settings.vm = grant->vm;
	rc = array_apply(&vm->array, &change, deadline, NULL, err);
	rc = rc != 0 ? rc : vm_context_open_luns(&settings, &lun, 1, deadline, &unit, err);
	rc = rc != 0 ? rc
		     : vm_journal_init(&unit->journal, VM_ACTION_STOP, grant->vm, vm->node,
				       vm->node, "", err);
	return rc != 0 ? rc : vm_release_end(unit, vm->node, deadline, err);
}

static bool is_ours(const struct vm_context *vm, const struct cluster_vms *vms,
		    const struct journal_release *grant)
{
	const struct cluster_vm *unit = resource_find(vms, grant->array, grant->luns[0]);

	return unit != NULL && unit->vm != NULL && strcmp(unit->vm, vm->settings->vm) == 0;
}

static int grant_leave(struct vm_context *vm, const struct journal_release *grant,
		       struct deadline deadline, struct err *err)
{
	struct cluster_vms vms;
	int rc = cluster_vms_get(deadline, &vms, err);

	if (rc == 0) {
		rc = is_ours(vm, &vms, grant) ? left_end(vm, grant, deadline, err) : 0;
		cluster_vms_release(&vms);
	}
	return rc != 0 ? err_prefix(err, rc, "LUN %s, which did not arrive with the VM",
				    grant->luns[0])
		       : 0;
}

void carry_leave(struct vm_context *vm, struct deadline deadline)
{
	struct journal_release *grants = NULL;
	struct err why = ERR_INIT;
	size_t n = 0;

	if (vm->journal.connection == NULL || vm->settings->array == NULL || vm->self == NULL) {
		return;
	}
	if (journal_grant_list(vm->journal.connection, deadline, &grants, &n, &why) != 0) {
		n = 0;
		tell(vm, "stop", &why);
	}
	for (size_t i = 0; i < n; i++) {
		if (is_left(vm, &grants[i]) && grant_leave(vm, &grants[i], deadline, &why) != 0) {
			tell(vm, "stop", &why);
		}
	}
	free(grants);
}
