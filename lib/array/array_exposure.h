/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_EXPOSURE_H
#define LUNMASK_ARRAY_EXPOSURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "names/lun.h"
#include "names/portal.h"

/*
 * On which portals of the array a LUN is exposed: what the reply to the verb luns has as "portals"
 * of a LUN (lunmask-array(7)). A driver whose array exposes each LUN on all portals leaves that
 * out.
 */
struct array_exposure {
	bool everywhere;
	char portals[PORTALS_MAX][ISCSI_PORTAL_MAX + 1]; /* those that are numeric addresses */
	size_t n_portals;
};

/* True if the LUN is exposed there. */
bool array_exposure_has(const struct array_exposure *exposure, const char *portal);

/*
 * Decodes that reply, in the order of names; no I/O. -EPROTO, with text: a LUN that was asked for
 * is missing or described twice, or its portals are no list of texts.
 */
int array_exposure_decode(const char *reply, size_t bytes, const char *const *names, size_t count,
			  struct array_exposure *ret, struct err *err);

#endif
