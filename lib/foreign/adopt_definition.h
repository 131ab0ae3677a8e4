/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ADOPT_DEFINITION_H
#define LUNMASK_ADOPT_DEFINITION_H

#include <stdbool.h>
#include <stddef.h>

#include <libxml/tree.h>

#include "names/lun.h"
#include "names/portal.h"

/*
 * A definition as libvirt keeps it for a VM that lunmask did not make: where the content of each
 * drive is, and the same definition as one that can be on a state LUN. No I/O.
 *
 *	n = adopt_drives_read(domain, drives);
 *	adopt_definition_convert(domain, drives, n, chap);
 *	adopt_drives_release(drives, n);
 */
enum adopt_content {
	ADOPT_NOTHING, /* a drive without a medium */
	ADOPT_MEDIUM,  /* a drive with one */
	ADOPT_FILE,    /* copied to a new LUN */
	ADOPT_LUN,     /* taken as it is, if the array has it */
	ADOPT_FLASH,   /* UEFI variables of a guest that never ran: libvirt names no file */
	ADOPT_TPM,     /* the state of an emulated TPM, in libvirt's folder */
	ADOPT_REFUSED,
};

struct adopt_drive {
	char target[DRIVE_TARGET_MAX + 1]; /* or DRIVE_FLASH, DRIVE_TPM */
	enum adopt_content content;
	char *file;                     /* FILE: absolute path; MEDIUM: its name, if it has one */
	char *format;                   /* FILE: as qemu-img calls it */
	char iscsi[ISCSI_NAME_MAX + 1]; /* LUN: the target */
	unsigned int number;            /* LUN */
	char portal[ISCSI_PORTAL_MAX + 1]; /* LUN */
	char *why;                         /* REFUSED: with what to do */
};

/* At most VM_LUNS_MAX - 1 drives; mapping_build() then refuses the other disks. */
size_t adopt_drives_read(xmlNodePtr domain, struct adopt_drive ret[VM_LUNS_MAX]);
void adopt_drives_release(struct adopt_drive *drives, size_t n);

/*
 * Removes what is only true of files: formats, chains of backing images and their caches; media;
 * and, if the array has a CHAP secret of its own (chap), that of its drives. Whatever else cannot
 * be on a state LUN stays, and is refused (mapping_policy.h).
 */
void adopt_definition_convert(xmlNodePtr domain, const struct adopt_drive *drives, size_t n,
			      bool chap);

#endif
