/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ADOPT_STEPS_H
#define LUNMASK_ADOPT_STEPS_H

#include "adopt/vm_adopt.h"

/* Steps of an adopt that look at the guest and its old drives. They take a struct vm_context. */

/*
 * Check "idle": no domain of the VM is here, no other host has a path to what was made, and nobody
 * but this host has a grant of the LUNs that were there.
 */
int adopt_idle_check(void *context, struct deadline deadline, struct err *err);

/* Check "unchanged": nobody has written the files since they were begun to be copied. -ESTALE. */
int adopt_unchanged_check(void *context, struct deadline deadline, struct err *err);

/*
 * Step "commit": the journal has it that the VM is on its LUNs, before a grant is revoked that the
 * task has not given. Done without a record if there is no such grant.
 */
int adopt_commit_probe(void *context, struct deadline deadline, struct err *err);
int adopt_commit_run(void *context, struct deadline deadline, struct err *err);

/* Step "release": this host is granted none of the LUNs that were there: all hosts are equal now.
 */
int adopt_release_probe(void *context, struct deadline deadline, struct err *err);
int adopt_release_run(void *context, struct deadline deadline, struct err *err);

#endif
