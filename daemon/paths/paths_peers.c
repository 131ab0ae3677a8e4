/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "paths/paths_peers.h"

#include <endian.h>
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "base/little.h"

#define NOTE_VERSION 1

struct peer {
	uint32_t node;
	int64_t heard_ms; /* the table was complete */
	uint32_t valid_ms;
	GArray *paths;  /* struct journal_path, with the ages of heard_ms */
	GArray *coming; /* the parts of the next table that are there */
	uint32_t number;
	uint16_t next; /* part; 0: none has come */
};

struct paths_peers {
	GPtrArray *peers; /* struct peer */
	uint64_t generation;
};

/* Announcements */

size_t paths_note_encode(const struct paths_note *note,
			 bool (*path)(void *data, size_t i, struct journal_path *ret), void *data,
			 size_t *from, uint8_t *buffer, size_t room, bool *ret_last)
{
	uint16_t part = htole16(note->part);
	struct journal_path row;
	uint8_t *at = buffer;
	size_t bytes = PATHS_NOTE_HEAD_BYTES;
	bool more = path(data, *from, &row);

	while (more && room - bytes >= JOURNAL_PATH_BYTES_MAX) {
		bytes += journal_path_encode(&row, buffer + bytes);
		more = path(data, ++*from, &row);
	}
	*at++ = NOTE_VERSION;
	at = little_put32(at, note->valid_ms);
	at = little_put32(at, note->number);
	memcpy(at, &part, sizeof(part));
	at[sizeof(part)] = !more;
	*ret_last = !more;
	return bytes;
}

/* Peers */

static void peer_free(gpointer data)
{
	struct peer *peer = data;

	g_array_unref(peer->paths);
	g_array_unref(peer->coming);
	g_free(peer);
}

struct paths_peers *paths_peers_new(void)
{
	struct paths_peers *peers = g_new0(struct paths_peers, 1);

	peers->peers = g_ptr_array_new_with_free_func(peer_free);
	return peers;
}

void paths_peers_free(struct paths_peers *peers)
{
	if (peers != NULL) {
		g_ptr_array_unref(peers->peers);
		g_free(peers);
	}
}

static struct peer *peer_at(const struct paths_peers *peers, guint i)
{
	return g_ptr_array_index(peers->peers, i);
}

static struct peer *peer_need(struct paths_peers *peers, uint32_t node)
{
	struct peer *peer;

	for (guint i = 0; i < peers->peers->len; i++) {
		if (peer_at(peers, i)->node == node) {
			return peer_at(peers, i);
		}
	}
	if (peers->peers->len == PATHS_PEERS_MAX) {
		return NULL;
	}
	peer = g_new0(struct peer, 1);
	peer->node = node;
	peer->paths = g_array_new(FALSE, FALSE, sizeof(struct journal_path));
	peer->coming = g_array_new(FALSE, FALSE, sizeof(struct journal_path));
	g_ptr_array_add(peers->peers, peer);
	return peer;
}

void paths_peers_members(struct paths_peers *peers, const uint32_t *nodes, size_t n)
{
	for (guint i = peers->peers->len; i > 0; i--) {
		bool member = false;

		for (size_t k = 0; k < n; k++) {
			member |= peer_at(peers, i - 1)->node == nodes[k];
		}
		if (!member) {
			(void)g_ptr_array_remove_index(peers->peers, i - 1);
			peers->generation++;
		}
	}
}

static int paths_decode(GArray *paths, const char *name, const uint8_t *data, size_t bytes)
{
	struct journal_path path;
	size_t used;

	while (bytes > 0) {
		if (journal_path_decode(data, bytes, &path, &used) < 0 ||
		    strcmp(path.node, name) != 0 || paths->len == PATHS_MAX) {
			return -EBADMSG;
		}
		g_array_append_val(paths, path);
		data += used;
		bytes -= used;
	}
	return 0;
}

static bool same_places(const GArray *a, const GArray *b)
{
	bool same = a->len == b->len;

	for (guint i = 0; same && i < a->len; i++) {
		const struct journal_path *one = &g_array_index(a, struct journal_path, i);
		const struct journal_path *other = &g_array_index(b, struct journal_path, i);

		same = strcmp(one->array, other->array) == 0 &&
		       strcmp(one->portal, other->portal) == 0;
	}
	return same;
}

