/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/store_item.h"

#include <glib.h>
#include <string.h>

/* The block's layout: structs first, in the order of their alignment; then bytes. */
static size_t item_bytes(const struct core_persist *persist)
{
	size_t bytes = sizeof(struct store_item) + persist->n_seen * sizeof(*persist->seen) +
		       persist->n_entries * sizeof(*persist->entries);

	for (size_t i = 0; i < persist->n_entries; i++) {
		bytes += persist->entries[i].bytes;
	}
	return bytes + (persist->snapshot != NULL ? persist->snapshot_bytes : 0);
}

static void *part_copy(uint8_t **at, const void *from, size_t bytes)
{
	void *copy = *at;

	if (bytes > 0) {
		memcpy(copy, from, bytes);
	}
	*at += bytes;
	return copy;
}

struct store_item *store_item_new(const struct core_persist *persist)
{
	size_t bytes = item_bytes(persist);
	struct store_item *item = g_malloc(bytes);
	uint8_t *at = (uint8_t *)(item + 1);
	struct entry *entries;

	*item = (struct store_item){.bytes = bytes, .persist = *persist};
	entries = part_copy(&at, persist->entries, persist->n_entries * sizeof(*entries));
	item->persist.entries = entries;
	item->persist.seen = part_copy(&at, persist->seen, persist->n_seen * sizeof(struct seen));
	for (size_t i = 0; i < persist->n_entries; i++) {
		entries[i].data = part_copy(&at, entries[i].data, entries[i].bytes);
	}
	if (persist->snapshot != NULL) {
		item->persist.snapshot = part_copy(&at, persist->snapshot, persist->snapshot_bytes);
	}
	return item;
}

void store_item_free(struct store_item *items)
{
	while (items != NULL) {
		struct store_item *next = items->next;

		g_free(items);
		items = next;
	}
}
