/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PORTAL_H
#define LUNMASK_PORTAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "names/name_limits.h"

#define PORTALS_MAX 16 /* portals of one array */

#define ISCSI_PORT "3260" /* where an address has none */

/*
 * Where lunmask-redirect answers, on each host: it sends whoever logs in on to a portal that lets
 * this host in. Each array has an address in 127.0.0.0/8 (redirect/redirect_address.h);
 * REDIRECT_PORTAL_ANY is what domains of earlier versions have. The port is IANA's for iSCSI, and
 * nobody but root can listen there.
 */
#define REDIRECT_PORT 860
#define REDIRECT_PORTAL_ANY "127.0.0.1:860"

/* The address and TCP port at which an array serves iSCSI. */
struct portal {
	char address[ISCSI_PORTAL_MAX + 1]; /* without the brackets of an IPv6 address */
	uint16_t port;
};

/* ADDRESS:PORT or [IPv6]:PORT, numeric: no deadline bounds a name lookup. 0 or -EINVAL, text. */
int portal_from_str(const char *text, struct portal *ret, struct err *err);

/* The same, for its answer alone. */
int portal_check(const char *text, struct err *err);

/* Whether lunmask-redirect answers there, for some array or for none. */
bool portal_redirects(const char *text);

#endif