static void peer_complete(struct paths_peers *peers, struct peer *peer, int64_t now_ms,
			  uint32_t valid_ms)
{
	GArray *before = peer->paths;

	if (!same_places(before, peer->coming)) {
		peers->generation++;
	}
	peer->paths = peer->coming;
	peer->coming = before;
	peer->heard_ms = now_ms;
	peer->valid_ms = valid_ms;
}

/* A part that does not continue what has come: what has come is of no use. */
static bool part_fits(struct peer *peer, const struct paths_note *note)
{
	if (note->part == 0) {
		g_array_set_size(peer->coming, 0);
		peer->number = note->number;
		peer->next = 0;
		return true;
	}
	return note->part == peer->next && note->number == peer->number;
}

static int head_decode(const uint8_t *data, size_t bytes, struct paths_note *ret, bool *ret_last)
{
	uint16_t part;

	if (bytes < PATHS_NOTE_HEAD_BYTES || data[0] != NOTE_VERSION) {
		return -EBADMSG;
	}
	memcpy(&part, data + 9, sizeof(part));
	*ret = (struct paths_note){.valid_ms = little_get32(data + 1),
				   .number = little_get32(data + 5),
				   .part = le16toh(part)};
	*ret_last = data[11] == 1;
	return data[11] > 1 || ret->part >= PATHS_NOTE_PARTS_MAX ||
			       ret->valid_ms > PATHS_VALID_MAX_MS
		       ? -EBADMSG
		       : 0;
}

int paths_peers_take(struct paths_peers *peers, int64_t now_ms, uint32_t node, const char *name,
		     const uint8_t *data, size_t bytes)
{
	struct paths_note note;
	struct peer *peer;
	bool last = false;
	int rc = head_decode(data, bytes, &note, &last);

	if (rc < 0) {
		return rc;
	}
	peer = peer_need(peers, node);
	if (peer == NULL) {
		return -ENOSPC;
	}
	if (!part_fits(peer, &note)) {
		return 0; /* a part before it was lost; the next announcement is whole */
	}
	rc = paths_decode(peer->coming, name, data + PATHS_NOTE_HEAD_BYTES,
			  bytes - PATHS_NOTE_HEAD_BYTES);
	peer->next = rc < 0 || last ? 0 : (uint16_t)(note.part + 1);
	if (rc == 0 && last) {
		peer_complete(peers, peer, now_ms, note.valid_ms);
	}
	return rc;
}

/* The table */

static void path_age(const struct peer *peer, int64_t now_ms, struct journal_path *path)
{
	uint64_t since_ms = now_ms > peer->heard_ms ? (uint64_t)(now_ms - peer->heard_ms) : 0;

	path->age_ms += MIN(since_ms, UINT64_MAX - path->age_ms);
	if (path->measured_ms != JOURNAL_PATH_NEVER) {
		path->measured_ms += MIN(since_ms, JOURNAL_PATH_NEVER - 1 - path->measured_ms);
	}
	if (since_ms > peer->valid_ms && path->state != PATH_UNKNOWN) {
		path->state = PATH_UNKNOWN;
		path->latency_us = 0;
		path->age_ms = since_ms - peer->valid_ms;
		(void)snprintf(path->reason, sizeof(path->reason),
			       "lunmaskd of this host has told nothing for %" G_GUINT64_FORMAT " s",
			       since_ms / 1000);
	}
}

bool paths_peers_at(const struct paths_peers *peers, int64_t now_ms, size_t i,
		    struct journal_path *ret)
{
	for (guint k = 0; k < peers->peers->len; k++) {
		const struct peer *peer = peer_at(peers, k);

		if (i < peer->paths->len) {
			*ret = g_array_index(peer->paths, struct journal_path, i);
			path_age(peer, now_ms, ret);
			return true;
		}
		i -= peer->paths->len;
	}
	return false;
}

uint64_t paths_peers_generation(const struct paths_peers *peers)
{
	return peers->generation;
}
