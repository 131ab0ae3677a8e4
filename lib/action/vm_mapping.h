/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_MAPPING_H
#define LUNMASK_VM_MAPPING_H

#include "vm/vm_context.h"

/*
 * The mapping file against the parameters and the LUNs. Before, vm_paths_verify() must have run.
 */

/*
 * Loads the mapping file of a guest that runs or is saved: it must match the settings and the LUNs.
 * -ENODATA, -EPERM, -EUCLEAN.
 */
int vm_mapping_read(struct vm_context *vm, struct deadline deadline, struct err *err);

/* Is it this VM's, and no drive another LUN than in luns? -EPERM. */
int vm_mapping_is_ours(const struct vm_context *vm, const struct mapping *mapping, struct err *err);

/* Has it exactly the drives that luns names? */
bool vm_mapping_has_drives(const struct vm_context *vm, const struct mapping *mapping);

/*
 * Gives vm->mapping the drives that luns names, and the next revision: disks are added to the
 * definition and left out of it (definition_drives.h). It is not stored. -EUCLEAN: a LUN that stays
 * is another volume, or smaller.
 */
int vm_mapping_adapt(struct vm_context *vm, struct err *err);

/* Step "drives" of start: a domain that is active here has the drives of luns. -EPERM. */
int vm_mapping_domain_check(void *context, struct deadline deadline, struct err *err);

/*
 * Step "mapping" of start: vm->mapping matches the settings and the LUNs. It is read from the state
 * LUN. For a new state LUN it is made from the domain definition in the parameter config; if drives
 * were added to luns or taken from it, the one that is stored is adapted. What was made is not
 * stored before libvirt has accepted it (vm_complete.h). -EPERM: another VM's, another LUN for a
 * drive, or other drives than a guest has that runs here or whose memory is saved. -EUCLEAN: a LUN
 * is not the one that it names.
 */
int vm_mapping_probe(void *context, struct deadline deadline, struct err *err);
int vm_mapping_run(void *context, struct deadline deadline, struct err *err);

#endif
