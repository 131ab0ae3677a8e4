/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PEER_POOL_H
#define LUNMASK_PEER_POOL_H

#include <glib.h>

#include "hypervisor/hypervisor_pool.h"

/*
 * What domains other nodes have, for a caller that asks many nodes about many VMs. The node is
 *asked through lunmaskd (peer_ask.h), which also says whether a QEMU is left that libvirt does not
 *know; if that gives no answer, its libvirt is asked directly (hypervisor_pool.h).
 *
 *	struct peer_pool pool = {.silent = NULL};
 *	rc = peer_pool_state(&pool, "node2", uri, vm, deadline, &state, err);
 *	peer_pool_release(&pool);
 *
 * A node whose lunmaskd has once let the time pass is not asked through it again, because every VM
 * would wait for it.
 */
struct peer_pool {
	struct hypervisor_pool libvirts;
	GPtrArray *silent; /* names of nodes; NULL: none */
};

/*
 * uri: how that node's libvirt is reached from here. Errors are those of hypervisor_pool_state().
 * LOST only if lunmaskd there has answered. A domain that libvirt alone has called absent may have
 * left its QEMU.
 */
int peer_pool_state(struct peer_pool *pool, const char *node, const char *uri, const char *vm,
		    struct deadline deadline, enum domain_state *ret, struct err *err);
void peer_pool_release(struct peer_pool *pool);

#endif
