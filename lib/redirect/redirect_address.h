/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_REDIRECT_ADDRESS_H
#define LUNMASK_REDIRECT_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "names/portal.h"

/*
 * Each array has an address of this host's own network, 127.0.0.0/8, at which lunmask-redirect
 * answers for it: an iSCSI login names its target, and not the array, and two arrays may have
 * targets of one name. The address is made of the array's name alone, so that it is the same on
 * every host, and in the definition of a domain before and after it has moved:
 *
 *	127.A.B.C, where the lowest 24 bits of the name's CRC-32C are X, B and C, and A = 1 + X %
 *254
 *
 * Running domains have it: it must never change. A is not 0, where others have addresses
 * (127.0.0.1, 127.0.1.1, 127.0.0.53), and not 255, so that it is no broadcast address.
 */
#define REDIRECT_PORTAL_BYTES sizeof("127.255.255.255:860")

/* ADDRESS:PORT */
void redirect_portal_of(const char *array, char ret[static REDIRECT_PORTAL_BYTES]);

/*
 * The same, of an array of the configuration, whose guests may use it. -ENOTUNIQ: another array's
 * name gives that address too, so nobody may use it.
 */
int redirect_portal_get(const struct config *config, const char *array,
			char ret[static REDIRECT_PORTAL_BYTES], struct err *err);

/*
 * The array that is meant by who has connected to this address. At REDIRECT_PORTAL_ANY's, which
 * guests of earlier versions have, it is the only array of the configuration.
 *
 * -ENOTUNIQ: it could be several; -ENOENT: it is none of the configuration.
 */
int redirect_array_find(const struct config *config, const char *address,
			const struct config_array **ret, struct err *err);

#endif
