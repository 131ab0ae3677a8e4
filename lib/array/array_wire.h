/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_WIRE_H
#define LUNMASK_ARRAY_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "array/array.h"
#include "base/err.h"
#include "names/lun.h"

/*
 * Requests and replies of lunmask-array(7) as text. No I/O here.
 *
 * A reply comes from another program, on another host: it is bounded by ARRAY_REPLY_MAX_BYTES,
 * every name in it is checked, and it must speak of exactly the LUNs that were asked for. Anything
 * else is -EPROTO, with text. Members that are not known are passed over.
 */
#define ARRAY_REPLY_MAX_BYTES (4u * 1024 * 1024)
#define ARRAY_HOLDERS_MAX 1024 /* initiators, and nexuses, of one LUN; fenced ones of an array */
#define ARRAY_MASKS_MAX 4096   /* LUNs of an array */

/* The caller frees; NULL when there is no memory. initiator may be NULL. */
char *array_wire_encode_luns(const char *const *names, size_t count, const char *initiator,
			     int timeout_ms);
char *array_wire_encode_masks(const char *const *names, size_t count, int timeout_ms);
/* by: the initiator of the host that asks, or NULL. */
char *array_wire_encode_apply(const struct array_change *change, const char *by, int timeout_ms);
/* fencings below 0 is left out. */
char *array_wire_encode_initiators(const char *const *initiators, size_t count, int64_t fencings,
				   const char *by, int timeout_ms);
char *array_wire_encode_plain(int timeout_ms); /* a request without members of its own */

/* In the order of names. */
int array_wire_decode_luns(const char *reply, size_t bytes, const char *const *names, size_t count,
			   struct lun *ret_luns, struct err *err);
int array_wire_decode_masks(const char *reply, size_t bytes, const char *const *names, size_t count,
			    struct array_masks *ret, struct err *err);

/* All LUNs of the array. One that is there twice stays so: none of its holders is passed over. */
int array_wire_decode_all_masks(const char *reply, size_t bytes, struct array_masks *ret,
				struct err *err);

/* Also reads back: every LUN must have the granted initiator and no path of the revoked one. */
int array_wire_decode_apply(const char *reply, size_t bytes, const struct array_change *change,
			    struct array_changed *ret, struct err *err);

int array_wire_decode_info(const char *reply, size_t bytes, struct array_info *ret,
			   struct err *err);

int array_wire_decode_fenced(const char *reply, size_t bytes, struct array_fenced *ret,
			     struct err *err);

/* "fenced" or "unfenced" (member) must name every initiator that was asked for. */
int array_wire_decode_confirmed(const char *reply, size_t bytes, const char *member,
				const char *const *initiators, size_t count, struct err *err);

/* The reply of a failed verb: its code as -errno, its message as text; -EPROTO if it is none. */
int array_wire_decode_error(const char *reply, size_t bytes, struct err *err);

#endif
