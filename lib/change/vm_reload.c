/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/vm_reload.h"

#include <glib.h>
#include <string.h>

#include "action/vm_complete.h"
#include "action/vm_mapping.h"
#include "action/vm_record.h"
#include "action/vm_visit.h"
#include "definition/definition_part.h"
#include "media/vm_secret.h"
#include "step/vm_state.h"
#include "vm/vm_config_copy.h"
#include "vm/vm_config_file.h"
#include "vm/vm_definition.h"
#include "vm/vm_keep.h"
#include "vm/vm_lun_owner.h"

#define TASK_NAME "reload"
#define DETACH_MS 60000
#define LOOK_AGAIN_MS 200

/* The definition of the domain that is active here. */
static int running_read(struct vm_context *vm, struct deadline deadline, char **ret,
			struct err *err)
{
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	return rc != 0 ? rc
		       : hypervisor_domain_xml(hypervisor, vm->settings->vm, deadline, ret, err);
}

static bool in_luns(const struct vm_context *vm, const char *target)
{
	for (size_t i = 0; i < vm->n_drives; i++) {
		if (strcmp(vm->drives[i].target, target) == 0) {
			return true;
		}
	}
	return false;
}

/* Media, UEFI variables and the TPM change at a boot only. */
static bool is_cold(const struct drive *drive)
{
	return drive->read_only || drive_is_no_disk(drive->target);
}

static size_t cold_count(const struct vm_context *vm)
{
	size_t count = 0;

	for (size_t i = 0; i < vm->n_drives; i++) {
		count += is_cold(&vm->drives[i]);
	}
	return count;
}

static int cold_check(const struct vm_context *vm, struct err *err)
{
	size_t count = cold_count(vm);

	for (size_t i = 0; i < vm->mapping->n_drives; i++) {
		const struct drive *drive = &vm->mapping->drives[i].drive;
		size_t k = 0;

		while (k < vm->n_drives && !drive_equal(drive, &vm->drives[k])) {
			k++;
		}
		if (is_cold(drive) && k < vm->n_drives) {
			count--;
		} else if (is_cold(drive)) {
			count = vm->n_drives + 1;
			break;
		}
	}
	return count == 0 ? 0
			  : err_set(err, -EPERM,
				    "stop and start VM '%s': media (:ro), " DRIVE_FLASH
				    " and " DRIVE_TPM " in luns change at a boot only",
				    vm->settings->vm);
}

/* Has the domain exactly the drives of luns, and says so to others (hypervisor_luns.h)? */
static bool domain_fits(const struct vm_context *vm, const char *definition)
{
	for (size_t i = 0; i < vm->n_drives; i++) {
		if (!drive_is_no_disk(vm->drives[i].target) &&
		    !definition_has_disk(definition, vm->drives[i].target)) {
			return false;
		}
	}
	return definition_maps(definition, vm->drives, vm->n_drives);
}

/* The domain must be one that is neither leaving nor arriving. */
static int runs_check(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	enum domain_state state;
	int rc = vm_domain_state(vm, deadline, &state, err);

	if (rc == 0 && state != DOMAIN_RUNNING && state != DOMAIN_PAUSED) {
		rc = err_set(err, -EBUSY,
			     "the drives of VM '%s' cannot change while it is %s: repeat this when "
			     "it runs",
			     vm->settings->vm, domain_state_to_str(state));
	}
	rc = rc != 0 ? rc : vm_lun_owner_check_new(vm, deadline, err);
	if (rc == 0) {
		rc = vm_masks_other_holder(vm, deadline, err);
		rc = rc == TASK_NOT_DONE ? -EPERM : rc == TASK_DONE ? 0 : rc;
	}
	return rc;
}

/* detach */

/* 1: the domain has a disk that luns does not name; ret_target: the first one. */
static int superfluous_find(struct vm_context *vm, const char *definition,
			    char ret_target[DRIVE_TARGET_MAX + 1])
{
	for (size_t i = 0; i < vm->mapping->n_drives; i++) {
		const char *target = vm->mapping->drives[i].drive.target;

		if (!in_luns(vm, target) && definition_has_disk(definition, target)) {
			strcpy(ret_target, target);
			return 1;
		}
	}
	return 0;
}

static int detach_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	char target[DRIVE_TARGET_MAX + 1];
	g_autofree char *definition = NULL;
	int rc = running_read(vm, deadline, &definition, err);

	return rc != 0                                         ? rc
	       : superfluous_find(vm, definition, target) == 0 ? TASK_DONE
							       : TASK_NOT_DONE;
}

static int detached_wait(struct vm_context *vm, const char *target, struct deadline deadline,
			 struct err *err)
{
	int rc;

