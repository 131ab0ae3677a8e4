/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/array/array_fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void array_fake_mask(struct array_mask *ret, const char *lun, const char *const *initiators,
		     const bool *granted, const bool *nexus, size_t n)
{
	*ret = (struct array_mask){.initiators = calloc(n, sizeof(*ret->initiators)),
				   .nexuses = calloc(n, sizeof(*ret->nexuses))};
	strcpy(ret->lun, lun);
	for (size_t i = 0; i < n; i++) {
		if (granted[i]) {
			strcpy(ret->initiators[ret->n_initiators++], initiators[i]);
		}
		if (nexus[i]) {
			strcpy(ret->nexuses[ret->n_nexuses++], initiators[i]);
		}
	}
}

void array_masks_release(struct array_masks *masks)
{
	for (size_t i = 0; i < masks->count; i++) {
		free(masks->masks[i].initiators);
		free(masks->masks[i].nexuses);
	}
	free(masks->masks);
}

bool array_mask_holds(const struct array_mask *mask, const char *initiator)
{
	for (size_t i = 0; i < mask->n_initiators; i++) {
		if (strcmp(mask->initiators[i], initiator) == 0) {
			return true;
		}
	}
	return false;
}

int array_luns(const struct array *array, const char *const *names, size_t count,
	       const char *initiator, struct deadline deadline, struct lun *ret_luns,
	       struct err *err)
{
	(void)array, (void)names, (void)count, (void)initiator, (void)deadline, (void)ret_luns;
	return err_set(err, -ENOSYS, "not asked for here");
}
