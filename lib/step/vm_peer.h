/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_PEER_H
#define LUNMASK_VM_PEER_H

#include "vm/vm_context.h"

/*
 * The other host of a migration, as this one reaches it: its libvirt by the migration transport,
 * and its view of the LUNs by lunmask-probe(8), which runs there.
 */
#define VM_PEER_URI_MAX 512

struct vm_peer {
	const struct config_host *host;
	struct hypervisor *hypervisor;

	/* How it reaches the LUNs, and a portal on which it verified all of them. */
	struct lun luns[VM_LUNS_MAX];
	const char *portal;

	struct vm_grant grant; /* to it */
	bool guest_touched;    /* a live migration to it was begun */
};

/* Do source and target name two nodes, of which this one is me? -EINVAL. */
int vm_peer_check(const struct vm_context *vm, const char *source, const char *target,
		  const char *me, struct err *err);

/*
 * Connects to node's libvirt and makes it vm->peer, until the caller closes it. -EINVAL when node
 * is not configured.
 */
int vm_peer_open(struct vm_context *vm, const char *node, struct deadline deadline,
		 struct err *err);
/* Nothing where there is none. */
void vm_peer_close(struct vm_context *vm);

/* The host's address in the migration network. -EINVAL. */
int vm_peer_address(const struct vm_context *vm, const struct config_host *host, char *address,
		    size_t size, struct err *err);

/* "qemu+ssh://ADDRESS/system" and the like. */
int vm_peer_uri(const struct vm_context *vm, const struct config_host *host,
		char uri[VM_PEER_URI_MAX], struct err *err);

/* Connects, asks and disconnects. */
int vm_peer_domain_state(struct vm_context *vm, const struct config_host *host,
			 struct deadline deadline, enum domain_state *ret, struct err *err);

/* The domain on vm->peer. */
int vm_peer_state(struct vm_context *vm, struct deadline deadline, enum domain_state *ret,
		  struct err *err);

/*
 * Step "preflight": the peer's libvirt would take the domain: enough memory, a CPU that fits, and
 * it is not there already.
 */
int vm_peer_preflight(void *context, struct deadline deadline, struct err *err);

/*
 * Step "verify": the peer logs in to every LUN and compares its designator (I6). -EHOSTUNREACH
 * when fewer portals than paths_required were good.
 */
int vm_peer_verify(void *context, struct deadline deadline, struct err *err);

#endif