	do {
		g_autofree char *definition = NULL;

		rc = running_read(vm, deadline, &definition, err);
		if (rc != 0 || !definition_has_disk(definition, target)) {
			return rc;
		}
	} while (deadline_pause(deadline, LOOK_AGAIN_MS));
	return err_set(err, -ETIMEDOUT,
		       "the guest of VM '%s' has not given drive %s up: unmount it there; its LUN "
		       "stays granted",
		       vm->settings->vm, target);
}

static int detach_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = 0;

	while (rc == 0) {
		char target[DRIVE_TARGET_MAX + 1];
		g_autofree char *definition = NULL;
		g_autofree char *disk = NULL;

		rc = running_read(vm, deadline, &definition, err);
		if (rc != 0 || superfluous_find(vm, definition, target) == 0) {
			break;
		}
		rc = definition_disk(definition, target, &disk, err);
		rc = rc != 0 ? rc
			     : hypervisor_detach(vm->hypervisor, vm->settings->vm, disk, deadline,
						 err);
		rc = rc != 0 ? rc : detached_wait(vm, target, deadline, err);
	}
	return rc;
}

/* grant */

/* What is not in the domain is taken back: no QEMU here has it open. */
static int grant_undo(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct array_changed *added = &vm->grant.added;
	size_t kept = 0;

	for (size_t i = 0; i < added->n_granted; i++) {
		bool used = false;

		for (size_t k = 0; k < vm->mapping->n_drives; k++) {
			used = used || strcmp(vm->mapping->drives[k].drive.extent.lun,
					      added->granted[i]) == 0;
		}
		used = used || strcmp(vm->state.lun, added->granted[i]) == 0;
		if (!used) {
			memmove(added->granted[kept++], added->granted[i],
				sizeof(added->granted[0]));
		}
	}
	added->n_granted = kept;
	return vm_grant_revert(vm, vm->self->initiator, &vm->grant, deadline, err);
}

/* sources */

static int source_check(const struct vm_context *vm, const char *definition,
			const struct drive *drive, struct err *err)
{
	const struct lun *lun = luns_find(vm->luns, vm->n_luns + vm->n_media, drive->extent.lun);
	g_autofree char *source = definition_disk_source(definition, drive->target);
	g_autofree char *wanted =
		lun == NULL ? NULL : g_strdup_printf("%s/%u", lun->target, lun->number);

	return source != NULL && g_strcmp0(source, wanted) == 0
		       ? 0
		       : err_set(err, -EPERM,
				 "detach disk %s, which somebody has attached to VM '%s': it is "
				 "not "
				 "LUN %s",
				 drive->target, vm->settings->vm, drive->extent.lun);
}

/*
 * A disk that the guest has already is the drive's LUN: a reload that was killed has attached it.
 * Otherwise the next migration would give the guest another disk under its name.
 */
static int sources_check(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	g_autofree char *definition = NULL;
	int rc = running_read(vm, deadline, &definition, err);

	for (size_t i = 0; rc == 0 && i < vm->n_drives; i++) {
		const struct drive *drive = &vm->drives[i];

		if (definition_has_disk(definition, drive->target) &&
		    !definition_maps_drive(definition, drive)) {
			rc = source_check(vm, definition, drive, err);
		}
	}
	return rc;
}

/* store */

static int store_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = vm->state_known ? 0 : vm_state_load(vm, deadline, err);

	rc = rc != 0 ? rc : vm_mapping_is_ours(vm, vm->mapping, err);
	return rc != 0 ? rc : vm_mapping_has_drives(vm, vm->mapping) ? TASK_DONE : TASK_NOT_DONE;
}

static int store_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	int rc = vm_state_load(vm, deadline, err);

	if (rc == 0 && vm->image == IMAGE_WRITING) {
		return err_set(err, -EBUSY, "the guest's memory is being saved");
	}
	rc = rc != 0 ? rc : vm_mapping_is_ours(vm, vm->mapping, err);
	if (rc != 0 || vm_mapping_has_drives(vm, vm->mapping)) {
		return rc;
	}
	rc = vm_mapping_adapt(vm, err);
	rc = rc != 0 ? rc : vm_state_store(vm, vm->image, deadline, err);
	if (rc != 0) {
		vm->state_known = false;
	}
	return rc;
}

/* attach */

static int attach_all(struct vm_context *vm, const char *definition, struct deadline deadline,
		      struct err *err)
{
	struct mapping_host here = vm_definition_here(vm);
	g_autofree char *wanted = NULL;
	int rc = vm_definition_stored(vm, &here, &wanted, err);

