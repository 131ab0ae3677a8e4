/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <string.h>

#include "unit/unit_disk.h"
#include "unit/unit_map.h"
#include "unit/unit_plug.h"

/* Needs nothing but the parameters. */
static int settings_check(const struct unit_settings *settings, struct err *err)
{
	if (settings->array == NULL || settings->lun == NULL || settings->drive == NULL) {
		return err_set(err, -EINVAL, "array, lun and drive must all be set");
	}
	if ((settings->vm == NULL) == (settings->vm_map == NULL)) {
		return err_set(err, -EINVAL,
			       "set either vm (one VM, which it follows) or vm_map (a VM for each "
			       "node), and not %s",
			       settings->vm == NULL ? "none" : "both");
	}
	return settings->vm_map == NULL ? 0 : unit_map_check(settings->vm_map, err);
}

int unit_validate(const struct unit_settings *settings, int check_level, struct deadline deadline,
		  struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	struct hypervisor *hypervisor;
	struct unit unit;
	int rc = settings_check(settings, err);

	rc = rc != 0 ? rc : unit_disk_drive_check(settings->drive, err);
	if (rc != 0 || check_level < 10) {
		return rc;
	}
	unit_init(&unit, settings);
	rc = unit_open(&unit, NULL, deadline, &vm, err);
	rc = rc != 0 ? rc : unit_login_check(vm, err);
	return rc != 0 ? rc : vm_hypervisor(vm, deadline, &hypervisor, err);
}

/* A libvirt that does not answer is no reason to take the drive away: the monitor tells it. */
int unit_reload(const struct unit_settings *settings, struct deadline deadline, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	struct unit unit;
	int rc;

	unit_init(&unit, settings);
	rc = unit_open(&unit, NULL, deadline, &vm, err);
	if (rc != 0 || unit_plug_look(vm, deadline, NULL) != 0 || unit.plug.vm[0] == '\0' ||
	    strcmp(unit.plug.vm, unit.vm) == 0) {
		return rc;
	}
	return err_set(err, -EPERM,
		       "VM '%s' has LUN %s, and VM '%s' is named for this node now: the resource "
		       "has to be restarted",
		       unit.plug.vm, settings->lun, unit.vm);
}
