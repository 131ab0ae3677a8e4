/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PORTAL_H
#define LUNMASK_PORTAL_H

#include "base/err.h"

#define PORTALS_MAX 16 /* of one array */

/*
 * 0 when text is ADDRESS:PORT or [IPv6-ADDRESS]:PORT, all in numbers; else -EINVAL with text. A
 * host's name is refused: it would have to be looked up, which no deadline bounds.
 */
int portal_check(const char *text, struct err *err);

#endif
