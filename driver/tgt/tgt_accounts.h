/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_TGT_ACCOUNTS_H
#define LUNMASK_ARRAY_TGT_ACCOUNTS_H

#include "base/deadline.h"
#include "driver/core/fault.h"
#include "driver/tgt/tgt.h"

/*
 * Makes tgtd's accounts (CHAP) those of the configuration's file: account_plan.h says how. The
 * plan is carried out, and tgtd is looked at again, until nothing is left to do. Without
 * chap_accounts in the configuration, all of these do nothing.
 *
 * Masks and fencing do not need the file. Under the lock, but for tgt_accounts_check().
 */
#define TGT_DISCOVERY_ACCOUNTS_MAX 16 /* tgtd dies of more */

/*
 * Of the targets of these LUNs, and of discovery, before anybody is admitted. Deletes nothing, so
 * a secret that was changed counts from tgt_accounts_set_all() on.
 */
int tgt_accounts_set(const struct tgt *tgt, const char *const *luns, size_t n_luns,
		     struct deadline deadline, struct fault *fault);

/* Of all targets. */
int tgt_accounts_set_all(const struct tgt *tgt, struct deadline deadline, struct fault *fault);

/* Changes nothing: 0 if tgt_accounts_set_all() would find nothing to do. */
int tgt_accounts_check(const struct tgt *tgt, struct deadline deadline, struct fault *fault);

#endif
