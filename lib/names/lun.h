/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_LUN_H
#define LUNMASK_LUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "names/name_limits.h"

/*
 * Defines a LUN, an extent of a LUN and a drive of a VM, and checks and parses their names.
 *
 * A LUN has a name on its array, and it reports a designator about itself (SPC-4 7.8.6, VPD page
 * 0x83). The designator is the identity of the LUN. The LUN number under which a host sees it is
 * only an address.
 *
 * The text form of a designator is "naa." or "eui." and lower-case hexadecimal digits, or "t10."
 * and the T10 vendor identification, without trailing blanks but with inner blanks.
 */
#define LUN_DESIGNATORS_MAX 8 /* designators that are kept for one LUN */
#define VM_LUNS_MAX 65        /* 64 drives and the state LUN */

/* A LUN as the array describes it, with its address (target and number) for one host. */
struct lun {
	char name[LUN_NAME_MAX + 1];
	char designator[LUN_DESIGNATOR_MAX + 1];
	uint64_t size_bytes;
	char target[ISCSI_NAME_MAX + 1];
	unsigned int number;
};

/* A part of a LUN, in multiples of 512 bytes. length_bytes 0: up to the end of the LUN. */
struct extent {
	char lun[LUN_NAME_MAX + 1];
	uint64_t offset_bytes;
	uint64_t length_bytes;
};

/*
 * One drive of a VM and its extent: "vda=web1-root", "vdb=web1-all:1GiB+10GiB". "sda=iso-debian:ro"
 * is a medium: a LUN that is read-only on the array, and that any number of VMs and hosts may have.
 */
#define DRIVE_TARGET_MAX 15
/* The drive that is no disk: the flash chip with the variables of UEFI, "nvram=web1-nvram". */
#define DRIVE_FLASH "nvram"
/* The other drive that is no disk: the state of the TPM, "tpm=web1-tpm". */
#define DRIVE_TPM "tpm"
struct drive {
	/* The guest's device name in the domain XML: vda, sdb; or DRIVE_FLASH, DRIVE_TPM. */
	char target[DRIVE_TARGET_MAX + 1];
	struct extent extent;
	bool read_only;
};

/* NULL: none of the LUNs has the name. */
const struct lun *luns_find(const struct lun *luns, size_t count, const char *name);

/* LUN_NAME_MAX lists the legal characters. NULL is not valid. */
bool lun_name_valid(const char *name);
/* An iqn., eui. or naa. name (RFC 7143 4.2.7). NULL is not valid. */
bool iscsi_name_valid(const char *name);

/* A disk target of libvirt, of at most DRIVE_TARGET_MAX characters: vda, sdb, hdc, xvdaa, fda. */
bool drive_target_valid(const char *target);

/* True if the target is that of no disk: the LUN is whole, the guest writes to it, and it stays. */
bool drive_is_no_disk(const char *target);

/* "NAME" or "NAME:OFFSET+LENGTH", in bytes or whole KiB, MiB, GiB, TiB. 0 or -EINVAL, with text. */
int extent_from_str(const char *text, struct extent *ret, struct err *err);

/* True if the two extents are on the same LUN and share a byte. */
bool extent_overlaps(const struct extent *a, const struct extent *b);

/* The same in every respect? */
bool drive_equal(const struct drive *a, const struct drive *b);

/*
 * Parses a blank-separated list of DRIVE=EXTENT[:ro] into ret_drives, which has room for max
 * drives. Refuses a drive that is named twice, extents that overlap on one LUN, a LUN that is
 * read-only for one drive and not for another, more than max drives, and an empty list. 0, or
 * -EINVAL with text.
 */
int drives_from_str(const char *text, struct drive *ret_drives, size_t max, size_t *ret_count,
		    struct err *err);

#endif
