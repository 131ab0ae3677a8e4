/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HOST_LIBVIRT_H
#define LUNMASK_HOST_LIBVIRT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/deadline.h"
#include "hosts/host_facts.h"
#include "survey/vm_all.h"

/*
 * What the libvirts of several nodes say about one guest: this node's is asked itself, those of the
 * others through lunmaskd (peers/peer_ask.h), all at the same time. Nothing is changed.
 *
 *	host_libvirt_ask(one, false, nodes, n, deadline, libvirts);
 *
 * A node that has not answered has LIBVIRT not known, with the reason. If the VM runs on this node,
 * the others are asked about the guest as it runs, as in a migration; otherwise about the file of
 * the parameter config. Without either, LIBVIRT is all that is known.
 */
#define HOST_LIBVIRT_ANSWER_MS 8000 /* another node has so long */

/*
 * ret has room for n entries, and borrows the names. memory_is_advice: the VM's preflight is
 * 'warn', so too little memory keeps no guest away. Returns by the deadline.
 */
void host_libvirt_ask(const struct vm_one *one, bool memory_is_advice, const char *const *nodes,
		      size_t n, struct deadline deadline, struct host_libvirt *ret);

#endif
