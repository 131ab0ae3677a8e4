/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_MASKS_H
#define LUNMASK_ARRAY_MASKS_H

#include <stdbool.h>
#include <stddef.h>

#include "names/name_limits.h"

/*
 * One reading of the array's masks: which initiators each LUN is granted to, and which have a
 * session open to it.
 *
 *	struct masks masks = {0};
 *	struct mask *mask = masks_add(&masks, "web1-root");
 *	mask_add_initiator(mask, "iqn...");
 *	masks_release(&masks);
 *
 * The caller owns struct masks; the functions copy their arguments. The mask_add functions return
 * 0, -E2BIG (too many, or too long) or -ENOMEM.
 *
 * A holder is an initiator name. A rule of the array that admits more than one initiator (tgt's
 * "ALL", an address) is kept as its text; such a holder can never be named in a request.
 */
#define MASKS_MAX (256 * 1024)
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

/* NULL: too many masks, or out of memory. The result is valid until the next masks_add(). */
struct mask *masks_add(struct masks *masks, const char *lun);
int mask_add_initiator(struct mask *mask, const char *initiator);
int mask_add_nexus(struct mask *mask, const char *initiator, const char *address);

bool mask_holds(const struct mask *mask, const char *initiator);
bool mask_has_nexus(const struct mask *mask, const char *initiator);

/* True if the initiator has a grant of a LUN, or a nexus. */
bool masks_have_path(const struct masks *masks, const char *initiator);

void mask_release(struct mask *mask);
void masks_release(struct masks *masks);

#endif
