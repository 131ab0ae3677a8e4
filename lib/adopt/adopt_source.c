/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "adopt/adopt_source.h"

#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adopt/adopt_file.h"
#include "base/fd.h"
#include "firmware/firmware_definition.h"
#include "firmware/firmware_descriptor.h"
#include "firmware/firmware_variables.h"
#include "persistent/persistent_domain.h"

/* Where libvirt's daemon for QEMU keeps its definitions. */
#define LIBVIRT_FOLDER "/etc/libvirt/qemu"

/* What libvirt has: its definition is *ret_xml, for free(), or NULL. */
static int look(struct vm_context *vm, struct deadline deadline, unsigned int *ret_flags,
		char **ret_xml, struct err *err)
{
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(vm, deadline, &hypervisor, err);

	*ret_flags = 0;
	*ret_xml = NULL;
	return rc != 0 ? rc
		       : persistent_domain_get(hypervisor, vm->settings->vm, deadline, ret_flags,
					       ret_xml, err);
}

static int kept_load(const struct vm_context *vm, char **ret, struct err *err)
{
	int rc = adopt_file_load(vm->settings->vm, ret, err);

	return rc == -ENOENT ? 0 : rc;
}

static int missing(const struct vm_context *vm, struct err *err)
{
	return err_set(
		err, -ENOENT,
		(vm->adopt->flags & PERSISTENT_ACTIVE) != 0
			? "libvirt (%s) keeps no definition of VM '%s': the domain that runs "
			  "is transient"
			: "libvirt (%s) has no VM '%s' on this node (virsh list --all)",
		vm->settings->hypervisor, vm->settings->vm);
}

static int differs(const struct vm_context *vm, struct err *err)
{
	const char *name = vm->settings->vm;
	g_autofree char *path = adopt_file_path(name);

	return vm->adopt->continued
		       ? err_set(err, -EPERM,
				 "undo this with 'lunmask adopt %s --abort', and begin anew: "
				 "libvirt "
				 "has another definition than the one in %s, with which it was "
				 "begun",
				 name, path)
		       : err_set(err, -EPERM,
				 "move %s away first: it has the definition of an earlier VM '%s'",
				 path, name);
}

int adopt_source_get(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct vm_adopt *adopt = vm->adopt;
	g_autofree char *kept = NULL;
	char *xml = NULL;
	int rc = look(vm, deadline, &adopt->flags, &xml, err);

	rc = rc != 0 ? rc : kept_load(vm, &kept, err);
	if (rc == 0 && xml == NULL) {
		adopt->xml = adopt->continued ? g_steal_pointer(&kept) : NULL;
		rc = adopt->xml == NULL ? missing(vm, err) : 0;
	} else if (rc == 0 && kept != NULL && strcmp(kept, xml) != 0) {
		rc = differs(vm, err);
	} else if (rc == 0) {
		adopt->xml = g_strdup(xml);
	}
	free(xml);
	return rc;
}

/* UEFI */

static int file_bytes(const char *file, uint64_t *ret, struct err *err)
{
	struct stat status;

	if (stat(file, &status) < 0) {
		return err_set(err, -errno, "UEFI variables '%.150s': %s", file, strerror(errno));
	}
	*ret = (uint64_t)status.st_size;
	return *ret > 0 && *ret <= FIRMWARE_VARIABLES_MAX_BYTES && *ret % 512 == 0
		       ? 0
		       : err_set(err, -EINVAL, "'%.150s' has %" PRIu64 " bytes: it is no flash",
				 file, *ret);
}

int adopt_source_flash_bytes(xmlNodePtr domain, uint64_t *ret, struct err *err)
{
	struct firmware_wish wish = {.executable = NULL};
	g_autofree char *file = NULL;
	int rc = 0;

	firmware_wish_get(domain, &wish);
	if (wish.template != NULL) {
		file = g_strdup(wish.template);
	} else if (wish.executable != NULL) {
		rc = firmware_template_find(firmware_folders, wish.executable,
					    (const char *const *)wish.features, &file, err);
	} else {
		rc = err_set(err, -EINVAL,
			     "start the guest once and shut it down, or name its firmware in "
			     "<loader>: libvirt has not chosen one yet");
	}
	firmware_wish_release(&wish);
	return rc != 0 ? rc : file_bytes(file, ret, err);
}

/* Step "keep" */

int adopt_keep_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	g_autofree char *kept = NULL;
	int rc = kept_load(vm, &kept, err);

	(void)deadline;
	if (rc != 0 || kept == NULL) {
		return rc != 0 ? rc : TASK_NOT_DONE;
	}
	return strcmp(kept, vm->adopt->xml) == 0 ? TASK_DONE : differs(vm, err);
}

