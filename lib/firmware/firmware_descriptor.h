/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_FIRMWARE_DESCRIPTOR_H
#define LUNMASK_FIRMWARE_DESCRIPTOR_H

#include "base/err.h"

/*
 * QEMU's firmware descriptors (docs/interop/firmware.json of QEMU): files in which a distribution
 * says which UEFI firmware it has, and which file has the variables that a new guest begins with.
 */

/* The folders of descriptors; a file in an earlier one takes the place of those of its name. */
extern const char *const firmware_folders[]; /* ends with NULL */

/*
 * The file of variables that belongs to the firmware in the file executable. If several descriptors
 * have it, the first one, by their names, that has each of the features, such as "enrolled-keys".
 * The caller frees *ret with g_free(). -ENOENT: no descriptor has it. -EINVAL: its variables are
 * not raw.
 */
int firmware_template_find(const char *const *folders, const char *executable,
			   const char *const *features, char **ret, struct err *err);

#endif
