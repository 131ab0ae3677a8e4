/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_MAPPING_POLICY_H
#define LUNMASK_MAPPING_POLICY_H

#include <stdbool.h>

#include <libxml/tree.h>

#include "base/err.h"

/*
 * Decides which domains can run on any host that sees their LUNs.
 *
 * It is applied when a mapping file is built and again when one is read: a state LUN is untrusted
 * input, and a definition decides what runs on the host. Refusals are -EINVAL; the text names the
 * element, its value and what to do. The functions only borrow the XML tree.
 */

/* Checks the domain and every device except its disks. */
int mapping_policy_check(xmlNodePtr domain, struct err *err);

/*
 * Checks one <disk>. *ret_target is its target if it must be a drive. It is NULL for a CD-ROM or
 * floppy drive without a medium, which stays as it is.
 */
int mapping_policy_check_disk(xmlNodePtr disk, const char **ret_target, struct err *err);

/*
 * Legal: letters, digits and '.', '_', '-', '+', the first a letter or digit; at most VM_NAME_MAX.
 */
bool mapping_vm_name_valid(const char *name);

/*
 * Returns the domain's name and UUID, borrowed from the tree. -EINVAL if one is missing or illegal.
 */
int mapping_policy_identity(xmlNodePtr domain, const char **ret_name, const char **ret_uuid,
			    struct err *err);

#endif
