/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_MAPPING_POLICY_H
#define LUNMASK_MAPPING_POLICY_H

#include <stdbool.h>

#include <libxml/tree.h>

#include "base/err.h"

/*
 * Which domains can live on any host that sees their LUNs.
 *
 * Asked when a mapping file is made and again when it is read: a state LUN is input from outside,
 * and a definition decides what runs on the host. Refusals are -EINVAL; the text names element,
 * value and what to do.
 */

/* The domain and every device but its disks. */
int mapping_policy_check(xmlNodePtr domain, struct err *err);

/*
 * One <disk>. *ret_target is its target when it must be a drive, and NULL for a CD-ROM or floppy
 * drive without medium, which stays as it is.
 */
int mapping_policy_check_disk(xmlNodePtr disk, const char **ret_target, struct err *err);

/* Letters, digits, '.', '_', '-', '+'; starts with a letter or digit; at most VM_NAME_MAX. */
bool mapping_vm_name_valid(const char *name);

/* The domain's name and UUID, borrowed. */
int mapping_policy_identity(xmlNodePtr domain, const char **ret_name, const char **ret_uuid,
			    struct err *err);

#endif
