/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DEFINITION_PART_H
#define LUNMASK_DEFINITION_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "names/lun.h"

/*
 * Parts of a definition as XML of their own, for libvirt's calls that take such. The caller frees
 * *ret with g_free().
 */

/* The <disk> with the target. -ENOENT: there is none. */
int definition_disk(const char *definition, const char *target, char **ret, struct err *err);

/* The <interface> with the MAC. -ENOENT. */
int definition_nic(const char *definition, const char *mac, char **ret, struct err *err);

/* False also if it is no definition. */
bool definition_has_disk(const char *definition, const char *target);

/* The name of its iSCSI source, "TARGET/NUMBER". NULL: another source, or none. g_free(). */
char *definition_disk_source(const char *definition, const char *target);

/*
 * Our <mapping> without its namespace, which virDomainSetMetadata() adds, and with another
 * revision. -ENOENT: there is none.
 */
int definition_mapping(const char *definition, uint64_t revision, char **ret, struct err *err);

/* Does our <mapping> name the drive with its LUN? Exactly these drives, each with its LUN? */
bool definition_maps_drive(const char *definition, const struct drive *drive);
bool definition_maps(const char *definition, const struct drive *drives, size_t n_drives);

/* The revision that our <mapping> names, or 1. 0: not a number, or no definition. */
uint64_t definition_revision(const char *definition);

#endif
