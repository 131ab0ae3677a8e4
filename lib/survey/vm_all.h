/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_ALL_H
#define LUNMASK_VM_ALL_H

#include "cluster/cluster_vms.h"
#include "journal/journal_record.h"
#include "vm/vm_context.h"

/*
 * Every VM whose LUNs are known: those of the cluster's configuration, and those that a host has
 * released in the journal, which may have been taken out of it since.
 *
 *	rc = vm_all_open(deadline, &all, err);
 *	... all.vms[i].vm, or why there is none
 *	vm_all_release(&all);
 */
struct vm_one {
	const char *name;     /* of the VM; of the resource where that is not known */
	const char *resource; /* NULL: the cluster has none for it */
	struct vm_settings settings;
	struct vm_context *vm; /* NULL: why */
	struct err why;
};

struct vm_all {
	struct vm_one *vms; /* in the order of the configuration */
	size_t n;
	struct cluster_vms cluster;       /* what the texts above are in */
	struct journal_release *releases; /* likewise */
	char node[NODE_NAME_MAX + 1];
};

/* -ENOTCONN, -ETIMEDOUT: what the cluster has is not known. */
int vm_all_open(struct deadline deadline, struct vm_all *ret, struct err *err);
void vm_all_release(struct vm_all *all);

/* Has another VM of these this LUN of the first one's array? As vm_strays.h asks; data: a vm_all.
 */
bool vm_all_shared(void *data, const char *vm, const char *lun);

#endif
