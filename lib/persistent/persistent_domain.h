/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PERSISTENT_DOMAIN_H
#define LUNMASK_PERSISTENT_DOMAIN_H

#include "base/deadline.h"
#include "base/err.h"
#include "hypervisor/hypervisor.h"

/*
 * A domain whose definition libvirt keeps, also while it is shut off. lunmask's own domains are
 * transient; one that is adopted was persistent before.
 *
 *	rc = persistent_domain_get(hypervisor, vm, deadline, &flags, &xml, err);
 *	rc = persistent_domain_take(hypervisor, vm, flags, deadline, err);
 *	rc = persistent_domain_give(hypervisor, xml, deadline, err);
 *
 * The definition may hold passwords: do not log it. Errors are those of hypervisor.h.
 */
enum persistent_flags {
	PERSISTENT_DEFINED = 1u << 0, /* libvirt keeps a definition */
	PERSISTENT_ACTIVE = 1u << 1,  /* a domain of the name is active, persistent or not */
	PERSISTENT_AUTOSTART = 1u << 2,
	PERSISTENT_SAVED = 1u << 3, /* there is a managed save image */
	PERSISTENT_SNAPSHOTS = 1u << 4,
	PERSISTENT_CHECKPOINTS = 1u << 5,
	PERSISTENT_NVRAM = 1u << 6, /* the definition has a file of UEFI variables */
	PERSISTENT_TPM = 1u << 7,   /* the definition has a TPM */
};

/*
 * What libvirt has of that name: *ret_flags is 0, and *ret_xml NULL, if nothing. The definition is
 * the one that the next boot would take. The caller frees *ret_xml with free().
 */
int persistent_domain_get(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			  unsigned int *ret_flags, char **ret_xml, struct err *err);

/*
 * Removes the definition, and no file but libvirt's own: UEFI variables and the state of a TPM
 * stay. libvirt refuses it while there is saved memory or a snapshot. A domain that is active goes
 * on without it. flags: of persistent_domain_get().
 */
int persistent_domain_take(struct hypervisor *hypervisor, const char *vm, unsigned int flags,
			   struct deadline deadline, struct err *err);

/* Defines it again, or anew. An active domain of that name and UUID becomes persistent. */
int persistent_domain_give(struct hypervisor *hypervisor, const char *xml, struct deadline deadline,
			   struct err *err);

#endif
