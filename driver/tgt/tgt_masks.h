/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_TGT_MASKS_H
#define LUNMASK_ARRAY_TGT_MASKS_H

#include "driver/core/apply.h"
#include "driver/tgt/tgt.h"

/* The mask_ops of tgtd; backend is a struct tgt. */
int tgt_masks_read(void *backend, const char *const *luns, size_t n_luns, struct deadline deadline,
		   struct masks *ret, struct fault *fault);
int tgt_masks_grant(void *backend, const char *const *luns, size_t n_luns, const char *initiator,
		    struct deadline deadline, struct fault *fault);

/*
 * unbind alone leaves an open session writing: its connections are deleted, and looked for again
 * until there are none. A session is gone from tgtd's list when its last command has ended.
 */
int tgt_masks_revoke(void *backend, const char *const *luns, size_t n_luns, const char *initiator,
		     struct deadline deadline, struct fault *fault);

#endif
