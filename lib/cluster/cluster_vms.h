/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CLUSTER_VMS_H
#define LUNMASK_CLUSTER_VMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * Lists the VMs in the cluster's configuration: its primitives ocf:lunmask:VirtualMachine, wherever
 * they are (in a group, disabled, unmanaged), with the parameters that name their LUNs.
 *
 *	rc = cluster_vms_get(deadline, &vms, err);
 *	...
 *	cluster_vms_release(&vms);
 *
 * Plain parameters and those of a resource template are read as Pacemaker reads them. Rules,
 * references to another resource's parameters (id-ref), and a parameter that is set twice are not
 * evaluated: such a VM is listed with unclear set, and its LUNs are not known.
 *
 * The primitives ocf:lunmask:LogicalUnit are listed beside them, in the same way: each has lun, and
 * the VMs that it is for in vm or vm_map.
 */
#define CLUSTER_VMS_MAX 4096
#define CLUSTER_RESOURCES_BYTES_MAX (64u * 1024 * 1024)

/* The operations whose time depends on the guest's memory. */
enum cluster_op {
	CLUSTER_OP_START,
	CLUSTER_OP_STOP,
	CLUSTER_OP_MIGRATE_TO,
	CLUSTER_OP_MIGRATE_FROM,
	CLUSTER_OP_MAX
};

/* The name in the CIB. */
const char *cluster_op_to_str(enum cluster_op op);

/* Texts are as in the CIB, NULL if not set. Only vm has been checked to be a legal name. */
struct cluster_vm {
	char *resource; /* id of the resource */
	char *unclear;  /* why the parameters are not known, or NULL */
	char *vm;
	char *array;
	char *luns;
	char *state_lun;
	char *config;
	char *hypervisor;
	char *migration_mode;
	char *migration_transport;
	char *migration_network_suffix;
	char *paths_required;
	char *lun; /* of a LogicalUnit only */
	char *vm_map;
	char *preflight;
	int64_t timeouts_ms[CLUSTER_OP_MAX]; /* -1: not set for this operation */
	/* target-role is Stopped, and no rule decides about it: Pacemaker does not start it. */
	bool stopped;
	bool migrates; /* allow-migrate is true, and no rule decides about it */
};

struct cluster_vms {
	struct cluster_vm *vms;
	size_t count;
	struct cluster_vm *units; /* LogicalUnits */
	size_t n_units;
	/*
	 * What the attributes of the first ocf:lunmask:ArrayPaths begin with; NULL: the cluster has
	 * none.
	 */
	char *paths_prefix;
};

int cluster_vms_get(struct deadline deadline, struct cluster_vms *ret, struct err *err);

/* From the text of <resources>. -EINVAL: not such, or too long. -E2BIG: over CLUSTER_VMS_MAX of a
 * kind. */
int cluster_vms_parse(const char *xml, size_t bytes, struct cluster_vms *ret, struct err *err);

void cluster_vms_release(struct cluster_vms *vms);

#endif