int adopt_keep_run(void *context, struct deadline deadline, struct err *err)
{
	const struct vm_context *vm = context;

	(void)deadline;
	return adopt_file_store(vm->settings->vm, vm->adopt->xml, err);
}

/* Only when libvirt has it again. */
int adopt_keep_undo(void *context, struct deadline deadline, struct err *err)
{
	const struct vm_context *vm = context;

	(void)deadline;
	return vm->owes ? 0 : adopt_file_remove(vm->settings->vm, err);
}

/* Step "undefine" */

static int started(const struct vm_context *vm, struct err *err)
{
	return err_set(err, -EBUSY, "VM '%s' was started: shut it down (virsh shutdown %s)",
		       vm->settings->vm, vm->settings->vm);
}

int adopt_undefine_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	unsigned int flags;
	char *xml;
	int rc = look(vm, deadline, &flags, &xml, err);

	if (rc == 0 && (flags & PERSISTENT_ACTIVE) != 0) {
		rc = started(vm, err);
	} else if (rc == 0 && xml != NULL && strcmp(xml, vm->adopt->xml) != 0) {
		rc = differs(vm, err);
	} else if (rc == 0) {
		rc = xml == NULL ? TASK_DONE : TASK_NOT_DONE;
	}
	free(xml);
	return rc;
}

/* libvirt unlinks the file, and does not wait until that is on the disk. */
static void removal_flush(void)
{
	AUTO_FD fd = open(LIBVIRT_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		(void)fsync(fd);
	}
}

static int give_back(struct vm_context *vm, const char *kept, struct deadline deadline,
		     struct err *err)
{
	struct hypervisor *hypervisor;
	unsigned int flags;
	char *xml;
	int rc = look(vm, deadline, &flags, &xml, err);
	bool there = xml != NULL;

	free(xml);
	rc = rc != 0 || there ? rc : vm_hypervisor(vm, deadline, &hypervisor, err);
	if (rc == 0 && !there) {
		rc = persistent_domain_give(hypervisor, kept, deadline, err);
	}
	vm->owes = vm->owes && rc != 0;
	return rc;
}

static int take(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct hypervisor *hypervisor;
	unsigned int flags;
	char *xml;
	int rc = look(vm, deadline, &flags, &xml, err);

	free(xml);
	rc = rc != 0 ? rc : vm_hypervisor(vm, deadline, &hypervisor, err);
	rc = rc != 0 ? rc
		     : persistent_domain_take(hypervisor, vm->settings->vm, flags, deadline, err);
	removal_flush();
	return rc;
}

/* The probe then sees a domain that was started in between: it goes on as a transient one. */
int adopt_undefine_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;

	vm->owes = true;
	return take(vm, deadline, err);
}

int adopt_undefine_undo(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;

	return give_back(vm, vm->adopt->xml, deadline, err);
}

/* Undoing */

int adopt_give_back_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	unsigned int flags = 0;
	char *xml = NULL;
	int rc = vm->adopt->elsewhere ? 0 : look(vm, deadline, &flags, &xml, err);
	bool done = vm->adopt->elsewhere || xml != NULL;

	free(xml);
	if (rc != 0) {
		return rc;
	}
	vm->owes = !done;
	return done ? TASK_DONE : TASK_NOT_DONE;
}

int adopt_give_back_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	const char *name = vm->settings->vm;
	g_autofree char *path = adopt_file_path(name);
	g_autofree char *kept = NULL;
	int rc = kept_load(vm, &kept, err);

	if (rc == 0 && kept == NULL) {
		return err_set(err, -ENOENT,
			       "define VM '%s' from another copy (virsh define), and give this "
			       "command again: libvirt does not have it, and %s is gone",
			       name, path);
	}
	rc = rc != 0 ? rc : give_back(vm, kept, deadline, err);
	return rc != 0 ? err_prefix(err, rc, "the definition is kept in %s", path) : 0;
}

int adopt_forget_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	g_autofree char *path = adopt_file_path(vm->settings->vm);

	(void)deadline;
	(void)err;
	return vm->adopt->elsewhere || access(path, F_OK) != 0 ? TASK_DONE : TASK_NOT_DONE;
}

/* What libvirt has may be another one by now, which is the administrator's. */
int adopt_forget_run(void *context, struct deadline deadline, struct err *err)
{
	const struct vm_context *vm = context;

	(void)deadline;
	return adopt_file_remove(vm->settings->vm, err);
}
