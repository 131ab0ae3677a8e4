/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_STORE_ITEM_H
#define LUNMASK_DAEMON_STORE_ITEM_H

#include "core/core.h"

/*
 * A transaction waiting for the writer: a copy of everything that persist points to, in one block.
 * The items form a list; its owner frees it with store_item_free().
 */
struct store_item {
	struct store_item *next;
	size_t bytes; /* size of the block */
	struct core_persist persist;
};

/* Copies persist. NULL: out of memory. */
struct store_item *store_item_new(const struct core_persist *persist);
/* Frees the whole list; NULL is allowed. */
void store_item_free(struct store_item *items);

#endif
