/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_APPLY_H
#define LUNMASK_ARRAY_APPLY_H

#include <stddef.h>

#include "base/deadline.h"
#include "driver/core/fault.h"
#include "driver/core/masks.h"

/*
 * The batch of lunmask-array(7): all of it is done or nothing. The masks are read before and after.
 *
 *	apply_run(&ops, backend, &apply, deadline, &result, &fault);
 *	masks_release(&result.after);        after 0
 *
 * The caller holds the array's lock and owns all arguments. This module does not depend on the
 * product: it uses the array through three functions. After a failure it does not guess from the
 * failed call what was changed. It reads the masks again and undoes exactly what differs from the
 * first reading.
 *
 * Errors: "held", "internal" if the result is wrong when read back, "not-undone" if the undo failed
 * too, and the errors of the ops.
 */
#define APPLY_LUNS_MAX 256
#define APPLY_ALLOWED_MAX 64

struct mask_ops {
	/*
	 * Reads the masks in the order of luns; n_luns 0: all LUNs. no-such-lun names the first
	 * missing LUN.
	 */
	int (*read)(void *backend, const char *const *luns, size_t n_luns, struct deadline deadline,
		    struct masks *ret, struct fault *fault);
	int (*grant)(void *backend, const char *const *luns, size_t n_luns, const char *initiator,
		     struct deadline deadline, struct fault *fault);
	/*
	 * 0 only if the grants are removed, the initiator's nexuses are closed, and none was found
	 * afterwards.
	 */
	int (*revoke)(void *backend, const char *const *luns, size_t n_luns, const char *initiator,
		      struct deadline deadline, struct fault *fault);
};

struct apply {
	const char *const *luns;
	size_t n_luns;
	const char *grant;  /* initiator, or NULL */
	const char *revoke; /* initiator, or NULL */
	const char *const *allowed;
	size_t n_allowed;
};

struct apply_result {
	const char *granted[APPLY_LUNS_MAX]; /* borrowed from struct apply */
	size_t n_granted;
	const char *revoked[APPLY_LUNS_MAX];
	size_t n_revoked;
	struct masks after; /* owned by the caller, after 0 */
};

/* Time for the undo in ms, if the deadline leaves less. */
#define APPLY_UNDO_MS 10000

int apply_run(const struct mask_ops *ops, void *backend, const struct apply *apply,
	      struct deadline deadline, struct apply_result *ret, struct fault *fault);

#endif
