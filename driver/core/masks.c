/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/core/masks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mask *masks_add(struct masks *masks, const char *lun)
{
	struct mask *grown;
	struct mask *mask;

	if (masks->count >= MASKS_MAX) {
		return NULL;
	}
	grown = reallocarray(masks->masks, masks->count + 1, sizeof(*grown));
	if (grown == NULL) {
		return NULL;
	}
	masks->masks = grown;
	mask = &grown[masks->count++];
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

void masks_release(struct masks *masks)
{
	for (size_t i = 0; i < masks->count; i++) {
		free(masks->masks[i].initiators);
		free(masks->masks[i].nexuses);
	}
	free(masks->masks);
	*masks = (struct masks){0};
}
