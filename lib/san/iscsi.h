/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ISCSI_H
#define LUNMASK_ISCSI_H

#include <stddef.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"
#include "names/lun.h"

/*
 * A session to one LUN through one portal, by libiscsi: login, a few commands, logout.
 *
 * Every call ends by its deadline; nothing reconnects by itself; a failed call leaves the session
 * unusable and only iscsi_lun_close() is legal then.
 *
 * -EHOSTUNREACH the portal does not answer
 * -EACCES       the login was refused (masked, or authentication)
 * -ENXIO        the session is up but REPORT LUNS does not list the LUN, or no longer
 * -EBUSY        the LUN says so: try again
 * -ETIMEDOUT, -EIO, -EINVAL (a portal or name that is not one; a transfer beyond the LUN)
 */
struct iscsi_path {
	const char *portal; /* "address:port" in numbers: a name would be looked up unbounded */
	const char *initiator;
	const char *target;
	unsigned int number;
};

struct iscsi_lun;

/* What the LUN says of itself. */
struct iscsi_facts {
	char designators[LUN_DESIGNATORS_MAX][LUN_DESIGNATOR_MAX + 1]; /* of the logical unit */
	size_t n_designators;
	uint64_t size_bytes;
	uint32_t block_bytes;
};

int iscsi_lun_open(const struct iscsi_path *path, struct deadline deadline, struct iscsi_lun **ret,
		   struct err *err);

/* Logs out if there is time before the deadline, and frees. Accepts NULL. */
void iscsi_lun_close(struct iscsi_lun *lun, struct deadline deadline);

/* INQUIRY VPD 0x83 and READ CAPACITY. */
int iscsi_lun_facts(struct iscsi_lun *lun, struct deadline deadline, struct iscsi_facts *ret,
		    struct err *err);

/* offset_bytes and bytes are multiples of the LUN's block size. */
int iscsi_lun_read(struct iscsi_lun *lun, uint64_t offset_bytes, void *data, size_t bytes,
		   struct deadline deadline, struct err *err);
int iscsi_lun_write(struct iscsi_lun *lun, uint64_t offset_bytes, const void *data, size_t bytes,
		    struct deadline deadline, struct err *err);

/* SYNCHRONIZE CACHE of the whole LUN: what was written before is durable after. */
int iscsi_lun_flush(struct iscsi_lun *lun, struct deadline deadline, struct err *err);

/*
 * Invariant I6 on one path: opens, reads the facts, compares with what is expected of the LUN
 * (designator among those it carries, size), closes. A mismatch is -EUCLEAN, with both names in
 * the text.
 */
int iscsi_path_verify(const struct iscsi_path *path, const struct lun *expected,
		      struct deadline deadline, struct err *err);

/*
 * iscsi_path_verify() for every LUN on every portal. Succeeds when each LUN was verified on at
 * least paths_required portals (0 = all). A mismatch on any path is a failure whatever the rest
 * says. ret_paths, when not NULL, gets the smallest number of good paths any LUN has, also when it
 * is too small.
 *
 * All paths are tried side by side, each for at most 5 s of the deadline.
 */
int iscsi_luns_verify(const struct lun *luns, size_t n_luns, const char *const *portals,
		      size_t n_portals, const char *initiator, size_t paths_required,
		      struct deadline deadline, size_t *ret_paths, struct err *err);

#endif
