/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HYPERVISOR_MEMORY_H
#define LUNMASK_HYPERVISOR_MEMORY_H

#include <libxml/tree.h>

#include "base/err.h"
#include "hypervisor/hypervisor_call.h"

/*
 * The memory that a domain needs on its host, by the size of its pages and by the host's NUMA
 * nodes; and whether a host has it.
 *
 *	rc = hypervisor_memory_needs(domain, &needs, err);       pure: reads only the definition
 *	rc = hypervisor_memory_check(call, &needs);              in the thread of a call
 *
 * It is what the guest has now: its modules count, memory that it has given back to the host
 * (balloon) does not, and <maxMemory> is only what it may be given one day.
 */
#define MEMORY_NEEDS_MAX 64
#define MEMORY_PAGE_ORDINARY 0u
#define MEMORY_PAGE_HUGE UINT32_MAX /* huge pages of the host's default size */

struct memory_need {
	uint32_t page_kib; /* or one of the above */
	uint64_t nodes;    /* a bit for each host node that may give it; 0: any */
	uint64_t bytes;
};

struct memory_needs {
	struct memory_need rows[MEMORY_NEEDS_MAX]; /* each size and set of nodes once */
	size_t count;
};

/* -EINVAL with text: a size is no number with a unit, or there are too many rows. */
int hypervisor_memory_needs(xmlNodePtr domain, struct memory_needs *ret, struct err *err);

/*
 * 0. -ENOSPC: the host has less ordinary memory free, which libvirt would not mind. -ENOTSUP: it
 * has not the huge pages, so QEMU could not start. Both with text.
 */
int hypervisor_memory_check(struct hypervisor_call *call, const struct memory_needs *needs);

#endif
