/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HYPERVISOR_LUNS_H
#define LUNMASK_HYPERVISOR_LUNS_H

#include "hypervisor/hypervisor.h"
#include "names/lun.h"

/*
 * Which other VM on the host uses a LUN? The mapping that lunmask puts into the metadata of its
 * domains says which LUNs an active domain has, and the alias of a disk that it is a LogicalUnit's
 * (unit_name.h).
 */
struct hypervisor_lun_use {
	char vm[VM_NAME_MAX + 1]; /* "": none uses any of the LUNs */
	size_t lun;               /* index of the LUN in the caller's list */
};

/*
 * Finds the first LUN of the list that an active domain other than except uses. Domains without a
 * mapping have no LUNs of an array.
 */
int hypervisor_lun_use(struct hypervisor *hypervisor, const char *array, const char *const *luns,
		       size_t n_luns, const char *except, struct deadline deadline,
		       struct hypervisor_lun_use *ret, struct err *err);

/* The active domain that a LogicalUnit has plugged the LUN into, and the disk there. */
struct hypervisor_plug {
	char vm[VM_NAME_MAX + 1]; /* "": none */
	char target[DRIVE_TARGET_MAX + 1];
};
int hypervisor_plug_find(struct hypervisor *hypervisor, const char *array, const char *lun,
			 struct deadline deadline, struct hypervisor_plug *ret, struct err *err);

#endif
