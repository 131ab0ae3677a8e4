/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_TGT_MASKS_H
#define LUNMASK_ARRAY_TGT_MASKS_H

#include "driver/core/apply.h"
#include "driver/tgt/tgt.h"

/* The mask_ops of tgtd; backend is a struct tgt. See apply.h. */
int tgt_masks_read(void *backend, const char *const *luns, size_t n_luns, struct deadline deadline,
		   struct masks *ret, struct fault *fault);
int tgt_masks_grant(void *backend, const char *const *luns, size_t n_luns, const char *initiator,
		    struct deadline deadline, struct fault *fault);

/*
 * unbind alone does not stop an open session from writing. So the session's connections are deleted
 * too, and listed again until none is left. tgtd removes a session from its list when the session's
 * last command has ended.
 */
int tgt_masks_revoke(void *backend, const char *const *luns, size_t n_luns, const char *initiator,
		     struct deadline deadline, struct fault *fault);

#endif
