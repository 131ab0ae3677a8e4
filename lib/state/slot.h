/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SLOT_H
#define LUNMASK_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * The first MiB of a state LUN: two slots of 512 KiB, written in turn. No I/O here.
 *
 * The newest valid slot is the state; a write goes to the other one, so that a torn write loses
 * nothing. Layout of a slot, little-endian:
 *
 *	 0  8  magic "LUNMASK\0"
 *	 8  4  version, 1
 *	12  4  length of the payload in bytes
 *	16  8  generation, 1 and up
 *	24  4  image state, enum image_state
 *	28  4  reserved, 0
 *	32  8  image length in bytes (the bytes of the image area that the image uses; 0 = unknown)
 *	40  .  payload: the mapping file
 *	 .  4  CRC-32C of everything before
 */
#define SLOT_BYTES (512u * 1024)
#define SLOT_COUNT 2
#define SLOT_AREA_BYTES (SLOT_COUNT * SLOT_BYTES) /* the image area begins here */
#define SLOT_HEADER_BYTES 40u
#define SLOT_PAYLOAD_MAX (SLOT_BYTES - SLOT_HEADER_BYTES - 4)

/* What the image area holds. Only VALID may be restored. */
enum image_state {
	IMAGE_NONE = 0,     /* nothing; the guest's last run did not end in a save */
	IMAGE_WRITING = 1,  /* a save began and was not finished */
	IMAGE_VALID = 2,    /* the guest's memory, and no vCPU has run since */
	IMAGE_CONSUMED = 3, /* it was restored, into a domain that did not run yet; never again */
	IMAGE_STATE_MAX
};

const char *image_state_to_str(enum image_state state);

struct slot {
	uint64_t generation;
	enum image_state image;
	uint64_t image_bytes;
	const char *payload; /* not NUL-terminated; points into the decoded buffer */
	size_t payload_bytes;
};

/*
 * Why a slot cannot be used. EMPTY (all zero) and FOREIGN (another magic) differ: an area is never
 * written over when neither slot is ours. Beside a valid slot everything else is the remains of a
 * write that was cut short (the very first one to a slot may have lost its header).
 */
enum slot_verdict { SLOT_OK, SLOT_EMPTY, SLOT_DAMAGED, SLOT_FOREIGN, SLOT_NEWER_VERSION };

const char *slot_verdict_to_str(enum slot_verdict verdict);

/* Header, payload and CRC: what of the 512 KiB must be written. */
size_t slot_used_bytes(const struct slot *slot);

/*
 * buffer has SLOT_BYTES. -EMSGSIZE when the payload is too long, -EINVAL for generation 0 or an
 * image state that does not exist.
 */
int slot_encode(const struct slot *slot, unsigned char *buffer, struct err *err);
enum slot_verdict slot_decode(const unsigned char *buffer, struct slot *ret);

/*
 * Which of the two is the state. area has SLOT_AREA_BYTES. 0 and the index in *ret_index, or
 * -ENODATA (both empty: never formatted), -EUCLEAN (damaged, or both of one generation, with what
 * to do), -EBADMSG (holds something that is not ours), -ENOTSUP (one was written by a newer
 * version, whatever the other is), with text.
 */
int slot_choose(const unsigned char *area, struct slot *ret, size_t *ret_index, struct err *err);

#endif
