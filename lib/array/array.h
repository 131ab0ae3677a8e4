/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_H
#define LUNMASK_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "array/array_error.h"
#include "base/deadline.h"
#include "base/err.h"
#include "names/lun.h"
#include "process/runner.h"

/*
 * The client of an array driver (lunmask-array(7)). Each call runs the driver once, for one verb.
 *
 *	struct array array = {.name = "san1", .driver = "lunmask-array-tgt", .by = initiator,
 *			      .runner = {.transport = "ssh://root@san1"}};
 *	rc = array_masks(&array, names, count, deadline, &masks, err);
 *	array_masks_release(&masks);
 *
 * The array is the only authority on masks: nothing is cached. The caller owns struct array and its
 * strings, and releases every result that has a release function.
 *
 * A function that returns int returns 0, or -errno with text. A failure of the driver has its typed
 * error as errno (see array_error_to_errno()) and its message as text:
 *
 * -ECONNREFUSED the array's management cannot be reached (also -EHOSTUNREACH, -ETIMEDOUT)
 * -EBUSY        a transient error: try again
 * -ENXIO        no such LUN
 * -EPERM        another host holds the LUN ("held"), or the initiator is fenced
 * -ESHUTDOWN    the requesting host is fenced: nothing was changed
 * -EPROTO       the reply does not conform to lunmask-array(7)
 * -ENOTRECOVERABLE  a batch failed and its undo failed too: the caller must read the masks
 *
 * The errors of runner_run() are also possible.
 */
struct array {
	const char *name; /* for messages */
	const char *driver;
	const char *by; /* the initiator name of the requesting host, or NULL if it has none */
	struct runner runner;
};

/* The initiators that may see one LUN, and those that have an open session to it. */
struct array_mask {
	char lun[LUN_NAME_MAX + 1];
	char (*initiators)[ISCSI_NAME_MAX + 1];
	size_t n_initiators;
	char (*nexuses)[ISCSI_NAME_MAX + 1]; /* the initiator of each live nexus */
	size_t n_nexuses;
};

struct array_masks {
	struct array_mask *masks;
	size_t count;
};

/* One batch. The driver checks and applies it under the array's lock, completely or not at all. */
struct array_change {
	const char *const *luns; /* names */
	size_t n_luns;
	const char *grant;  /* the initiator to grant each of the LUNs to, or NULL */
	const char *revoke; /* the initiator to revoke each of the LUNs from, or NULL */
	/*
	 * Legal holders besides grant and revoke. If any other initiator holds a LUN, the batch
	 * fails with -EPERM before anything is changed.
	 */
	const char *const *allowed;
	size_t n_allowed;
};

/*
 * The LUNs whose masks a batch really changed; a LUN that was already granted or revoked is not
 * listed. An undo reverts exactly these changes.
 */
struct array_changed {
	char (*granted)[LUN_NAME_MAX + 1];
	size_t n_granted;
	char (*revoked)[LUN_NAME_MAX + 1];
	size_t n_revoked;
};

#define ARRAY_PROTOCOL 1
#define ARRAY_CAPABILITIES_MAX 64

/* The driver's capabilities that lunmask uses. */
struct array_info {
	bool revoke_cuts_nexus;
	bool nexus_list;
	bool fence;
	bool requester;
};

/* The fenced initiators, and the number of fencings that the array has recorded so far. */
struct array_fenced {
	char (*names)[ISCSI_NAME_MAX + 1];
	size_t count;
	int64_t fencings;
};

/* -EPROTO also if the driver's protocol version is not ARRAY_PROTOCOL. */
int array_info(const struct array *array, struct deadline deadline, struct array_info *ret,
	       struct err *err);

/*
 * Describes the named LUNs, in the order of names, with the addresses under which initiator sees
 * them. ret_luns has room for count LUNs.
 */
int array_luns(const struct array *array, const char *const *names, size_t count,
	       const char *initiator, struct deadline deadline, struct lun *ret_luns,
	       struct err *err);

/* Reads the masks of the named LUNs, in the order of names. */
int array_masks(const struct array *array, const char *const *names, size_t count,
		struct deadline deadline, struct array_masks *ret, struct err *err);
/* Reads the masks of every LUN of the array. */
int array_all_masks(const struct array *array, struct deadline deadline, struct array_masks *ret,
		    struct err *err);
void array_masks_release(struct array_masks *masks);

/* True if the initiator has a grant. */
bool array_mask_holds(const struct array_mask *mask, const char *initiator);
/* True if the initiator has a grant or a nexus. */
bool array_mask_has_access(const struct array_mask *mask, const char *initiator);

/*
 * Applies one batch and checks the masks in the reply. ret_changed may be NULL; *ret_changed is
 * valid on success only.
 */
int array_apply(const struct array *array, const struct array_change *change,
		struct deadline deadline, struct array_changed *ret_changed, struct err *err);
void array_changed_release(struct array_changed *changed);

/*
 * array_fence() removes all access of the initiators, and the array refuses them every new grant
 * until array_unfence(). array_unfence() grants nothing. Both calls may be repeated. If a fence
 * fails, the array may nevertheless have recorded the initiators as fenced.
 *
 * fencings is the number that array_fenced() returned before. If an initiator was fenced again
 * after that, the array refuses the unfence (-EPERM).
 */
int array_fence(const struct array *array, const char *const *initiators, size_t count,
		struct deadline deadline, struct err *err);
int array_unfence(const struct array *array, const char *const *initiators, size_t count,
		  int64_t fencings, struct deadline deadline, struct err *err);

/* Lists the fenced initiators. */
int array_fenced(const struct array *array, struct deadline deadline, struct array_fenced *ret,
		 struct err *err);
bool array_fenced_has(const struct array_fenced *fenced, const char *initiator);
void array_fenced_release(struct array_fenced *fenced);

#endif
