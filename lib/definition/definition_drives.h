/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DEFINITION_DRIVES_H
#define LUNMASK_DEFINITION_DRIVES_H

#include <stddef.h>

#include "base/err.h"
#include "names/lun.h"

/*
 * The definition with exactly the disks that the drives name: a disk that no drive names is left
 * out, and a drive without one gets a plain <disk>, on the bus of the other disks whose names begin
 * alike (vda and vdb), else on the one that libvirt chooses for the name. Empty CD-ROM and floppy
 * drives stay.
 *
 * *ret_told, for people: "vdc is added, vdb is left out". The caller frees both with g_free().
 */
int definition_drives(const char *definition, const struct drive *drives, size_t n_drives,
		      char **ret, char **ret_told, struct err *err);

#endif
