/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/path_verdict.h"

#include <string.h>

static bool is_up(const struct journal_path *paths, size_t n, const char *node, const char *array,
		  const char *portal)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(paths[i].node, node) == 0 && strcmp(paths[i].array, array) == 0 &&
		    strcmp(paths[i].portal, portal) == 0) {
			return journal_path_usable(&paths[i]);
		}
	}
	return false;
}

bool path_verdict_good(const struct journal_path *paths, size_t n, const char *node,
		       const char *array, const char *const *portals, size_t n_portals)
{
	for (size_t i = 0; i < n_portals; i++) {
		if (!is_up(paths, n, node, array, portals[i])) {
			return false;
		}
	}
	return n_portals > 0;
}
