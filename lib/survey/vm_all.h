/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_ALL_H
#define LUNMASK_VM_ALL_H

#include "cluster/cluster_vms.h"
#include "journal/journal_record.h"
#include "vm/vm_context.h"

/*
 * Lists every VM whose LUNs are known: the VMs of the cluster's configuration, and those that a
 * release in the journal names. The latter may have been removed from the configuration since. A VM
 * whose array or LUNs have been changed since is listed twice: as it is, and as it was released.
 *
 *	rc = vm_all_open(deadline, &all, err);
 *	... all.vms[i].vm, or all.vms[i].why
 *	vm_all_release(&all);
 *
 * The list owns the contexts; their texts are valid until vm_all_release().
 */
struct vm_one {
	const char *name;     /* of the VM; of the resource if the VM's name is not known */
	const char *resource; /* NULL: the cluster has no resource for it */
	struct vm_settings settings;
	struct vm_context *vm; /* NULL: why says the reason */
	struct err why;
};

struct vm_all {
	struct vm_one *vms; /* in the order of the configuration, then the released ones */
	size_t n;
	struct cluster_vms cluster;       /* owns the texts above */
	struct journal_release *releases; /* owns the texts above */
	size_t n_releases;
	char node[NODE_NAME_MAX + 1];
};

/*
 * -ENOTCONN, -ETIMEDOUT: the cluster's configuration could not be read. One VM that is wrong does
 * not make the call fail: its vm is NULL.
 */
int vm_all_open(struct deadline deadline, struct vm_all *ret, struct err *err);
void vm_all_release(struct vm_all *all);

/* Does another VM of the list, or a LogicalUnit, use this LUN of the same array? */
bool vm_all_shared(const struct vm_all *all, const struct vm_context *vm, const char *lun);

/* Does a VM of the list, a LogicalUnit, or a release, name a LUN of this name on this array? */
bool vm_all_names(const struct vm_all *all, const char *array, const char *lun);

#endif
