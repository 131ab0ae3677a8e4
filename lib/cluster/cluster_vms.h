/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CLUSTER_VMS_H
#define LUNMASK_CLUSTER_VMS_H

#include <stddef.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * Which VMs the cluster's configuration has: its primitives ocf:lunmask:VirtualMachine, wherever
 * they are (in a group, disabled, unmanaged), with the parameters that say which LUNs are theirs.
 *
 *	rc = cluster_vms_get(deadline, &vms, err);
 *	...
 *	cluster_vms_release(&vms);
 *
 * Plain parameters, and those of a resource template, are read as Pacemaker reads them. Rules,
 * references to another resource's parameters (id-ref), and a parameter that is set twice are
 * not: of such a VM it is said that its LUNs are not known.
 */
#define CLUSTER_VMS_MAX 4096
#define CLUSTER_RESOURCES_BYTES_MAX (64u * 1024 * 1024)

/* Texts are NULL when they are not set. They are as in the CIB: only vm is known to be a name. */
struct cluster_vm {
	char *resource; /* its id */
	char *unclear;  /* why the rest is not known, or NULL */
	char *vm;
	char *array;
	char *luns;
	char *state_lun;
	char *hypervisor;
	char *migration_transport;
	char *migration_network_suffix;
};

struct cluster_vms {
	struct cluster_vm *vms;
	size_t count;
};

int cluster_vms_get(struct deadline deadline, struct cluster_vms *ret, struct err *err);

/* The same from the text of a CIB's <resources>. -EINVAL when it is none. */
int cluster_vms_parse(const char *xml, size_t bytes, struct cluster_vms *ret, struct err *err);

void cluster_vms_release(struct cluster_vms *vms);

#endif
