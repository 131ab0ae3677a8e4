/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * libFuzzer target: notes on paths, as one who has the key may send them. Each is taken as the next
 * of one node, split at its first byte into two.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "paths/paths_peers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct paths_peers *peers = paths_peers_new();
	size_t first = size > 0 && data[0] < size ? data[0] : 0;
	struct journal_path path;

	if (size > 0) {
		(void)paths_peers_take(peers, 1000, 2, "n2", data + 1, first);
		(void)paths_peers_take(peers, 2000, 2, "n2", data + 1 + first, size - 1 - first);
	}
	for (size_t i = 0; paths_peers_at(peers, 5000000, i, &path); i++) {
		if (strcmp(path.node, "n2") != 0 || path.state >= PATH_STATE_MAX ||
		    i >= PATHS_MAX) {
			abort();
		}
	}
	paths_peers_free(peers);
	return 0;
}
