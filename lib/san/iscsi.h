/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ISCSI_H
#define LUNMASK_ISCSI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"
#include "config/chap.h"
#include "names/lun.h"
#include "names/portal.h"

/*
 * An iSCSI session to one LUN through one portal, by libiscsi: login, a few commands, logout.
 *
 *	rc = iscsi_lun_open(&path, deadline, &lun, err);
 *	rc = iscsi_lun_read(lun, 0, data, bytes, deadline, err);
 *	iscsi_lun_close(lun, deadline);
 *
 * Every call returns by its deadline. The session is never reconnected automatically. After a
 * failed call, only iscsi_lun_close() is legal. The caller owns the session; the strings of the
 * path are copied. A function that returns int returns 0, or -errno with text:
 *
 * -EHOSTUNREACH the portal does not answer
 * -EACCES       the login was refused: the host is masked
 * -EKEYREJECTED CHAP has failed, either way, or a secret of it cannot be used on this host
 * -ENXIO        the session is open, but the LUN is not, or no longer, presented to this host
 * -EBUSY        the LUN reports BUSY or TASK SET FULL: try again
 * -EBADMSG      the LUN's VPD page 0x83 is malformed
 * -EINVAL       an illegal portal, name or LUN number, or a transfer beyond the LUN
 * -ENOTSUP      lunmask was built without libiscsi
 * -ETIMEDOUT, -EIO
 */
struct iscsi_path {
	const char *portal; /* "address:port", numeric: no deadline bounds a name lookup */
	const char *initiator;
	const char *target;
	unsigned int number;
	const struct chap *chap; /* NULL: without CHAP; must outlive the session */
};

struct iscsi_lun;

/*
 * 0, or -ENOTSUP: lunmask was built without libiscsi (configure --without-libiscsi). Such a node
 * runs no VM, since no LUN can be verified there (docs/decisions/0030). What would grant a LUN to
 * this host asks it first; every other call fails with the same text.
 */
int iscsi_supported(struct err *err);

/* What the LUN reports about itself. */
struct iscsi_facts {
	char designators[LUN_DESIGNATORS_MAX][LUN_DESIGNATOR_MAX + 1]; /* of the logical unit */
	size_t n_designators;
	uint64_t size_bytes;
	uint32_t block_bytes;
};

int iscsi_lun_open(const struct iscsi_path *path, struct deadline deadline, struct iscsi_lun **ret,
		   struct err *err);

/* Logs out, if that is possible before the deadline, and frees the session. Accepts NULL. */
void iscsi_lun_close(struct iscsi_lun *lun, struct deadline deadline);

/* Reads VPD page 0x83 (INQUIRY) and the size (READ CAPACITY). */
int iscsi_lun_facts(struct iscsi_lun *lun, struct deadline deadline, struct iscsi_facts *ret,
		    struct err *err);

/* offset_bytes and bytes are multiples of the LUN's block size. */
int iscsi_lun_read(struct iscsi_lun *lun, uint64_t offset_bytes, void *data, size_t bytes,
		   struct deadline deadline, struct err *err);
int iscsi_lun_write(struct iscsi_lun *lun, uint64_t offset_bytes, const void *data, size_t bytes,
		    struct deadline deadline, struct err *err);

/* SYNCHRONIZE CACHE of the whole LUN: makes all earlier writes durable. */
int iscsi_lun_flush(struct iscsi_lun *lun, struct deadline deadline, struct err *err);

/*
 * Verifies one path (invariant I6): opens a session, reads the facts, compares them with the
 * expected LUN, and closes the session. The expected designator must be one of those that the LUN
 * reports, and the size must be equal. A mismatch is -EUCLEAN, with both names or sizes in the
 * text.
 */
int iscsi_path_verify(const struct iscsi_path *path, const struct lun *expected,
		      struct deadline deadline, struct err *err);

/* The portals through which every LUN was verified, in the order in which they were given. */
struct iscsi_portals {
	bool good[PORTALS_MAX];
	size_t n_good;
};

/* The index of the first one; n_good must not be 0. */
size_t iscsi_portals_first(const struct iscsi_portals *portals);

/*
 * Runs iscsi_path_verify() for every LUN on every portal: 1 to VM_LUNS_MAX LUNs and 1 to
 * PORTALS_MAX portals. chap may be NULL. Succeeds if every LUN was verified through at least
 * portals_required portals (0 = all). A mismatch on any path is a failure, even if enough portals
 * are good; then *ret has none. Otherwise *ret, if ret is not NULL, has the good ones, even if they
 * are too few.
 *
 * All portals are tried in parallel, with as many LUNs at a time as make 256 paths. A path is tried
 * for at most 5 s and at most until the deadline. A portal on which a LUN has failed is not tried
 * for other LUNs, so portals that do not answer cost 5 s together.
 */
int iscsi_luns_verify(const struct lun *luns, size_t n_luns, const char *const *portals,
		      size_t n_portals, const char *initiator, const struct chap *chap,
		      size_t portals_required, struct deadline deadline, struct iscsi_portals *ret,
		      struct err *err);

/*
 * The portal that a domain's drives are given: redirect, where logins are redirected, if each LUN
 * was verified through it, else first, which was verified. redirect "": there is none.
 */
const char *iscsi_source_portal(const struct lun *luns, size_t n_luns, const char *first,
				const char *redirect, const char *initiator,
				const struct chap *chap, struct deadline deadline);

#endif
