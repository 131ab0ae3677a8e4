/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SLOT_H
#define LUNMASK_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Encodes and decodes the first MiB of a state LUN: two slots of 512 KiB, which are written in
 * turn. This module does no I/O.
 *
 * The newest valid slot is the state. A write goes to the other slot, so that a torn write loses
 * nothing. The layout of a slot, little-endian:
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
	IMAGE_WRITING = 1,  /* a save has begun and has not been completed */
	IMAGE_VALID = 2,    /* the guest's memory; no vCPU has run since the save */
	IMAGE_CONSUMED = 3, /* was restored into a paused domain; must not be restored again */
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
 * Why a slot cannot be used. EMPTY means all zero, and FOREIGN another magic. If neither slot is
 * valid, an area with a FOREIGN or DAMAGED slot is never overwritten. If the other slot is valid, a
 * DAMAGED or FOREIGN slot is the result of a torn write: the first write to a slot may have lost
 * its header.
 */
enum slot_verdict { SLOT_OK, SLOT_EMPTY, SLOT_DAMAGED, SLOT_FOREIGN, SLOT_NEWER_VERSION };

const char *slot_verdict_to_str(enum slot_verdict verdict);

/* The bytes of the 512 KiB that must be written: header, payload and CRC. */
size_t slot_used_bytes(const struct slot *slot);

/*
 * Fills buffer, which has SLOT_BYTES. -EMSGSIZE if the payload is longer than SLOT_PAYLOAD_MAX,
 * -EINVAL for generation 0 or an undefined image state; with text.
 */
int slot_encode(const struct slot *slot, unsigned char *buffer, struct err *err);
/* *ret is valid for SLOT_OK only. Its payload points into buffer. */
enum slot_verdict slot_decode(const unsigned char *buffer, struct slot *ret);

/*
 * Chooses the slot that is the state. area has SLOT_AREA_BYTES, and the payload of *ret points into
 * it. 0, with the index of the slot in *ret_index, or with text:
 *
 * -ENODATA   both slots are empty: the area is new
 * -EUCLEAN   no slot is valid and at least one is damaged, or both have the same generation
 * -EBADMSG   the area has contents that lunmask did not write
 * -ENOTSUP   a newer version of lunmask wrote one of the slots, even if the other slot is valid
 */
int slot_choose(const unsigned char *area, struct slot *ret, size_t *ret_index, struct err *err);

#endif