	for (size_t i = 0; rc == 0 && i < vm->n_drives; i++) {
		const char *target = vm->drives[i].target;
		g_autofree char *disk = NULL;

		if (drive_is_no_disk(target) || definition_has_disk(definition, target)) {
			continue;
		}
		rc = definition_disk(wanted, target, &disk, err);
		rc = rc != 0 ? rc
			     : hypervisor_attach(vm->hypervisor, vm->settings->vm, disk, deadline,
						 err);
		if (rc != 0) {
			return err_prefix(err, rc,
					  "drive %s is granted, and will be there at the VM's next "
					  "boot; attaching it now",
					  target);
		}
	}
	return rc;
}

static int attach_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	g_autofree char *definition = NULL;
	int rc = running_read(vm, deadline, &definition, err);

	for (size_t i = 0; rc == 0 && i < vm->n_drives; i++) {
		if (!drive_is_no_disk(vm->drives[i].target) &&
		    !definition_has_disk(definition, vm->drives[i].target)) {
			return TASK_NOT_DONE;
		}
	}
	return rc != 0 ? rc : TASK_DONE;
}

static int attach_run(void *context, struct deadline deadline, struct err *err)
{
	g_autofree char *definition = NULL;
	struct vm_context *vm = context;
	int rc = running_read(vm, deadline, &definition, err);

	rc = rc != 0 ? rc : vm_secret_give(vm, deadline, err);
	rc = rc != 0 ? rc : attach_all(vm, definition, deadline, err);
	vm_secret_take(vm, vm->hypervisor, deadline);
	return rc;
}

/* revoke */

/* The LUNs that were granted to this host for the VM, and are no longer named. */
static int left_find(struct vm_context *vm, struct vm_keep **ret_keep, const char **names,
		     size_t *ret_n, struct err *err)
{
	struct vm_context all = {.settings = vm->settings, .self = vm->self, .array = vm->array};
	int rc = vm_keep_load(vm->settings->vm, ret_keep, err);

	*ret_n = 0;
	if (rc != 0) {
		return rc == -ENOENT ? 0 : rc;
	}
	memcpy(all.lun_names, vm->lun_names, sizeof(all.lun_names));
	all.n_luns = vm->n_luns;
	vm_keep_apply(*ret_keep, &all);
	for (size_t i = vm->n_luns; i < all.n_luns; i++) {
		names[(*ret_n)++] = all.lun_names[i];
	}
	return 0;
}

static int revoke_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct vm_keep *keep __attribute__((cleanup(vm_keep_drop))) = NULL;
	const char *names[VM_LUNS_MAX];
	size_t n;
	int rc = left_find(vm, &keep, names, &n, err);

	(void)deadline;
	return rc != 0 ? rc : n == 0 ? TASK_DONE : TASK_NOT_DONE;
}

static int revoke_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct vm_keep *keep __attribute__((cleanup(vm_keep_drop))) = NULL;
	const char *names[VM_LUNS_MAX];
	struct array_change change = {.luns = names, .revoke = vm->self->initiator};
	int rc = left_find(vm, &keep, names, &change.n_luns, err);

	if (rc == 0 && change.n_luns > 0) {
		rc = array_apply(&vm->array, &change, deadline, NULL, err);
	}
	if (rc == 0 && change.n_luns > 0) {
		rc = vm_keep_remove(vm->settings->vm, err);
		rc = rc != 0 ? rc : vm_keep_store(vm, err);
	}
	return rc;
}

/* mark */

/*
 * Others learn from the metadata which LUNs the domain uses. So it names a LUN that was taken away
 * until that is revoked: no other VM can have begun to use it here.
 */
static int mark_probe(void *context, struct deadline deadline, struct err *err)
{
	g_autofree char *definition = NULL;
	int rc = running_read(context, deadline, &definition, err);

	return rc != 0 ? rc : domain_fits(context, definition) ? TASK_DONE : TASK_NOT_DONE;
}

/*
 * If the guest had what was stored before its drives changed, it has what is stored now. A
 * definition that was set since its boot counts one more.
 */
static uint64_t revision_now(const struct vm_context *vm, const char *definition)
{
	uint64_t booted = definition_revision(definition);

	return booted + 1 == vm->mapping->revision ? vm->mapping->revision : booted;
}

static int mark_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	g_autofree char *definition = NULL;
	g_autofree char *ours = NULL;
	int rc = running_read(vm, deadline, &definition, err);

	rc = rc != 0 ? rc
		     : definition_mapping(vm->mapping->xml, revision_now(vm, definition), &ours,
					  err);
	return rc != 0 ? rc
		       : hypervisor_set_mapping(vm->hypervisor, vm->settings->vm, ours, deadline,
						err);
}

