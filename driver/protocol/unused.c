/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/protocol/unused.h"

static int mask_check(const struct mask *mask, struct fault *fault)
{
	const char *holder = mask->n_initiators > 0 ? mask->initiators[0]
			     : mask->n_nexuses > 0  ? mask->nexuses[0].initiator
						    : NULL;

	if (holder == NULL) {
		return 0;
	}
	fault_about(fault, mask->lun, holder);
	return fault_set(fault, ARRAY_ERROR_IN_USE,
			 "LUN '%s' is held by '%s': revoke it first; nothing was changed",
			 mask->lun, holder);
}

int unused_check(const struct driver *driver, void *backend, const char *const *luns, size_t n_luns,
		 struct deadline deadline, struct fault *fault)
{
	struct masks masks = {0};
	int rc = driver->masks.read(backend, luns, n_luns, deadline, &masks, fault);

	for (size_t i = 0; rc == 0 && i < masks.count; i++) {
		rc = mask_check(&masks.masks[i], fault);
	}
	masks_release(&masks);
	return rc;
}
