/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/dedup.h"

#include <glib.h>
#include <string.h>

/* A ring of requests, and an index of pointers into it. */
struct dedup {
	GHashTable *by_request;
	size_t first;
	size_t n;
	struct applied ring[DEDUP_MAX];
};

static guint request_hash(gconstpointer key)
{
	guint hash;

	memcpy(&hash, key, sizeof(hash));
	return hash;
}

static gboolean request_equal(gconstpointer a, gconstpointer b)
{
	return id128_equal(a, b);
}

struct dedup *dedup_new(void)
{
	struct dedup *dedup = g_malloc(sizeof(*dedup));

	dedup->by_request = g_hash_table_new(request_hash, request_equal);
	dedup->first = 0;
	dedup->n = 0;
	return dedup;
}

void dedup_free(struct dedup *dedup)
{
	if (dedup != NULL) {
		g_hash_table_destroy(dedup->by_request);
		g_free(dedup);
	}
}

void dedup_clear(struct dedup *dedup)
{
	g_hash_table_remove_all(dedup->by_request);
	dedup->first = 0;
	dedup->n = 0;
}

const struct applied *dedup_find(const struct dedup *dedup, const struct id128 *request)
{
	return g_hash_table_lookup(dedup->by_request, request);
}

void dedup_add(struct dedup *dedup, const struct applied *applied)
{
	struct applied *mine;

	if (dedup->n == DEDUP_MAX) {
		g_hash_table_remove(dedup->by_request, &dedup->ring[dedup->first].request);
		dedup->first = (dedup->first + 1) % DEDUP_MAX;
		dedup->n--;
	}
	mine = &dedup->ring[(dedup->first + dedup->n) % DEDUP_MAX];
	*mine = *applied;
	dedup->n++;
	g_hash_table_insert(dedup->by_request, &mine->request, mine);
}

size_t dedup_count(const struct dedup *dedup)
{
	return dedup->n;
}

const struct applied *dedup_at(const struct dedup *dedup, size_t at)
{
	return &dedup->ring[(dedup->first + at) % DEDUP_MAX];
}
