/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/parameter_check.h"

#include <glib.h>
#include <string.h>

#include "config/config.h"
#include "names/lun.h"
#include "names/name.h"

#define PATHS_ALL "all"
#define PATHS_ALL_COUNT 0 /* the value that means all portals in action/vm.h */

const char *const parameter_takeover_policies[TAKEOVER_LOST + 2] = {
	[TAKEOVER_FENCED] = "fenced", [TAKEOVER_LOST] = "lost", NULL};

int parameter_check_vm(const char *value, struct err *err)
{
	if (!vm_name_valid(value)) {
		return err_set(err, -EINVAL, "'%.200s' is not a VM's name: 1 to %d " VM_NAME_LEGAL,
			       value, VM_NAME_MAX);
	}
	return 0;
}

int parameter_check_array(const char *value, struct err *err)
{
	if (!lun_name_valid(value)) {
		return err_set(err, -EINVAL,
			       "'%.200s' is not an array's name: at most %d letters, digits, '.', "
			       "'_', '-', as in the [array NAME] sections of " CONFIG_FILE,
			       value, LUN_NAME_MAX);
	}
	return 0;
}

int parameter_check_hypervisor(const char *value, struct err *err)
{
	if (strstr(value, "://") == NULL || strpbrk(value, " \"'<>") != NULL) {
		return err_set(err, -EINVAL,
			       "'%.200s' is not a libvirt connection URI, such as qemu:///system",
			       value);
	}
	return 0;
}

int parameter_paths_parse(const char *value, size_t *ret, struct err *err)
{
	guint64 number = PATHS_ALL_COUNT;

	if (strcmp(value, PATHS_ALL) != 0 &&
	    !g_ascii_string_to_unsigned(value, 10, 1, CONFIG_PORTALS_MAX, &number, NULL)) {
		return err_set(err, -EINVAL,
			       "'%.200s' is neither a whole number from 1 to %d nor \"" PATHS_ALL
			       "\"",
			       value, CONFIG_PORTALS_MAX);
	}
	*ret = number;
	return 0;
}

int parameter_check_paths(const char *value, struct err *err)
{
	size_t ignored;

	return parameter_paths_parse(value, &ignored, err);
}
