/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SIM_ARENA_H
#define LUNMASK_SIM_ARENA_H

#include <stddef.h>

/*
 * Memory that lives as long as one simulation: what was once on a disk stays comparable until the
 * end. arena_reset() keeps the chunks for the next simulation. Aborts when out of memory.
 */
struct arena {
	struct arena_chunk *first;
	struct arena_chunk *current;
};

void *arena_alloc(struct arena *arena, size_t bytes);
void *arena_copy(struct arena *arena, const void *data, size_t bytes);
void arena_reset(struct arena *arena);
void arena_release(struct arena *arena);

#endif
