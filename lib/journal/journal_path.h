/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_JOURNAL_PATH_H
#define LUNMASK_JOURNAL_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "names/path.h"

/*
 * A path of a host, as lunmaskd tells it. Ages and not times, because the clocks of two hosts
 * differ.
 */
#define JOURNAL_PATH_NEVER UINT64_MAX

enum journal_path_origin {
	JOURNAL_PATH_CONFIGURED = 1, /* lunmask.conf names the portal: drives may use it */
	JOURNAL_PATH_REPORTED,       /* only the array names it */
	JOURNAL_PATH_ORIGIN_MAX
};

struct journal_path {
	char node[NODE_NAME_MAX + 1];
	char array[LUN_NAME_MAX + 1];
	char portal[ISCSI_PORTAL_MAX + 1];
	enum journal_path_origin origin;
	enum path_state state;
	uint64_t age_ms;      /* it has had this state for so long */
	uint64_t measured_ms; /* it was measured so long ago; or JOURNAL_PATH_NEVER */
	uint32_t latency_us;
	char reason[PATH_REASON_MAX + 1];
};

#define JOURNAL_PATH_BYTES_MAX 1024

/* Returns the bytes used, at most JOURNAL_PATH_BYTES_MAX. 0: a field is not legal. */
size_t journal_path_encode(const struct journal_path *path, uint8_t *buffer);
/* 0 or -EBADMSG. */
int journal_path_decode(const uint8_t *data, size_t bytes, struct journal_path *ret,
			size_t *ret_used);

/* Does the path count where paths are counted? */
bool journal_path_usable(const struct journal_path *path);

#endif
