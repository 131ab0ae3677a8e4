/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "names/path.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

static const char *const names[] = {
	[PATH_UNKNOWN] = "unknown",
	[PATH_UP] = "up",
	[PATH_DOWN] = "down",
	[PATH_REFUSED] = "refused",
};

static_assert(G_N_ELEMENTS(names) == PATH_STATE_MAX, "a state without a name");

const char *path_state_to_str(enum path_state state)
{
	return (unsigned int)state < PATH_STATE_MAX ? names[state] : "unknown";
}

int path_state_from_str(const char *text, enum path_state *ret)
{
	for (size_t i = 0; i < PATH_STATE_MAX; i++) {
		if (strcmp(names[i], text) == 0) {
			*ret = (enum path_state)i;
			return 0;
		}
	}
	return -EINVAL;
}
