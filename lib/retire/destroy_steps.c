/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "retire/destroy_steps.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "cluster/cluster_vms.h"
#include "create/create_volumes.h"
#include "create/image_writer.h"
#include "snapshot/snapshot_set.h"
#include "step/vm_gone.h"
#include "step/vm_release.h"
#include "step/vm_state.h"
#include "template/template.h"
#include "vm/vm_lun_owner.h"

int destroy_unused_check(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = vm_gone_confirm(vm, deadline, err);

	return rc != 0 ? err_prefix(err, rc, "VM '%s' is not stopped", vm->settings->vm)
		       : create_strangers_check(vm, "to be destroyed", deadline, err);
}

/* Who needs the LUNs */

/* Parameters that are not understood may name any LUN. */
static int resource_check(const struct vm_context *vm, const struct cluster_vm *one,
			  struct err *err)
{
	const char *name = vm->settings->vm;
	bool own = g_strcmp0(one->vm, name) == 0;

	if (one->unclear != NULL) {
		return err_set(err, -EPERM,
			       "it is not known which LUNs resource %s has (%s): nothing is "
			       "deleted before it is",
			       one->resource, one->unclear);
	}
	if (own && !one->stopped) {
		return err_set(err, -EBUSY,
			       "stop the resource first (crm resource stop %s, or pcs resource "
			       "disable %s): the cluster may start VM '%s' at any time",
			       one->resource, one->resource, name);
	}
	return 0;
}

static int resources_check(const struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct cluster_vms vms;
	int rc = cluster_vms_get(deadline, &vms, err);

	if (rc != 0) {
		return err_prefix(err, rc, "cannot see which VMs have the LUNs");
	}
	for (size_t i = 0; i < vms.count && rc == 0; i++) {
		rc = resource_check(vm, &vms.vms[i], err);
	}
	cluster_vms_release(&vms);
	return rc;
}

/* A medium of a template that cannot be read is read-only on the array: step "grant" refuses it. */
static int template_check(const struct vm_context *vm, const char *name, struct err *err)
{
	struct template *template __attribute__((cleanup(template_drop))) = NULL;
	int rc = template_find(NULL, name, &template, NULL);

	for (size_t i = 0; rc == 0 && i < template->n_drives; i++) {
		const char *medium = template->drives[i].medium;

		for (size_t k = 0; medium != NULL && k < vm->n_luns; k++) {
			if (strcmp(medium, vm->lun_names[k]) == 0) {
				return err_set(err, -EPERM,
					       "LUN '%s' is a medium of template '%s': take it "
					       "from there first",
					       medium, name);
			}
		}
	}
	return 0;
}

static int templates_check(const struct vm_context *vm, struct err *err)
{
	g_auto(GStrv) names = template_names(NULL);
	int rc = 0;

	for (size_t i = 0; names != NULL && names[i] != NULL && rc == 0; i++) {
		rc = template_check(vm, names[i], err);
	}
	return rc;
}

/* A driver that makes none has none. */
static int snapshots_find(const struct vm_context *vm, struct deadline deadline,
			  struct array_snapshots *ret_snapshots, struct snapshot_sets *ret,
			  struct err *err)
{
	struct err own = ERR_INIT;
	int rc = array_snapshots_get(&vm->array, deadline, ret_snapshots, &own);

	*ret = (struct snapshot_sets){.count = 0};
	if (rc != 0) {
		return rc == -EOPNOTSUPP ? 0 : err_set(err, rc, "%s", err_text(&own));
	}
	snapshot_sets_of(ret_snapshots, vm->lun_names, vm->n_luns, ret);
	return 0;
}

int destroy_snapshots_check(const struct vm_context *vm, const struct vm_destroy_wish *wish,
			    struct deadline deadline, struct err *err)
{
	struct array_snapshots snapshots;
	struct snapshot_sets sets;
	char names[256] = "";
	int rc = wish->snapshots ? 0 : snapshots_find(vm, deadline, &snapshots, &sets, err);

	if (rc != 0 || wish->snapshots) {
		return rc;
	}
	for (size_t i = 0; i < sets.count; i++) {
		text_list_add(names, sizeof(names), sets.sets[i].name);
	}
	if (sets.count > 0) {
		rc = err_set(
			err, -EPERM,
			"say --snapshots, or remove them (lunmask unsnapshot): VM '%s' has the "
			"snapshots %s",
			vm->settings->vm, names);
	}
	snapshot_sets_release(&sets);
	array_snapshots_release(&snapshots);
	return rc;
}

