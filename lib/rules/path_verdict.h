/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PATH_VERDICT_H
#define LUNMASK_PATH_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "journal/journal_path.h"

/*
 * Does lunmaskd's table of paths say that the host reaches the array through each of these portals?
 * False: through one it does not, or that one was not measured, or the table does not have it.
 */
bool path_verdict_good(const struct journal_path *paths, size_t n, const char *node,
		       const char *array, const char *const *portals, size_t n_portals);

#endif
