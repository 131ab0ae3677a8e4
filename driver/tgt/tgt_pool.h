/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_TGT_POOL_H
#define LUNMASK_ARRAY_TGT_POOL_H

#include <jansson.h>

#include "base/deadline.h"
#include "driver/core/driver.h"
#include "driver/tgt/tgt.h"
#include "driver/tgtd/tgt_show.h"

/*
 * The LUNs: what they are in (tgt_backing.h), and targets in tgtd.
 *
 * The identity of a LUN consists of random digits, chosen when the LUN is created and set on its
 * logical unit whenever its target is created: "t10.LUNMASK DIGITS", set as tgtd's scsi_id. tgtd
 * derives the NAA designator from the hexadecimal digits of the scsi_id. (tgtd's default identity
 * is the target number, which another LUN may have after a restart.)
 *
 * Errors are faults as in lunmask-array(7).
 */

/*
 * Creates the missing targets of these LUNs, and sets their accounts (tgt_accounts.h). After 0,
 * *ret has the target of each with the right logical unit; the caller releases it.
 */
int tgt_pool_ensure_targets(const struct tgt *tgt, const char *const *luns, size_t n_luns,
			    struct deadline deadline, struct tgt_show *ret, struct fault *fault);

/* The pool of a LUN. "internal": the configuration has it no more. */
int tgt_pool_get(const struct tgt *tgt, const struct tgt_lun *lun, const struct tgt_pool **ret,
		 struct fault *fault);

/* "no-such-lun". Valid until the table changes. */
int tgt_pool_lun(const struct tgt *tgt, const char *name, const struct tgt_lun **ret,
		 struct fault *fault);

/* tgtd lets go of what the LUN is in. It must be granted to nobody, else tgtd refuses it. */
int tgt_pool_drop_target(const struct tgt *tgt, const char *lun, struct deadline deadline,
			 struct fault *fault);

/* The functions of struct driver; backend is a struct tgt. */
int tgt_pool_luns(void *backend, const struct driver_luns *wanted, struct deadline deadline,
		  json_t *luns, struct fault *fault);
bool tgt_pool_classes(const void *backend, json_t *list);
int tgt_pool_protect(void *backend, const char *lun, bool read_only, struct deadline deadline,
		     struct fault *fault);
int tgt_pool_restore(void *backend, size_t max, struct deadline deadline, size_t *ret_restored,
		     struct fault *fault);

#endif
