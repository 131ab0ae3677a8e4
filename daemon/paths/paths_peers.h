/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_PATHS_PEERS_H
#define LUNMASK_DAEMON_PATHS_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/journal_path.h"

/*
 * The paths of the other hosts, as their lunmaskd announces them: a whole table in one or more
 *notes (wire.h), each with as many paths as it has room for. No I/O and no clock.
 *
 *	data = version 1 | valid_ms 4 | number 4 | part 2 | last 1 | encoded paths
 *
 * number is that of the announcement, part counts from 0. A table is taken when its last part is
 * there and none is missing; until then, the one before is kept. It is believed for valid_ms; then
 * its paths are unknown. What comes from another node is hostile until it is decoded, and a node
 *can speak for itself only.
 */
#define PATHS_NOTE_HEAD_BYTES (1 + 4 + 4 + 2 + 1)
#define PATHS_PEERS_MAX 32 /* nodes; JOURNAL_VOTERS_MAX */
#define PATHS_NOTE_PARTS_MAX 64
#define PATHS_VALID_MAX_MS 3600000

/* What is the same in all parts of an announcement. */
struct paths_note {
	uint32_t valid_ms;
	uint32_t number;
	uint16_t part;
};

/*
 * Encodes one part: paths from *from on, which is set to the first of the next part. The paths are
 * those that path() gives, until it returns false. *ret_last: there is no next part. Returns the
 * bytes used; room is at least PATHS_NOTE_HEAD_BYTES + JOURNAL_PATH_BYTES_MAX.
 */
size_t paths_note_encode(const struct paths_note *note,
			 bool (*path)(void *data, size_t i, struct journal_path *ret), void *data,
			 size_t *from, uint8_t *buffer, size_t room, bool *ret_last);

struct paths_peers;

struct paths_peers *paths_peers_new(void);
void paths_peers_free(struct paths_peers *peers); /* NULL is allowed */

/* What nodes that are not among these have announced is forgotten. */
void paths_peers_members(struct paths_peers *peers, const uint32_t *nodes, size_t n);

/* The data of a note of this node, which has this name. -EBADMSG; -ENOSPC: too many nodes. */
int paths_peers_take(struct paths_peers *peers, int64_t now_ms, uint32_t node, const char *name,
		     const uint8_t *data, size_t bytes);

/* Path i of all of them, with its ages at this time. False: there is none. */
bool paths_peers_at(const struct paths_peers *peers, int64_t now_ms, size_t i,
		    struct journal_path *ret);
/* Another one if paths have come or gone. */
uint64_t paths_peers_generation(const struct paths_peers *peers);

#endif
