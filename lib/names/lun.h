/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_LUN_H
#define LUNMASK_LUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "names/name_limits.h"

/*
 * What the other modules mean by a LUN, an extent of it, and a host's name on the SAN.
 *
 * A LUN has a name on its array and a designator that it carries itself (SPC-4 7.8.6, VPD page
 * 0x83). The designator is the identity; the number under which a host sees it is only an address.
 *
 * Designators are written as text: "naa." or "eui." and lower-case hexadecimal digits, or "t10."
 * and the T10 vendor identification with trailing blanks removed and inner blanks kept.
 */
#define LUN_DESIGNATORS_MAX 8 /* that one LUN may carry and we keep */
#define VM_LUNS_MAX 65        /* 64 drives and the state LUN */

/* A LUN as the array describes it, with the address under which one host sees it. */
struct lun {
	char name[LUN_NAME_MAX + 1];
	char designator[LUN_DESIGNATOR_MAX + 1];
	uint64_t size_bytes;
	char target[ISCSI_NAME_MAX + 1];
	unsigned int number;
};

/* A part of a LUN: all of it from offset_bytes on when length_bytes is 0. Multiples of 512. */
struct extent {
	char lun[LUN_NAME_MAX + 1];
	uint64_t offset_bytes;
	uint64_t length_bytes;
};

/* One drive of a VM and the extent it lives on: "vda=web1-root", "vdb=web1-all:1GiB+10GiB". */
#define DRIVE_TARGET_MAX 15
struct drive {
	char target[DRIVE_TARGET_MAX + 1]; /* the guest's device name in the domain XML: vda, sdb */
	struct extent extent;
};

bool lun_name_valid(const char *name);
bool iscsi_name_valid(const char *name);

/* A disk target that libvirt knows and that fits: vda, sdb, hdc, xvdaa. */
bool drive_target_valid(const char *target);

/* "NAME" or "NAME:OFFSET+LENGTH"; sizes in bytes or with KiB, MiB, GiB, TiB. -EINVAL with text. */
int extent_from_str(const char *text, struct extent *ret, struct err *err);

/* Do they share a byte? A length of 0 reaches to the end of the LUN. */
bool extent_overlaps(const struct extent *a, const struct extent *b);

/*
 * A blank-separated list of DRIVE=EXTENT. Refuses a drive named twice, extents that overlap on
 * one LUN, more than max drives, and an empty list. -EINVAL with text.
 */
int drives_from_str(const char *text, struct drive *ret_drives, size_t max, size_t *ret_count,
		    struct err *err);

#endif
