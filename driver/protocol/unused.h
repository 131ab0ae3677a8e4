/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_UNUSED_H
#define LUNMASK_ARRAY_UNUSED_H

#include "driver/core/driver.h"

/* "in-use" names an initiator that has a grant of one of the LUNs, or a nexus to it. */
int unused_check(const struct driver *driver, void *backend, const char *const *luns, size_t n_luns,
		 struct deadline deadline, struct fault *fault);

#endif
