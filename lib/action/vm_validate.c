/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "action/vm.h"

#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "vm/vm_context.h"

/* Checks for the programs that save and restore a guest's memory. */
static int programs_check(struct err *err)
{
	g_autofree char *daemon = g_find_program_in_path("qemu-storage-daemon");

	if (daemon == NULL) {
		return err_set(err, -ENOENT,
			       "install qemu-storage-daemon (Debian 12: qemu-system-common, later: "
			       "qemu-utils; Fedora: qemu-img)");
	}
	return 0;
}

static int driver_check(const struct vm_context *vm, struct err *err)
{
	g_autofree char *driver = NULL;

	if (strcmp(vm->array.runner.transport, "exec") != 0) {
		return 0;
	}
	driver = g_find_program_in_path(vm->array.driver);
	if (driver == NULL) {
		return err_set(err, -ENOENT, "array %s: driver %s is not installed", vm->array.name,
			       vm->array.driver);
	}
	return 0;
}

static int config_xml_check(const struct vm_settings *settings, struct err *err)
{
	if (settings->config == NULL || settings->config[0] == '\0') {
		return 0;
	}
	if (access(settings->config, R_OK) != 0) {
		return err_set(err, -errno, "config: %s: %s", settings->config, strerror(errno));
	}
	return 0;
}

int vm_validate(const struct vm_settings *settings, int check_level, struct deadline deadline,
		struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	struct vm_context scratch = {.settings = settings};
	struct hypervisor *hypervisor;
	int rc = vm_settings_parse(settings, &scratch, err);

	if (rc != 0 || check_level < 10) {
		return rc;
	}
	rc = vm_context_open(settings, NULL, deadline, &vm, err);
	if (rc == 0) {
		rc = config_xml_check(settings, err);
	}
	if (rc == 0) {
		rc = programs_check(err);
	}
	if (rc == 0) {
		rc = driver_check(vm, err);
	}
	if (rc == 0) {
		rc = vm_hypervisor(vm, deadline, &hypervisor, err);
	}
	return rc;
}
