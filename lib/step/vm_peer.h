/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_PEER_H
#define LUNMASK_VM_PEER_H

#include "vm/vm_context.h"

/*
 * The other host of a migration as seen from this one. What it would say and what it sees, its
 * lunmaskd is asked for (peers/peer_ask.h). If that cannot answer, its libvirt is asked through the
 * migration transport, and lunmask-probe(8) through ssh. What is done there is done by its libvirt.
 *
 *	rc = vm_peer_check(vm, source, target, me, err);
 *	rc = vm_peer_open(vm, node, deadline, err);      sets vm->peer
 *	...                                              steps with vm->peer
 *	vm_peer_close(vm);
 */
#define VM_PEER_URI_MAX 512

struct vm_peer {
	const struct config_host *host;
	/* NULL until vm_peer_wait(), vm_peer_state() or vm_peer_verify(). */
	struct hypervisor *hypervisor;
	struct hypervisor_opening *opening; /* it connects beside other work; NULL: no more */
	/* Which host that node's lunmaskd says it is (hypervisor_host_get()); "": not known. */
	char told_host[HYPERVISOR_HOST_MAX + 1];

	/*
	 * How the peer reaches the LUNs, and the portal that the domain there is given: one on which
	 * it verified all of them (iscsi_source_portal()). Set by vm_peer_verify().
	 */
	struct lun luns[VM_LUNS_MAX];
	const char *source;

	struct vm_grant grant; /* what was granted to the peer */
	bool tpm_served;       /* lunmask-tpm runs there for a TPM that arrives */
	bool guest_touched;    /* a live migration to the peer was begun */
	bool departed;         /* it has ended the domain here, which has not run since */
	bool left_to_target;   /* it has arrived, and migrate_from has to start it */
};

/*
 * Checks that source and target are two different names and that me, which is one of them, is this
 * node. -EINVAL.
 */
int vm_peer_check(const struct vm_context *vm, const char *source, const char *target,
		  const char *me, struct err *err);

/*
 * Begins to connect to libvirt on node and sets vm->peer. The caller closes it. -EINVAL:
 * lunmask.conf has no such [host].
 */
int vm_peer_open(struct vm_context *vm, const char *node, struct err *err);
/* The connection is there. What needs vm->peer->hypervisor comes after it. */
int vm_peer_wait(struct vm_context *vm, struct deadline deadline, struct err *err);
/* Accepts a vm without peer. */
void vm_peer_close(struct vm_context *vm);

/* The host's address in the migration network, in brackets if it is IPv6. -EINVAL. */
int vm_peer_address(const struct vm_context *vm, const struct config_host *host, char *address,
		    size_t size, struct err *err);

/* The libvirt URI of the host, for example "qemu+ssh://ADDRESS/system". -EINVAL. */
int vm_peer_uri(const struct vm_context *vm, const struct config_host *host,
		char uri[VM_PEER_URI_MAX], struct err *err);

/* One question, without vm->peer. LOST only if lunmaskd there has answered. */
int vm_peer_domain_state(struct vm_context *vm, const struct config_host *host,
			 struct deadline deadline, enum domain_state *ret, struct err *err);

/* Ends a domain that has arrived on the host and was not started, and no other. */
int vm_peer_arrived_end(struct vm_context *vm, const struct config_host *host,
			struct deadline deadline, struct err *err);

/* The state of the domain on vm->peer. */
int vm_peer_state(struct vm_context *vm, struct deadline deadline, enum domain_state *ret,
		  struct err *err);

/*
 * Step "preflight": the peer's libvirt can take the domain. The domain is not there yet (-EEXIST),
 * memory suffices (-ENOSPC) and the CPU fits (-ENOTSUP).
 */
int vm_peer_preflight(void *context, struct deadline deadline, struct err *err);

/*
 * Step "verify": the peer logs in to every LUN and compares its designator (I6). -EUCLEAN: another
 * volume. -EHOSTUNREACH: fewer portals than paths_required are good. -EADDRNOTAVAIL: the libvirt
 * that is reached at the peer's address is another host's. The connection is there afterwards.
 */
int vm_peer_verify(void *context, struct deadline deadline, struct err *err);

/*
 * Step "tpm" before a live migration: on the peer, lunmask-tpm(8) waits for the guest's TPM
 * (tpm_store.h). It is not undone: until the guest arrives, it writes nothing, and stop there, or
 * the next migration to there, ends it.
 */
int vm_peer_tpm_probe(void *context, struct deadline deadline, struct err *err);
int vm_peer_tpm_run(void *context, struct deadline deadline, struct err *err);

#endif
