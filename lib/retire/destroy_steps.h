/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DESTROY_STEPS_H
#define LUNMASK_DESTROY_STEPS_H

#include "retire/vm_destroy.h"

/* The steps of a destroy that no other task has. They take a struct vm_context. */

/* Check "unused": no domain of the VM is here, and no other host has a path to its LUNs. */
int destroy_unused_check(void *context, struct deadline deadline, struct err *err);

/*
 * Check "needed": the VM's resource is stopped, and no other VM of the configuration, and no
 * template, names one of the LUNs. Once the task is begun: destroy_snapshots_check(), too. -EBUSY,
 * -EPERM.
 */
int destroy_needed_check(void *context, struct deadline deadline, struct err *err);

/* The LUNs have no snapshots, or these may be removed. -EPERM. */
int destroy_snapshots_check(const struct vm_context *vm, const struct vm_destroy_wish *wish,
			    struct deadline deadline, struct err *err);

/* Check "state": the state LUN is as it was shown. -ESTALE. -EPERM: it has saved memory. */
int destroy_state_check(void *context, struct deadline deadline, struct err *err);

/* Step "wipe", if it was asked for. From its beginning on, nothing can be undone. */
int destroy_wipe_probe(void *context, struct deadline deadline, struct err *err);
int destroy_wipe_run(void *context, struct deadline deadline, struct err *err);

/* Step "releases": the journal has no grant or release of the VM any more. */
int destroy_releases_probe(void *context, struct deadline deadline, struct err *err);
int destroy_releases_run(void *context, struct deadline deadline, struct err *err);

/* Step "delete": the snapshots first, then create_delete_run(), and nothing can be undone. */
int destroy_delete_run(void *context, struct deadline deadline, struct err *err);

#endif
