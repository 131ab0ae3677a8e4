/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_STORE_ITEM_H
#define LUNMASK_DAEMON_STORE_ITEM_H

#include "core/core.h"

/* A transaction for the writer: persist and all it points to, copied into one block of a list. */
struct store_item {
	struct store_item *next;
	size_t bytes; /* size of the block */
	struct core_persist persist;
};

/* Copies persist. */
struct store_item *store_item_new(const struct core_persist *persist);
/* Frees the whole list; NULL is allowed. */
void store_item_free(struct store_item *items);

#endif
