/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_APPLY_H
#define LUNMASK_ARRAY_APPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/deadline.h"
#include "driver/core/fault.h"
#include "driver/core/masks.h"

/*
 * The batch of lunmask-array(7). The masks are read before and after. A batch that grants is done
 * completely or not at all. A batch that only revokes has no undo: taking away is always legal, and
 * giving back is not. It stays as far as it came, and the caller repeats it.
 *
 *	apply_run(&ops, backend, &apply, deadline, &result, &fault);
 *	masks_release(&result.after);        after 0
 *
 * The caller holds the array's lock and owns all arguments. This module does not depend on the
 * product: it uses the array through a few functions. The undo does not guess from the failed call
 * what was changed. It reads the masks again and undoes exactly what differs from the first
 * reading, except that a fenced initiator is given nothing back.
 *
 * A LUN is of one of two classes. One that may be written is held by no other initiator than the
 * request names. A read-only one may be held by any number, since the array lets none of them
 *write. A request to grant says which class it means, and is refused if a LUN is of the other.
 *
 * Errors: "fenced", "read-only", "held", "internal" if the result is wrong when read back,
 *"not-undone" if the undo failed too, and the errors of the ops.
 */
#define APPLY_LUNS_MAX 256
#define APPLY_ALLOWED_MAX 64

struct mask_ops {
	/* A fenced initiator is granted nothing, by a request or by its undo. */
	bool (*is_fenced)(const void *backend, const char *initiator);
	/* Is the LUN of the class that no initiator can write to? NULL: no LUN is. */
	bool (*is_read_only)(const void *backend, const char *lun);
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
	bool read_only; /* the LUNs to grant are read-only, so others may hold them */
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
