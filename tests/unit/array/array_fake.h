/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TEST_ARRAY_FAKE_H
#define LUNMASK_TEST_ARRAY_FAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "array/array.h"

/*
 * For tests that have their own array_masks(): in place of lib/array, this has
 * array_masks_release() and array_mask_holds(), and an array_luns() that nobody asks.
 */

/*
 * The mask of one LUN, of all hosts that there are: the initiators that are granted, and those that
 * have a nexus. Released by array_masks_release().
 */
void array_fake_mask(struct array_mask *ret, const char *lun, const char *const *initiators,
		     const bool *granted, const bool *nexus, size_t n);

#endif
