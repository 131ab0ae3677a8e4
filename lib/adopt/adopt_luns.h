/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ADOPT_LUNS_H
#define LUNMASK_ADOPT_LUNS_H

#include "adopt/vm_adopt.h"

/* The drives that are LUNs of the array already. */

/*
 * Finds each by its target and number, as the array shows it to this host, and its portal, which
 * must be one of the array's. Fills create.there and taken; lun[i] is the LUN of drive i, or NULL.
 * What is not found is a refusal. An error: the array could not be asked.
 */
int adopt_luns_find(struct vm_context *vm, struct deadline deadline,
		    const struct lun *lun[VM_LUNS_MAX], struct err *err);

/*
 * Who has a path to those LUNs: every host but this one, and a session of this one, is a refusal.
 * ret_granted[i]: this host has a grant of taken[i].
 */
int adopt_luns_masks(struct vm_context *vm, adopt_refusals *refusals, struct deadline deadline,
		     bool ret_granted[VM_LUNS_MAX], struct err *err);

#endif
