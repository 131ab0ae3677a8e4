/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_UNIT_MASKS_H
#define LUNMASK_UNIT_MASKS_H

#include "unit/unit_context.h"

/*
 * The undo of step "grant", and step "revoke": as those of vm_masks.h, but nothing is revoked that
 * a guest here has plugged in, unless it was forced (unit->forced). Steps on a struct vm_context
 * with its unit.
 */
int unit_grant_undo(void *context, struct deadline deadline, struct err *err);
int unit_revoke_probe(void *context, struct deadline deadline, struct err *err);
int unit_revoke_run(void *context, struct deadline deadline, struct err *err);

#endif
