/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PORTAL_CHOICE_H
#define LUNMASK_PORTAL_CHOICE_H

#include <stddef.h>

#include "base/deadline.h"
#include "base/err.h"
#include "config/chap.h"

/*
 * Which of some portals lets this host log in to a target now: the first in their order, where one
 * that does not answer holds the others up for PORTAL_CHOICE_WAIT_MS at most. All are tried side by
 * side, each for 5 s at most, and each session is ended again. 1 to PORTAL_CHOICE_MAX portals.
 *
 * -EHOSTUNREACH, -EACCES, -ETIMEDOUT: none does; the text has the reason of the first one.
 */
#define PORTAL_CHOICE_MAX 256
#define PORTAL_CHOICE_WAIT_MS 1000

struct portal_place {
	const char *portal;
	const struct chap *chap; /* of its array; NULL: without CHAP */
};

int portal_choose(const char *initiator, const char *target, const struct portal_place *portals,
		  size_t n_portals, struct deadline deadline, size_t *ret, struct err *err);

#endif
