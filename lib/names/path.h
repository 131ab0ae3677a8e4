/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PATH_H
#define LUNMASK_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "names/name_limits.h"
#include "names/portal.h"

/*
 * A path: one host's way to one portal of an array, without a LUN, as an iSCSI login to a discovery
 * session has found it.
 */
#define PATH_REASON_MAX 191
#define PATHS_MAX 2048 /* of one host: 64 arrays, 16 portals configured and 16 reported */

enum path_state {
	PATH_UNKNOWN = 0, /* it was not measured */
	PATH_UP,
	PATH_DOWN,    /* nobody answers, or the portal has an error */
	PATH_REFUSED, /* the array does not let this host in: its name or secret, or it has none */
	PATH_STATE_MAX
};

struct path {
	char array[LUN_NAME_MAX + 1];
	char portal[ISCSI_PORTAL_MAX + 1];
	/* lunmask.conf names the portal, so drives may use it; otherwise only the array names it */
	bool configured;
	enum path_state state;
	uint32_t latency_us; /* UP: from the connection to the end of the login */
	char reason[PATH_REASON_MAX + 1];
};

/* "up" and so on. */
const char *path_state_to_str(enum path_state state);
/* -EINVAL, and *ret is not changed. */
int path_state_from_str(const char *text, enum path_state *ret);

#endif
