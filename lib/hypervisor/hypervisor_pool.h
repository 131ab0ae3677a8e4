/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HYPERVISOR_POOL_H
#define LUNMASK_HYPERVISOR_POOL_H

#include <stddef.h>

#include "hypervisor/hypervisor.h"

/*
 * One connection to each libvirt, for a caller that asks many hosts about many VMs:
 *
 *	struct hypervisor_pool pool = {.n = 0};
 *	rc = hypervisor_pool_state(&pool, uri, vm, deadline, &state, err);
 *	hypervisor_pool_release(&pool);
 *
 * A libvirt that once did not answer is not asked again, because every VM would wait for it.
 */
#define HYPERVISOR_POOL_MAX 512

struct hypervisor_pool_entry {
	char *uri;
	struct hypervisor *hypervisor; /* NULL: it does not answer */
	struct err why;
	int rc;
};

struct hypervisor_pool {
	struct hypervisor_pool_entry *entries;
	size_t n;
};

/*
 * As hypervisor_domain_state(). A libvirt that is not asked again returns its first error each
 * time. -E2BIG: more than HYPERVISOR_POOL_MAX URIs.
 */
int hypervisor_pool_state(struct hypervisor_pool *pool, const char *uri, const char *vm,
			  struct deadline deadline, enum domain_state *ret, struct err *err);
void hypervisor_pool_release(struct hypervisor_pool *pool);

#endif
