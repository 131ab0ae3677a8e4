/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/vm_tpm.h"

#include <glib.h>
#include <string.h>

#include "tpm/tpm_server.h"

#define SWTPM_LOGS "/var/log/swtpm/libvirt/qemu" /* where libvirt lets swtpm write */

static const struct mapping_drive *tpm_of(const struct vm_context *vm)
{
	return vm->mapping == NULL ? NULL : mapping_find(vm->mapping, DRIVE_TPM);
}

bool vm_tpm_has(const struct vm_context *vm)
{
	return tpm_of(vm) != NULL;
}

int vm_tpm_request(const struct vm_context *vm, const struct lun *luns, size_t n_luns,
		   const char *initiator, struct tpm_request *ret, struct err *err)
{
	const struct mapping_drive *drive = tpm_of(vm);
	const struct lun *lun =
		drive == NULL ? NULL : luns_find(luns, n_luns, drive->drive.extent.lun);

	*ret = (struct tpm_request){.verb = TPM_SERVE};
	if (lun == NULL) {
		return err_set(err, -EINVAL, "the paths to the LUN for the TPM were not verified");
	}
	ret->lun = *lun;
	(void)g_strlcpy(ret->lun.designator, drive->designator, sizeof(ret->lun.designator));
	(void)g_strlcpy(ret->vm, vm->settings->vm, sizeof(ret->vm));
	(void)g_strlcpy(ret->uuid, vm->mapping->uuid, sizeof(ret->uuid));
	(void)g_strlcpy(ret->array, vm->chap == NULL ? "" : vm->array.name, sizeof(ret->array));
	(void)g_strlcpy(ret->initiator, initiator, sizeof(ret->initiator));
	for (; ret->n_portals < vm->n_portals && ret->n_portals < PORTALS_MAX; ret->n_portals++) {
		(void)g_strlcpy(ret->portals[ret->n_portals], vm->portals[ret->n_portals],
				sizeof(ret->portals[0]));
	}
	return 0;
}

static int libvirt_check(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	return rc != 0 ? rc : hypervisor_tpm_check(hypervisor, deadline, err);
}

/*
 * A process that is left from an earlier run may hold another state than the LUN: before the domain
 * is created, it is always a new one.
 */
int vm_tpm_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	enum domain_state state = DOMAIN_ABSENT;
	int rc;

	if (!vm_tpm_has(vm) || vm->tpm_fresh) {
		return TASK_DONE;
	}
	rc = vm_domain_state(vm, deadline, &state, err);
	if (rc != 0 || state != DOMAIN_ABSENT) {
		return rc != 0 ? rc : TASK_DONE;
	}
	rc = libvirt_check(vm, deadline, err);
	return rc != 0 ? rc : TASK_NOT_DONE;
}

int vm_tpm_run(void *context, struct deadline deadline, struct err *err)
{
	static const struct runner here = {.transport = "exec"};
	struct vm_context *vm = context;
	struct tpm_request request;
	int rc = !vm->luns_known ? err_set(err, -EINVAL, "the paths were not verified")
				 : vm_tpm_request(vm, vm->luns, vm->n_luns + vm->n_media,
						  vm->self->initiator, &request, err);

	rc = rc != 0 ? rc : tpm_request_run(&here, LUNMASK_TPM_PROGRAM, &request, deadline, err);
	vm->tpm_begun = vm->tpm_begun || rc == 0;
	vm->tpm_fresh = rc == 0;
	return rc;
}

int vm_tpm_renew(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int rc = vm_tpm_has(vm) && !vm->tpm_fresh ? vm_tpm_run(vm, deadline, err) : 0;

	vm->tpm_fresh = false;
	return rc;
}

int vm_tpm_undo(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	enum domain_state state = DOMAIN_ABSENT;
	int rc = vm->tpm_begun ? vm_domain_state(vm, deadline, &state, err) : 0;

	return rc != 0 || !vm->tpm_begun || state != DOMAIN_ABSENT
		       ? rc
		       : tpm_server_end(vm->settings->vm, deadline, err);
}

int vm_tpm_end(void *context, struct deadline deadline, struct err *err)
{
	const struct vm_context *vm = context;

	return tpm_server_end(vm->settings->vm, deadline, err);
}

int vm_tpm_check(const struct vm_settings *settings, struct err *err)
{
	g_autofree struct drive *drives = g_new0(struct drive, VM_LUNS_MAX);
	size_t n = 0;
	pid_t pid = 0;
	int rc = settings->luns == NULL
			 ? 0
			 : drives_from_str(settings->luns, drives, VM_LUNS_MAX, &n, NULL);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (strcmp(drives[i].target, DRIVE_TPM) == 0) {
			rc = tpm_server_find(settings->vm, &pid, err);
			return rc != 0 || pid != 0
				       ? rc
				       : err_set(err, -EIO,
						 "stop and start VM '%s': what its TPM stores is "
						 "kept no more, since lunmask-tpm has ended here",
						 settings->vm);
		}
	}
	return 0;
}

int vm_tpm_explain(const struct vm_context *vm, int rc, struct err *err)
{
	return rc == 0 || !vm_tpm_has(vm) || strstr(err_text(err), "swtpm") == NULL
		       ? rc
		       : err_prefix(err, rc,
				    "look into " SWTPM_LOGS
				    "/%s-swtpm.log: swtpm could not be set up",
				    vm->settings->vm);
}