static int snapshots_remove(const struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct array_snapshots snapshots;
	struct snapshot_sets sets;
	int rc = snapshots_find(vm, deadline, &snapshots, &sets, err);

	for (size_t i = 0; i < sets.count && rc == 0; i++) {
		const struct array_snapshot_wish wish = {.name = sets.sets[i].name,
							 .luns = sets.sets[i].luns,
							 .n_luns = sets.sets[i].n_luns};
		bool deleted;

		rc = array_snapshot_remove(&vm->array, &wish, deadline, &deleted, err);
	}
	snapshot_sets_release(&sets);
	array_snapshots_release(&snapshots);
	return rc;
}

int destroy_needed_check(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = resources_check(vm, deadline, err);

	rc = rc != 0 ? rc : vm_lun_owner_check_new(vm, deadline, err);
	rc = rc != 0 ? rc : templates_check(vm, err);
	return rc != 0 || vm->destroy == NULL
		       ? rc
		       : destroy_snapshots_check(vm, vm->destroy->wish, deadline, err);
}

/* The state LUN */

static int image_check(const struct vm_context *vm, struct err *err)
{
	return vm->image != IMAGE_VALID || vm->destroy->wish->discard_image
		       ? 0
		       : err_set(err, -EPERM,
				 "start VM '%s', or say --discard-image: the memory of its guest "
				 "is saved on LUN '%s'",
				 vm->settings->vm, vm->state.lun);
}

int destroy_state_check(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	const struct vm_doomed *doomed = vm->destroy->doomed;
	struct err own = ERR_INIT;
	int rc;

	/* What is half overwritten says nothing. */
	if (doomed->begun) {
		return 0;
	}
	rc = vm_state_load(vm, deadline, &own);
	if (rc == 0 && doomed->known && vm->generation != doomed->generation) {
		return err_set(err, -ESTALE,
			       "state LUN '%s' was written meanwhile (generation %" PRIu64
			       ", and %" PRIu64 " was shown): look again",
			       vm->state.lun, vm->generation, doomed->generation);
	}
	if (rc == 0 || rc == -ENODATA || vm->destroy->wish->discard_image) {
		return rc == 0 ? image_check(vm, err) : 0;
	}
	return err_set(err, rc, "%s", err_text(&own));
}

/* Data that is overwritten */

static bool wipes(const struct vm_context *vm)
{
	return strcmp(vm->journal.task.image, JOURNAL_IMAGE_WIPE) == 0;
}

struct shown {
	const struct vm_destroy_wish *wish;
	const struct lun *lun;
};

static void show(void *data, double share)
{
	const struct shown *shown = data;

	shown->wish->progress(shown->wish->data, "wipe", shown->lun->name, shown->lun->size_bytes,
			      share);
}

static int lun_wipe(const struct vm_context *vm, const struct lun *lun, struct deadline deadline,
		    struct err *err)
{
	const struct iscsi_path path = {
		.portal = vm->portal,
		.initiator = vm->self->initiator,
		.target = lun->target,
		.number = lun->number,
		.chap = vm->chap,
	};
	struct shown shown = {.wish = vm->destroy->wish, .lun = lun};
	const struct image_job job = {
		.path = &path,
		.progress = shown.wish->progress != NULL ? show : NULL,
		.data = &shown,
	};
	int rc = image_wipe(&job, lun->size_bytes, deadline, err);

	return rc == 0 ? 0 : err_prefix(err, rc, "wipe LUN %s", lun->name);
}

int destroy_wipe_probe(void *context, struct deadline deadline, struct err *err)
{
	const struct vm_context *vm = context;

	(void)deadline;
	(void)err;
	return !wipes(vm) || vm->destroy->wiped ? TASK_DONE : TASK_NOT_DONE;
}

int destroy_wipe_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = 0;

	if (!vm->luns_known) {
		return err_set(err, -EINVAL, "the paths to the LUNs were not verified");
	}
	vm->no_return = true;
	for (size_t i = 0; i < vm->n_luns && rc == 0; i++) {
		rc = lun_wipe(vm, &vm->luns[i], deadline, err);
	}
	vm->destroy->wiped = rc == 0;
	return rc;
}

/* The end of the records */

int destroy_releases_probe(void *context, struct deadline deadline, struct err *err)
{
	const struct vm_context *vm = context;

	(void)deadline;
	(void)err;
	return vm->destroy->settled ? TASK_DONE : TASK_NOT_DONE;
}

/* No host has a path, and there will be no LUN any more whose path could be revoked. */
int destroy_releases_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	const struct config_host *hosts;
	size_t n;
	int rc = 0;

	hosts = config_hosts(vm->config, &n);
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = vm_release_clear(vm, hosts[i].node, false, deadline, err);
	}
	vm->destroy->settled = rc == 0;
	return rc;
}

int destroy_delete_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;

	int rc;

	vm->no_return = true;
	rc = vm->destroy->wish->snapshots ? snapshots_remove(vm, deadline, err) : 0;
	return rc != 0 ? rc : create_delete_run(vm, deadline, err);
}
