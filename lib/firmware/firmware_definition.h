/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_FIRMWARE_DEFINITION_H
#define LUNMASK_FIRMWARE_DEFINITION_H

#include <stdbool.h>

#include <libxml/tree.h>

#include "base/err.h"
#include "names/lun.h"

/*
 * What a domain definition says about UEFI firmware. The variables are on a LUN that the VM owns
 * and that luns names as DRIVE_FLASH. The functions borrow the tree.
 */

/* Does the guest's UEFI firmware keep variables? */
bool firmware_keeps_variables(xmlNodePtr domain);

/*
 * A definition that names its firmware does not ask for one to be chosen. Newer libvirt dump both,
 * which libvirt 9.0 refuses.
 */
void firmware_pin(xmlNodePtr domain);

/*
 * drive: the LUN of the variables, or NULL. It is needed for them, and for nothing else, and has
 * them raw.
 */
int firmware_check_variables(xmlNodePtr domain, const struct drive *drive, struct err *err);

/* The <nvram> of <os>, without what it had, ready for a <source>. NULL: out of memory. */
xmlNodePtr firmware_take_nvram(xmlNodePtr domain);

/* What is known of the firmware; NULL: nothing. */
struct firmware_wish {
	char *executable; /* <loader> */
	char *template;   /* of the variables */
	char **features;  /* that are wanted, such as "enrolled-keys"; NULL-terminated */
};

void firmware_wish_get(xmlNodePtr domain, struct firmware_wish *ret);
void firmware_wish_release(struct firmware_wish *wish);

#endif
