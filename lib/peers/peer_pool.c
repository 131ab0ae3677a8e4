/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peers/peer_pool.h"

#include <string.h>

#include "peers/peer_ask.h"

/* An answer takes a tenth of a second, and 2 s more where that host's resolver hangs. */
#define ASK_MS 4000

static bool is_silent(const struct peer_pool *pool, const char *node)
{
	for (guint i = 0; pool->silent != NULL && i < pool->silent->len; i++) {
		if (strcmp(g_ptr_array_index(pool->silent, i), node) == 0) {
			return true;
		}
	}
	return false;
}

static void silent_add(struct peer_pool *pool, const char *node)
{
	if (pool->silent == NULL) {
		pool->silent = g_ptr_array_new_with_free_func(g_free);
	}
	g_ptr_array_add(pool->silent, g_strdup(node));
}

int peer_pool_state(struct peer_pool *pool, const char *node, const char *uri, const char *vm,
		    struct deadline deadline, enum domain_state *ret, struct err *err)
{
	struct peer_reply reply;

	if (!is_silent(pool, node)) {
		/* The other way needs time, too. */
		struct deadline first = deadline_within(deadline_share(deadline, 2), ASK_MS);
		int rc = peer_ask_domain(node, vm, first, &reply, NULL);

		if (rc == 0) {
			*ret = reply.state;
			return 0;
		}
		if (rc == -ETIMEDOUT) {
			silent_add(pool, node);
		}
	}
	return hypervisor_pool_state(&pool->libvirts, uri, vm, deadline, ret, err);
}

void peer_pool_release(struct peer_pool *pool)
{
	hypervisor_pool_release(&pool->libvirts);
	if (pool->silent != NULL) {
		g_ptr_array_unref(pool->silent);
	}
	pool->silent = NULL;
}
