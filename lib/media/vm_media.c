/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/vm_media.h"

#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "hypervisor/hypervisor_luns.h"
#include "vm/vm_keep.h"

#define LOCK_NAME ".media.lock" /* no VM's name begins so */
#define LOCK_AGAIN_MS 50
#define LIBVIRT_ANSWER_MS 5000

size_t vm_media_all_luns(const struct vm_context *vm, const char *names[VM_LUNS_MAX])
{
	memcpy(names, vm->lun_names, vm->n_luns * sizeof(names[0]));
	memcpy(names + vm->n_luns, vm->media, vm->n_media * sizeof(names[0]));
	return vm->n_luns + vm->n_media;
}

int vm_media_probe(struct vm_context *vm, const char *initiator, struct deadline deadline,
		   struct err *err)
{
	struct array_masks masks;
	int rc = vm->n_media == 0
			 ? 0
			 : array_masks(&vm->array, vm->media, vm->n_media, deadline, &masks, err);
	int seen = TASK_DONE;

	if (vm->n_media == 0 || rc != 0) {
		return rc != 0 ? rc : TASK_DONE;
	}
	for (size_t i = 0; i < masks.count; i++) {
		if (!array_mask_holds(&masks.masks[i], initiator)) {
			(void)err_set(err, 0, "LUN %s (:ro) is not granted to %s",
				      masks.masks[i].lun, initiator);
			seen = TASK_NOT_DONE;
		}
	}
	array_masks_release(&masks);
	return seen;
}

static int lock_open(struct err *err)
{
	g_autofree char *path = vm_keep_path(LOCK_NAME);
	g_autofree char *directory = g_path_get_dirname(path);
	int fd;

	(void)g_mkdir_with_parents(directory, 0700);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd >= 0 ? fd : err_set(err, -errno, "%s: %s", path, strerror(errno));
}

/* Those who start share it; a stop holds it for two requests to the array. */
static int lock_share(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	int fd = vm->media_lock > 0 ? 0 : lock_open(err);

	if (fd <= 0) {
		return fd;
	}
	while (flock(fd, LOCK_SH | LOCK_NB) != 0) {
		if (!deadline_pause(deadline, LOCK_AGAIN_MS)) {
			(void)close(fd);
			return err_set(err, -EBUSY, "another VM's media are being revoked here");
		}
	}
	vm->media_lock = fd;
	return 0;
}

void vm_media_unlock(struct vm_context *vm)
{
	if (vm->media_lock > 0) {
		(void)close(vm->media_lock);
	}
	vm->media_lock = 0;
}

int vm_media_grant(struct vm_context *vm, const char *initiator, struct deadline deadline,
		   struct err *err)
{
	struct array_change change = {
		.luns = vm->media,
		.n_luns = vm->n_media,
		.grant = initiator,
		.read_only = true,
	};
	int rc = vm->n_media > 0 && strcmp(initiator, vm->self->initiator) == 0
			 ? lock_share(vm, deadline, err)
			 : 0;

	return rc != 0 || vm->n_media == 0 ? rc
					   : array_apply(&vm->array, &change, deadline, NULL, err);
}

static void tell(const struct vm_context *vm, const char *task, enum task_event_kind kind,
		 const char *text)
{
	struct task_event event = {.kind = kind, .task = task, .step = "media", .text = text};

	vm_report_event(vm, &event);
}

/* 0: nothing here uses it. -EBUSY: a VM does. */
static int unused(struct vm_context *vm, const char *lun, struct deadline deadline, struct err *err)
{
	struct hypervisor_lun_use use;
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	if (rc == 0) {
		rc = hypervisor_lun_use(hypervisor, vm->array.name, &lun, 1, vm->settings->vm,
					deadline, &use, err);
	}
	return rc != 0 || use.vm[0] == '\0'
		       ? rc
		       : err_set(err, -EBUSY, "LUN %s is kept: VM %s, which runs here, reads it",
				 lun, use.vm);
}

static void medium_revoke(struct vm_context *vm, const char *lun, const char *task,
			  struct deadline deadline)
{
	struct array_change change = {.luns = &lun, .n_luns = 1, .revoke = vm->self->initiator};
	struct err err = ERR_INIT;
	int rc = unused(vm, lun, deadline_within(deadline, LIBVIRT_ANSWER_MS), &err);

	rc = rc != 0 ? rc : array_apply(&vm->array, &change, deadline, NULL, &err);
	if (rc != 0 && rc != -ENXIO) {
		tell(vm, task, rc == -EBUSY ? TASK_STEP_PROGRESS : TASK_STEP_FAILED,
		     err_text(&err));
	}
}

void vm_media_revoke(struct vm_context *vm, const char *task, struct deadline deadline)
{
	struct err err = ERR_INIT;
	int fd = vm->n_media == 0 ? -1 : lock_open(&err);

	if (vm->n_media == 0 || vm->self == NULL) {
		return;
	}
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0) {
		tell(vm, task, TASK_STEP_PROGRESS,
		     fd < 0 ? err_text(&err) : "the media are kept: another VM is starting here");
	} else {
		for (size_t i = 0; i < vm->n_media; i++) {
			medium_revoke(vm, vm->media[i], task, deadline);
		}
	}
	if (fd >= 0) {
		(void)close(fd);
	}
}