static const struct task_step steps[] = {
	STEP_CHECK("runs", runs_check),
	{
		.name = "detach",
		.probe = detach_probe,
		.run = detach_run,
		.timeout_ms = DETACH_MS,
		.tries = 1,
	},
	{
		.name = "grant",
		.probe = vm_own_grant_probe,
		.run = vm_own_grant_run,
		.undo = grant_undo,
		.timeout_ms = 15000,
		.tries = 2,
		.retry_ms = 200,
		.flags = TASK_WIDENS | TASK_GRANTS,
	},
	STEP_VERIFY,
	STEP_CHECK("owner", vm_lun_owner_check),
	STEP_CHECK("sources", sources_check),
	{
		.name = "store",
		.probe = store_probe,
		.run = store_run,
		.timeout_ms = 10000,
		.tries = 2,
		.retry_ms = 200,
		.flags = TASK_WIDENS,
	},
	{
		.name = "attach",
		.probe = attach_probe,
		.run = attach_run,
		.timeout_ms = 20000,
		.tries = 1,
		.flags = TASK_WIDENS,
	},
	{
		.name = "revoke",
		.probe = revoke_probe,
		.run = revoke_run,
		.timeout_ms = 20000,
		.tries = 3,
		.retry_ms = 500,
	},
	{
		.name = "mark",
		.probe = mark_probe,
		.run = mark_run,
		.timeout_ms = 10000,
		.tries = 2,
		.retry_ms = 200,
	},
	/* The place that libvirt gave the disk stays the same at the next boot. */
	{
		.name = "complete",
		.probe = vm_complete_probe,
		.run = vm_complete_run,
		.timeout_ms = 10000,
		.tries = 1,
	},
};

/* Of the LUNs in luns, some may not be granted yet: only the state LUN is needed here. */
static int stored_read(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct vm_context state = *vm;
	int rc;

	state.lun_names[0] = vm->state.lun;
	state.n_luns = 1;
	state.n_media = 0;
	rc = vm_state_here(&state, deadline, err);
	vm->mapping = state.mapping;
	vm->hypervisor = state.hypervisor;
	return rc != 0 ? rc : vm_mapping_is_ours(vm, vm->mapping, err);
}

/* What this host was granted: the LUNs of the drives that the guest has, and those of luns. */
static int granted_keep(struct vm_context *vm, struct err *err)
{
	struct vm_context had = *vm;
	int rc;

	had.n_luns = 0;
	for (size_t i = 0; i < vm->mapping->n_drives; i++) {
		if (!vm->mapping->drives[i].drive.read_only) {
			had.lun_names[had.n_luns++] = vm->mapping->drives[i].drive.extent.lun;
		}
	}
	rc = had.n_luns == 0 ? 0 : vm_keep_store(&had, err);
	return rc != 0 ? rc : vm_keep_store(vm, err);
}

static int drives_change(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = stored_read(vm, deadline, err);

	rc = rc != 0 ? rc : cold_check(vm, err);
	rc = rc != 0 ? rc : vm_config_copy_store(err);
	rc = rc != 0 ? rc : granted_keep(vm, err);
	return rc != 0 ? rc
		       : vm_visit_running(vm, TASK_NAME, VM_STEPS(steps),
					  deadline_left_ms(deadline), deadline, err);
}

static void tell(const struct vm_context *vm, const struct err *why)
{
	struct task_event event = {
		.kind = TASK_STEP_FAILED,
		.task = TASK_NAME,
		.step = "look",
		.text = err_text(why),
	};

	vm_report_event(vm, &event);
}

/* A libvirtd that is away is no reason to restart the guest: a migration will find out. */
static int running_look(struct vm_context *vm, struct deadline deadline, char **ret)
{
	struct err why = ERR_INIT;
	int rc = running_read(vm, deadline, ret, &why);

	if (rc != 0 && rc != -ENOENT) {
		(void)err_prefix(&why, rc, "it is not known whether the drives have changed");
		tell(vm, &why);
	}
	return rc;
}

int vm_reload(const struct vm_settings *settings, struct deadline deadline,
	      const struct vm_report *report, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	struct deadline look = deadline_before(deadline, deadline_left_ms(deadline) / 2);
	g_autofree char *definition = NULL;
	int rc = vm_context_open(settings, report, deadline, &vm, err);

	if (rc != 0 || running_look(vm, look, &definition) != 0) {
		return rc;
	}
	if (!domain_fits(vm, definition)) {
		rc = drives_change(vm, deadline, err);
	}
	look = deadline_before(deadline, deadline_left_ms(deadline) / 2);
	if (rc == 0 && vm_state_here(vm, look, NULL) == 0) {
		vm_config_tell(vm, TASK_NAME);
	}
	return rc;
}
