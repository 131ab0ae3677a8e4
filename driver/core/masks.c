/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/core/masks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* There is room up to the next power of two: one more at a time would copy large arrays for ever.
 */
static bool room_make(struct masks *masks)
{
	size_t count = masks->count;
	struct mask *grown;

	if (count != 0 && (count & (count - 1)) != 0) {
		return true;
	}
	grown = reallocarray(masks->masks, count == 0 ? 1 : 2 * count, sizeof(*grown));
	if (grown != NULL) {
		masks->masks = grown;
	}
	return grown != NULL;
}

struct mask *masks_add(struct masks *masks, const char *lun)
{
	struct mask *mask;

	if (masks->count >= MASKS_MAX || !room_make(masks)) {
		return NULL;
	}
	mask = &masks->masks[masks->count++];
	*mask = (struct mask){0};
	(void)snprintf(mask->lun, sizeof(mask->lun), "%s", lun);
	return mask;
}

int mask_add_initiator(struct mask *mask, const char *initiator)
{
	void *grown;

	if (mask->n_initiators >= MASK_HOLDERS_MAX || strlen(initiator) > ISCSI_NAME_MAX) {
		return -E2BIG;
	}
	grown = reallocarray(mask->initiators, mask->n_initiators + 1, sizeof(*mask->initiators));
	if (grown == NULL) {
		return -ENOMEM;
	}
	mask->initiators = grown;
	(void)strcpy(mask->initiators[mask->n_initiators++], initiator);
	return 0;
}

int mask_add_nexus(struct mask *mask, const char *initiator, const char *address)
{
	struct nexus *grown;
	struct nexus *nexus;

	if (mask->n_nexuses >= MASK_HOLDERS_MAX || strlen(initiator) > ISCSI_NAME_MAX) {
		return -E2BIG;
	}
	grown = reallocarray(mask->nexuses, mask->n_nexuses + 1, sizeof(*grown));
	if (grown == NULL) {
		return -ENOMEM;
	}
	mask->nexuses = grown;
	nexus = &grown[mask->n_nexuses++];
	(void)strcpy(nexus->initiator, initiator);
	(void)snprintf(nexus->address, sizeof(nexus->address), "%s", address);
	return 0;
}

bool mask_holds(const struct mask *mask, const char *initiator)
{
	for (size_t i = 0; i < mask->n_initiators; i++) {
		if (strcmp(mask->initiators[i], initiator) == 0) {
			return true;
		}
	}
	return false;
}

bool mask_has_nexus(const struct mask *mask, const char *initiator)
{
	for (size_t i = 0; i < mask->n_nexuses; i++) {
		if (strcmp(mask->nexuses[i].initiator, initiator) == 0) {
			return true;
		}
	}
	return false;
}

bool masks_have_path(const struct masks *masks, const char *initiator)
{
	for (size_t i = 0; i < masks->count; i++) {
		if (mask_holds(&masks->masks[i], initiator) ||
		    mask_has_nexus(&masks->masks[i], initiator)) {
			return true;
		}
	}
	return false;
}

void mask_release(struct mask *mask)
{
	free(mask->initiators);
	free(mask->nexuses);
	*mask = (struct mask){0};
}

void masks_release(struct masks *masks)
{
	for (size_t i = 0; i < masks->count; i++) {
		mask_release(&masks->masks[i]);
	}
	free(masks->masks);
	*masks = (struct masks){0};
}
