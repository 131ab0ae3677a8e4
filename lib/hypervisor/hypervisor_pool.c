/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/hypervisor_pool.h"

#include <stdlib.h>
#include <string.h>

#define CONNECT_MS 8000
#define ANSWER_MS 5000

static void entry_lost(struct hypervisor_pool_entry *entry, int rc)
{
	hypervisor_close(entry->hypervisor);
	entry->hypervisor = NULL;
	entry->rc = rc;
}

static int entry_add(struct hypervisor_pool *pool, const char *uri, struct deadline deadline,
		     struct hypervisor_pool_entry **ret, struct err *err)
{
	struct hypervisor_pool_entry *grown, *entry;
	int rc;

	if (pool->n == HYPERVISOR_POOL_MAX) {
		return err_set(err, -E2BIG, "more than %d libvirt URIs", HYPERVISOR_POOL_MAX);
	}
	grown = reallocarray(pool->entries, pool->n + 1, sizeof(*grown));
	if (grown == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	pool->entries = grown;
	entry = &grown[pool->n];
	*entry = (struct hypervisor_pool_entry){.uri = strdup(uri)};
	if (entry->uri == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	pool->n++;
	rc = hypervisor_open(uri, deadline_within(deadline, CONNECT_MS), &entry->hypervisor,
			     &entry->why);
	if (rc != 0) {
		entry->hypervisor = NULL;
		entry->rc = rc;
	}
	*ret = entry;
	return 0;
}

static int entry_get(struct hypervisor_pool *pool, const char *uri, struct deadline deadline,
		     struct hypervisor_pool_entry **ret, struct err *err)
{
	for (size_t i = 0; i < pool->n; i++) {
		if (strcmp(pool->entries[i].uri, uri) == 0) {
			*ret = &pool->entries[i];
			return 0;
		}
	}
	return entry_add(pool, uri, deadline, ret, err);
}

int hypervisor_pool_state(struct hypervisor_pool *pool, const char *uri, const char *vm,
			  struct deadline deadline, enum domain_state *ret, struct err *err)
{
	struct hypervisor_pool_entry *entry = NULL;
	int rc = entry_get(pool, uri, deadline, &entry, err);

	if (rc != 0) {
		return rc;
	}
	if (entry->hypervisor != NULL) {
		rc = hypervisor_domain_state(entry->hypervisor, vm,
					     deadline_within(deadline, ANSWER_MS), ret,
					     &entry->why);
		if (rc == 0) {
			return 0;
		}
		entry_lost(entry, rc);
	}
	return err_set(err, entry->rc, "%s", err_text(&entry->why));
}

void hypervisor_pool_release(struct hypervisor_pool *pool)
{
	for (size_t i = 0; i < pool->n; i++) {
		hypervisor_close(pool->entries[i].hypervisor);
		free(pool->entries[i].uri);
	}
	free(pool->entries);
	*pool = (struct hypervisor_pool){0};
}
