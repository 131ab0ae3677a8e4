/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_MASKS_H
#define LUNMASK_ARRAY_MASKS_H

#include <stdbool.h>
#include <stddef.h>

#include "names/name_limits.h"

/*
 * Who may see which LUN, and who has a session open to it: one reading of the array.
 *
 *	struct masks masks = {0};
 *	struct mask *mask = masks_add(&masks, "web1-root");
 *	mask_add_initiator(mask, "iqn...");
 *	masks_release(&masks);
 *
 * A holder is an initiator's name; a rule of the array that lets in more than one initiator (tgt's
 * "ALL", an address) is kept as its text, and is a holder nobody may ask for.
 */
#define MASKS_MAX 4096
#define MASK_HOLDERS_MAX 1024
#define NEXUS_ADDRESS_MAX 127

struct nexus {
	char initiator[ISCSI_NAME_MAX + 1];
	char address[NEXUS_ADDRESS_MAX + 1];
};

struct mask {
	char lun[LUN_NAME_MAX + 1];
	char (*initiators)[ISCSI_NAME_MAX + 1];
	size_t n_initiators;
	struct nexus *nexuses;
	size_t n_nexuses;
};

struct masks {
	struct mask *masks;
	size_t count;
};

/* NULL when there are too many or no memory. Valid until the next masks_add(). */
struct mask *masks_add(struct masks *masks, const char *lun);
int mask_add_initiator(struct mask *mask, const char *initiator);
int mask_add_nexus(struct mask *mask, const char *initiator, const char *address);

bool mask_holds(const struct mask *mask, const char *initiator);
bool mask_has_nexus(const struct mask *mask, const char *initiator);

void masks_release(struct masks *masks);

#endif
