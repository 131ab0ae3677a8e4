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
 * The client of an array driver (lunmask-array(7)): one call, one verb, one program run.
 *
 * The array is the truth about masks: nothing is cached. Failures carry the driver's typed error
 * as errno (see array_error_to_errno()) and its message.
 *
 * -ECONNREFUSED the array's management cannot be reached (also -EHOSTUNREACH, -ETIMEDOUT)
 * -EBUSY        transient: try again
 * -ENXIO        no such LUN
 * -EPERM        another host holds the LUN ("held"), or the initiator is fenced
 * -ESHUTDOWN    this host is fenced: nothing was changed
 * -EPROTO       the reply is not what lunmask-array(7) says
 * -ENOTRECOVERABLE  a batch failed and its undo failed too: masks must be read
 */
struct array {
	const char *name; /* for messages */
	const char *driver;
	const char *by; /* the initiator of the host that asks; NULL: it is none */
	struct runner runner;
};

/* Who may see one LUN, and who has a session open to it. */
struct array_mask {
	char lun[LUN_NAME_MAX + 1];
	char (*initiators)[ISCSI_NAME_MAX + 1];
	size_t n_initiators;
	char (*nexuses)[ISCSI_NAME_MAX + 1]; /* initiators with a live nexus; one entry a nexus */
	size_t n_nexuses;
};

struct array_masks {
	struct array_mask *masks;
	size_t count;
};

/* One batch: all or nothing, checked and carried out under the array's lock. */
struct array_change {
	const char *const *luns; /* names */
	size_t n_luns;
	const char *grant;  /* initiator to add to each of the LUNs, or NULL */
	const char *revoke; /* initiator to take from each of the LUNs, or NULL */
	/*
	 * Holders that are legal besides the granted and the revoked one. A LUN that anyone else
	 * holds fails the batch with -EPERM before anything is changed.
	 */
	const char *const *allowed;
	size_t n_allowed;
};

/* What a batch changed: only what was not so before. An undo removes exactly this. */
struct array_changed {
	char (*granted)[LUN_NAME_MAX + 1];
	size_t n_granted;
	char (*revoked)[LUN_NAME_MAX + 1];
	size_t n_revoked;
};

#define ARRAY_PROTOCOL 1
#define ARRAY_CAPABILITIES_MAX 64

/* What the driver says it can do, as far as it matters here. */
struct array_info {
	bool revoke_cuts_nexus;
	bool nexus_list;
	bool fence;
	bool requester;
};

/* The initiators that are fenced, and how many fencings there were until then. */
struct array_fenced {
	char (*names)[ISCSI_NAME_MAX + 1];
	size_t count;
	int64_t fencings;
};

/* -EPROTO also when the driver speaks another protocol. */
int array_info(const struct array *array, struct deadline deadline, struct array_info *ret,
	       struct err *err);

/* Describes the named LUNs with the addresses under which initiator sees them, in that order. */
int array_luns(const struct array *array, const char *const *names, size_t count,
	       const char *initiator, struct deadline deadline, struct lun *ret_luns,
	       struct err *err);

int array_masks(const struct array *array, const char *const *names, size_t count,
		struct deadline deadline, struct array_masks *ret, struct err *err);
/* Of every LUN that the array has. */
int array_all_masks(const struct array *array, struct deadline deadline, struct array_masks *ret,
		    struct err *err);
void array_masks_release(struct array_masks *masks);

bool array_mask_holds(const struct array_mask *mask, const char *initiator);
/* A grant or a nexus. */
bool array_mask_reaches(const struct array_mask *mask, const char *initiator);

/* ret_changed is valid on success only and may be NULL. */
int array_apply(const struct array *array, const struct array_change *change,
		struct deadline deadline, struct array_changed *ret_changed, struct err *err);
void array_changed_release(struct array_changed *changed);

/*
 * Cuts initiators off from all LUNs and keeps them off until array_unfence(), which grants nothing.
 * Both may be repeated. When a fence fails, its record may be there all the same. An unfence is
 * refused (-EPERM) when one of the initiators was fenced after the answer that said fencings.
 */
int array_fence(const struct array *array, const char *const *initiators, size_t count,
		struct deadline deadline, struct err *err);
int array_unfence(const struct array *array, const char *const *initiators, size_t count,
		  int64_t fencings, struct deadline deadline, struct err *err);

int array_fenced(const struct array *array, struct deadline deadline, struct array_fenced *ret,
		 struct err *err);
bool array_fenced_has(const struct array_fenced *fenced, const char *initiator);
void array_fenced_release(struct array_fenced *fenced);

#endif
