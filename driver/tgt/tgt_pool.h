/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_TGT_POOL_H
#define LUNMASK_ARRAY_TGT_POOL_H

#include <jansson.h>

#include "base/deadline.h"
#include "driver/core/driver.h"
#include "driver/tgt/tgt.h"
#include "driver/tgt/tgt_show.h"

/*
 * LUNs as files of the pool and targets of tgtd.
 *
 * A LUN's identity is made of random digits when it is created and set on its logical unit each
 * time its target is made: "t10.LUNMASK DIGITS" by way of tgtd's scsi_id, from whose hexadecimal
 * digits tgtd also makes the NAA designator. (What tgtd carries by default is its target number,
 * which another LUN may have after a restart.)
 */

/* Each of these LUNs has its target in *ret, with the logical unit that belongs to it. */
int tgt_pool_reach(const struct tgt *tgt, const char *const *luns, size_t n_luns,
		   struct deadline deadline, struct tgt_show *ret, struct fault *fault);

/* The functions of struct driver; backend is a struct tgt. */
int tgt_pool_luns(void *backend, const char *const *names, size_t n_names, const char *initiator,
		  struct deadline deadline, json_t *luns, struct fault *fault);
int tgt_pool_create(void *backend, const struct driver_volume *volume, struct deadline deadline,
		    bool *ret_created, struct fault *fault);
int tgt_pool_delete(void *backend, const char *lun, struct deadline deadline, bool *ret_deleted,
		    struct fault *fault);
int tgt_pool_restore(void *backend, struct deadline deadline, size_t *ret_restored,
		     struct fault *fault);

#endif
