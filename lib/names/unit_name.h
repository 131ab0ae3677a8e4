/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_UNIT_NAME_H
#define LUNMASK_UNIT_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "names/name_limits.h"

/*
 * How a LUN that is a resource of its own (ocf:lunmask:LogicalUnit) is called in the journal and in
 * a domain. Both names follow from the array and the LUN, so that nobody has to remember them.
 */

/*
 * "san1+db-data": its tasks, grants and releases in the journal, and its file of what is granted
 * here, have it in the place of a VM's name. No array and no LUN has a '+' in its name.
 */
#define UNIT_KEY_SEPARATOR '+'
void unit_key(const char *array, const char *lun, char ret[VM_NAME_MAX + 1]);

/*
 * Can the name be such a key? A VM may have a name of this form, too: what follows from a yes must
 * be right for a VM as well.
 */
bool unit_key_is(const char *name);

/*
 * "ua-lunmask-unit-san1__db-data": the alias of the disk in a running domain. libvirt keeps it
 * while the disk is there, and carries it along where the domain goes. Other characters than
 * letters, digits and '-' are two hexadecimal digits after a '_'.
 */
#define UNIT_ALIAS_PREFIX "ua-lunmask-unit-"
#define UNIT_ALIAS_MAX (sizeof(UNIT_ALIAS_PREFIX) - 1 + 3 * LUN_NAME_MAX + 2 + 3 * LUN_NAME_MAX)
void unit_alias(const char *array, const char *lun, char ret[UNIT_ALIAS_MAX + 1]);

/* False: it is no such alias. alias may be NULL. */
bool unit_alias_parse(const char *alias, char ret_array[LUN_NAME_MAX + 1],
		      char ret_lun[LUN_NAME_MAX + 1]);

#endif
