/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_APPLY_H
#define LUNMASK_ARRAY_APPLY_H

#include <stddef.h>

#include "base/deadline.h"
#include "driver/core/fault.h"
#include "driver/core/masks.h"

/*
 * The batch of lunmask-array(7): all of it or nothing, looked at before and after.
 *
 * The caller holds the array's lock. Which product it is does not matter here: it is reached
 * through three functions. What went wrong half-way is not deduced from which call failed, but
 * read from the array: an undo brings back exactly what differs from the first reading.
 */
#define APPLY_LUNS_MAX 256
#define APPLY_ALLOWED_MAX 64

struct mask_ops {
	/* In the order of luns; n_luns 0 means all there are. no-such-lun names the first missing.
	 */
	int (*read)(void *backend, const char *const *luns, size_t n_luns, struct deadline deadline,
		    struct masks *ret, struct fault *fault);
	int (*grant)(void *backend, const char *const *luns, size_t n_luns, const char *initiator,
		     struct deadline deadline, struct fault *fault);
	/* 0 only when the grants are gone, the initiator's nexuses cut, and none was seen again. */
	int (*revoke)(void *backend, const char *const *luns, size_t n_luns, const char *initiator,
		      struct deadline deadline, struct fault *fault);
};

struct apply {
	const char *const *luns;
	size_t n_luns;
	const char *grant;  /* or NULL */
	const char *revoke; /* or NULL */
	const char *const *allowed;
	size_t n_allowed;
};

struct apply_result {
	const char *granted[APPLY_LUNS_MAX]; /* borrowed from struct apply */
	size_t n_granted;
	const char *revoked[APPLY_LUNS_MAX];
	size_t n_revoked;
	struct masks after; /* the caller releases */
};

/* What undo may take when the deadline leaves less. */
#define APPLY_UNDO_MS 10000

int apply_run(const struct mask_ops *ops, void *backend, const struct apply *apply,
	      struct deadline deadline, struct apply_result *ret, struct fault *fault);

#endif
