/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_STORE_ITEM_H
#define LUNMASK_DAEMON_STORE_ITEM_H

#include "core/core.h"

/* A transaction that waits for the writer: a copy of all that persist points to, in one block. */
struct store_item {
	struct store_item *next;
	size_t bytes; /* of the block */
	struct core_persist persist;
};

/* NULL: out of memory. */
struct store_item *store_item_new(const struct core_persist *persist);
/* The whole list. */
void store_item_free(struct store_item *items);

#endif
