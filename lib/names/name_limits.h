/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_NAME_LIMITS_H
#define LUNMASK_NAME_LIMITS_H

/* The maximum length of each name, in characters, without the terminating NUL. */
#define LUN_NAME_MAX 63        /* letters, digits, '.', '_', '-'; starts with a letter or digit */
#define LUN_DESIGNATOR_MAX 127 /* prefix included */
#define ISCSI_NAME_MAX 223     /* RFC 7143 4.2.7.1 */
#define ISCSI_PORTAL_MAX 127   /* "address:port"; IPv6 addresses in brackets */
#define NODE_NAME_MAX 255
#define VM_NAME_MAX 127
#define HOST_ID_MAX 287 /* "NODE@CLUSTER": a host, on an array that several clusters use */

#endif
