/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_WIRE_H
#define LUNMASK_ARRAY_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "array/array.h"
#include "base/err.h"
#include "names/lun.h"

/*
 * Encodes the requests and decodes the replies of lunmask-array(7), as JSON text. This module does
 * no I/O.
 *
 * A reply comes from another program on another host. It has at most ARRAY_REPLY_MAX_BYTES, every
 * name in it is checked, and it must list exactly the requested LUNs. Any other reply is -EPROTO,
 * with text. Unknown members are ignored. The caller releases the results of a decoder.
 */
#define ARRAY_REPLY_MAX_BYTES (4u * 1024 * 1024)
#define ARRAY_HOLDERS_MAX 1024 /* initiators or nexuses of a LUN; fenced initiators of an array */
#define ARRAY_HOSTS_MAX 4096   /* hosts that are recorded */
#define ARRAY_MASKS_MAX 4096   /* LUNs of a reply */
#define ARRAY_PORTS_MAX 1024   /* portals of a reply, of which PORTALS_MAX are kept */
#define ARRAY_PAGE_LUNS 16     /* LUNs that are asked for where one is enough */

/* Asks for LUNs that one of the initiators can reach. */
struct array_selection {
	const char *const *initiators;
	size_t count;
	bool rules;
	bool urgent;
	const char *after; /* the last LUN of the page before, or NULL */
};

/* An encoder returns text that the caller frees, or NULL without memory. initiator may be NULL. */
char *array_wire_encode_luns(const char *const *names, size_t count, const char *initiator,
			     int timeout_ms);
/* count 0: all LUNs. */
char *array_wire_encode_catalog(const char *const *names, size_t count, bool health,
				int timeout_ms);
char *array_wire_encode_masks(const char *const *names, size_t count, int timeout_ms);
char *array_wire_encode_selection(const struct array_selection *selection, int timeout_ms);
/* by: the initiator name of the requesting host, or NULL. host: of change->grant, or NULL. */
char *array_wire_encode_apply(const struct array_change *change, const char *host, const char *by,
			      int timeout_ms);
/* A negative fencings is omitted from the request. */
char *array_wire_encode_initiators(const char *const *initiators, size_t count, int64_t fencings,
				   const char *by, int timeout_ms);
/* by: may be NULL. */
char *array_wire_encode_create(const struct array_volume *volume, const char *by, int timeout_ms);
char *array_wire_encode_delete(const char *name, const char *by, int timeout_ms);
char *array_wire_encode_plain(int timeout_ms); /* a request without members of its own */

/* Both decoders return their results in the order of names. */
int array_wire_decode_luns(const char *reply, size_t bytes, const char *const *names, size_t count,
			   struct lun *ret_luns, struct err *err);
int array_wire_decode_masks(const char *reply, size_t bytes, const char *const *names, size_t count,
			    struct array_masks *ret, struct err *err);

/*
 * Decodes masks that were not asked for by name. If a LUN is listed twice, both entries are kept,
 * so that no holder is lost. ret_next is NULL if no pages were asked for; otherwise it has room for
 * LUN_NAME_MAX + 1 characters, and becomes "" if there is no further page.
 */
int array_wire_decode_page(const char *reply, size_t bytes, struct array_masks *ret, char *ret_next,
			   struct err *err);

/* Checks the masks too: each LUN is change->grant's; change->revoke has no grant and no nexus. */
int array_wire_decode_apply(const char *reply, size_t bytes, const struct array_change *change,
			    struct array_changed *ret, struct err *err);

int array_wire_decode_info(const char *reply, size_t bytes, struct array_info *ret,
			   struct err *err);

int array_wire_decode_ports(const char *reply, size_t bytes, struct array_ports *ret,
			    struct err *err);

int array_wire_decode_fenced(const char *reply, size_t bytes, struct array_fenced *ret,
			     struct err *err);

/* Checks that the list member ("fenced" or "unfenced") names every requested initiator. */
int array_wire_decode_confirmed(const char *reply, size_t bytes, const char *member,
				const char *const *initiators, size_t count, struct err *err);

/* The boolean member that says whether the verb has changed anything: "created", "deleted". */
int array_wire_decode_flag(const char *reply, size_t bytes, const char *member, bool *ret,
			   struct err *err);

/* A failed verb's code as -errno, with its message. -EPROTO: no error reply of lunmask-array(7). */
int array_wire_decode_error(const char *reply, size_t bytes, struct err *err);

#endif
