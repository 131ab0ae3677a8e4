/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_FIRMWARE_VARIABLES_H
#define LUNMASK_FIRMWARE_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"
#include "state/state_lun.h"

/*
 * The variables of a UEFI firmware on a LUN of their own. QEMU makes the LUN the second flash chip
 * of the guest, as large as it is, so it has the size of the file that a new guest begins with.
 *
 *	rc = firmware_variables_look(&ops, device, &present, deadline, err);
 *	rc = firmware_variables_load(file, size_bytes, &data, err);
 *	rc = firmware_variables_fill(&ops, device, data, size_bytes, deadline, err);
 */
#define FIRMWARE_VARIABLES_MAX_BYTES (8u << 20) /* the flash of a PC */

/*
 * Does the LUN hold variables (a firmware volume of the UEFI specification)? false: only zeros at
 * its beginning. -EUCLEAN: it holds something else, which is not overwritten.
 */
int firmware_variables_look(const struct state_device_ops *ops, void *device, bool *ret_present,
			    struct deadline deadline, struct err *err);

/* Reads the file, which must have the size of the LUN. The caller frees *ret with g_free(). */
int firmware_variables_load(const char *file, uint64_t size_bytes, char **ret, struct err *err);

/*
 * Writes the LUN, its beginning last: what is cut off is not taken for variables. It looks first: 0
 * if there are variables, -EUCLEAN if it holds something else; nothing is written then.
 */
int firmware_variables_fill(const struct state_device_ops *ops, void *device, const char *data,
			    size_t bytes, struct deadline deadline, struct err *err);

#endif
