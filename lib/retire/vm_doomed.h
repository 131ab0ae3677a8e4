/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_DOOMED_H
#define LUNMASK_VM_DOOMED_H

#include <stdbool.h>
#include <stdint.h>

#include "names/lun.h"
#include "state/slot.h"
#include "vm/vm_context.h"

/*
 * What lunmask destroy would delete, and what is in the way of it.
 *
 * Which LUNs are the VM's is what the resource in the cluster's configuration says, which must be
 * stopped (target-role). For a VM without a resource it is what the mapping file on the state LUN
 * says. Media are never deleted. Refused is whatever somebody may need: a host with a path, a
 * domain, another VM or a template that names a LUN, a LUN of which the VM has a part only,
 * snapshots, and saved memory.
 */
struct vm_destroy_wish {
	const char *vm;
	const char *array;      /* for a VM without a resource; NULL: the only one */
	const char *state_lun;  /* for a VM without a resource; NULL: VM-state */
	const char *hypervisor; /* libvirt URI; NULL: the resource's, or the system's */
	const char *node;       /* this node's name, or NULL: ask the cluster */
	bool keep_luns;         /* delete the state LUN only */
	bool wipe;              /* overwrite the data before */
	bool snapshots;         /* remove the snapshots of its LUNs, too */
	bool discard_image; /* saved memory, or a state LUN that cannot be read, is no obstacle */
	/* Called as a LUN is overwritten. May be NULL. */
	void (*progress)(void *data, const char *doing, const char *lun, uint64_t bytes,
			 double share);
	void *data;
};

struct doomed_lun {
	char lun[LUN_NAME_MAX + 1];
	uint64_t size_bytes; /* 0: the array has no such LUN any more */
};

struct vm_doomed {
	char *resource; /* NULL: the cluster has none */
	char *array;
	char *hypervisor;
	struct doomed_lun luns[VM_LUNS_MAX]; /* the state LUN first: it is deleted last */
	size_t n_luns;
	char kept[VM_LUNS_MAX][LUN_NAME_MAX + 1]; /* with keep_luns */
	size_t n_kept;
	bool wipe;
	bool continued; /* an earlier process has begun */
	bool begun;     /* and may have overwritten or deleted something */
	/* Of the state LUN; known is false if it could not be read, or was never written. */
	bool known;
	enum image_state image;
	uint64_t generation;
};

/*
 * -ENOENT: no such VM is known. -EBUSY: it is not stopped, or another task of it is open. -EPERM:
 * somebody else needs a LUN, or the guest's memory is saved. -EUCLEAN: a LUN is not the VM's any
 * more. Fills *ret in any case.
 */
int vm_doomed_find(const struct vm_destroy_wish *wish, const struct vm_report *report,
		   struct deadline deadline, struct vm_doomed *ret, struct err *err);
void vm_doomed_release(struct vm_doomed *doomed);

#endif
