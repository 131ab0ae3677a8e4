/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "arena.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_CHUNK_BYTES ((size_t)1 << 20)

struct arena_chunk {
	struct arena_chunk *next;
	size_t used;
	size_t size;
	max_align_t data[];
};

static struct arena_chunk *chunk_new(size_t bytes)
{
	size_t size = bytes > ARENA_CHUNK_BYTES ? bytes : ARENA_CHUNK_BYTES;
	struct arena_chunk *chunk = malloc(sizeof(*chunk) + size);

	if (chunk == NULL) {
		abort();
	}
	*chunk = (struct arena_chunk){.size = size};
	return chunk;
}

static struct arena_chunk *chunk_with_room(struct arena *arena, size_t bytes)
{
	struct arena_chunk **at = arena->current != NULL ? &arena->current : &arena->first;

	while (*at != NULL && (*at)->size - (*at)->used < bytes) {
		at = &(*at)->next;
	}
	if (*at == NULL) {
		*at = chunk_new(bytes);
	}
	arena->current = *at;
	return *at;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
	size_t rounded = (bytes + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
	struct arena_chunk *chunk = chunk_with_room(arena, rounded);
	void *ret = (char *)chunk->data + chunk->used;

	chunk->used += rounded;
	return ret;
}

void *arena_copy(struct arena *arena, const void *data, size_t bytes)
{
	void *ret = arena_alloc(arena, bytes);

	if (bytes > 0) {
		memcpy(ret, data, bytes);
	}
	return ret;
}

void arena_reset(struct arena *arena)
{
	for (struct arena_chunk *chunk = arena->first; chunk != NULL; chunk = chunk->next) {
		chunk->used = 0;
	}
	arena->current = arena->first;
}

void arena_release(struct arena *arena)
{
	while (arena->first != NULL) {
		struct arena_chunk *chunk = arena->first;

		arena->first = chunk->next;
		free(chunk);
	}
	arena->current = NULL;
}
