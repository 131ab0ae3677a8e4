/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PORTAL_ORPHAN_H
#define LUNMASK_PORTAL_ORPHAN_H

#include <stddef.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * A connection to a portal that its program has closed, while the kernel still tries to send what
 * was written to it. If the link was dead and comes back, the array gets a WRITE minutes late:
 * after the same WRITE, and newer ones to the same blocks, have reached it through another portal.
 * So the guest's data is safe on another portal only when no such connection is left on this host.
 *
 * Ends them (SOCK_DESTROY, sock_diag(7); CAP_NET_ADMIN), and looks again. portals: ADDRESS:PORT.
 *
 * -EBUSY: the kernel does not end one; it gives up by itself after minutes. -EPERM, -EIO.
 */
int portal_orphans_end(const char *const *portals, size_t n_portals, struct deadline deadline,
		       struct err *err);

#endif
