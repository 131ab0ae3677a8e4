/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/slot.h"

#include <inttypes.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/little.h"

#define SLOT_VERSION 1
#define CRC_BYTES 4

enum offset {
	AT_MAGIC = 0,
	AT_VERSION = 8,
	AT_PAYLOAD_BYTES = 12,
	AT_GENERATION = 16,
	AT_IMAGE = 24,
	AT_RESERVED = 28,
	AT_IMAGE_BYTES = 32,
};

static const unsigned char magic[8] = "LUNMASK";

const char *image_state_to_str(enum image_state state)
{
	static const char *const texts[IMAGE_STATE_MAX] = {
		[IMAGE_NONE] = "none",
		[IMAGE_WRITING] = "being written",
		[IMAGE_VALID] = "valid",
		[IMAGE_CONSUMED] = "consumed",
	};

	return (unsigned int)state < IMAGE_STATE_MAX ? texts[state] : "unknown";
}

size_t slot_used_bytes(const struct slot *slot)
{
	return SLOT_HEADER_BYTES + slot->payload_bytes + CRC_BYTES;
}

int slot_encode(const struct slot *slot, unsigned char *buffer, struct err *err)
{
	size_t crc_at = SLOT_HEADER_BYTES + slot->payload_bytes;

	if (slot->payload_bytes > SLOT_PAYLOAD_MAX) {
		return err_set(err, -EMSGSIZE,
			       "a mapping file of %zu bytes does not fit the state LUN: at most %u",
			       slot->payload_bytes, SLOT_PAYLOAD_MAX);
	}
	if (slot->generation == 0 || (unsigned int)slot->image >= IMAGE_STATE_MAX) {
		return err_set(err, -EINVAL, "generation %" PRIu64 ", image state %u: not a slot",
			       slot->generation, (unsigned int)slot->image);
	}
	memset(buffer, 0, SLOT_BYTES);
	memcpy(buffer + AT_MAGIC, magic, sizeof(magic));
	little_put32(buffer + AT_VERSION, SLOT_VERSION);
	little_put32(buffer + AT_PAYLOAD_BYTES, (uint32_t)slot->payload_bytes);
	little_put64(buffer + AT_GENERATION, slot->generation);
	little_put32(buffer + AT_IMAGE, (uint32_t)slot->image);
	little_put64(buffer + AT_IMAGE_BYTES, slot->image_bytes);
	if (slot->payload_bytes > 0) {
		memcpy(buffer + SLOT_HEADER_BYTES, slot->payload, slot->payload_bytes);
	}
	little_put32(buffer + crc_at, crc32c(buffer, crc_at));
	return 0;
}

static bool all_zero(const unsigned char *buffer, size_t bytes)
{
	return buffer[0] == 0 && memcmp(buffer, buffer + 1, bytes - 1) == 0;
}

static bool header_legal(const unsigned char *buffer)
{
	return little_get32(buffer + AT_VERSION) == SLOT_VERSION &&
	       little_get32(buffer + AT_PAYLOAD_BYTES) <= SLOT_PAYLOAD_MAX &&
	       little_get64(buffer + AT_GENERATION) != 0 &&
	       little_get32(buffer + AT_IMAGE) < IMAGE_STATE_MAX &&
	       little_get32(buffer + AT_RESERVED) == 0;
}

enum slot_verdict slot_decode(const unsigned char *buffer, struct slot *ret)
{
	size_t crc_at;

	memset(ret, 0, sizeof(*ret));
	if (memcmp(buffer + AT_MAGIC, magic, sizeof(magic)) != 0) {
		return all_zero(buffer, SLOT_BYTES) ? SLOT_EMPTY : SLOT_FOREIGN;
	}
	if (little_get32(buffer + AT_VERSION) > SLOT_VERSION) {
		return SLOT_NEWER_VERSION;
	}
	if (!header_legal(buffer)) {
		return SLOT_DAMAGED;
	}
	crc_at = SLOT_HEADER_BYTES + little_get32(buffer + AT_PAYLOAD_BYTES);
	if (little_get32(buffer + crc_at) != crc32c(buffer, crc_at)) {
		return SLOT_DAMAGED;
	}
	*ret = (struct slot){
		.generation = little_get64(buffer + AT_GENERATION),
		.image = (enum image_state)little_get32(buffer + AT_IMAGE),
		.image_bytes = little_get64(buffer + AT_IMAGE_BYTES),
		.payload = (const char *)buffer + SLOT_HEADER_BYTES,
		.payload_bytes = crc_at - SLOT_HEADER_BYTES,
	};
	return SLOT_OK;
}

/* The error for an area in which neither slot is valid. */
static int none_valid(const enum slot_verdict verdict[SLOT_COUNT], struct err *err)
{
	if (verdict[0] == SLOT_EMPTY && verdict[1] == SLOT_EMPTY) {
		return err_set(err, -ENODATA, "the state LUN is empty");
	}
	if (verdict[0] != SLOT_DAMAGED && verdict[1] != SLOT_DAMAGED) {
		return err_set(
			err, -EBADMSG,
			"check which LUN 'state_lun' names: this one has contents that lunmask "
			"did not write, and is not overwritten. A new state LUN must begin with "
			"%u zero bytes",
			SLOT_AREA_BYTES);
	}
	return err_set(
		err, -EUCLEAN,
		"the state LUN has no valid state (first copy %s, second copy %s), and is not "
		"overwritten. Restore its first %u bytes from a copy. Or, if the VM's domain "
		"XML is at hand ('config') and no saved memory is needed, fill them with "
		"zeros and start the VM",
		slot_verdict_to_str(verdict[0]), slot_verdict_to_str(verdict[1]), SLOT_AREA_BYTES);
}

const char *slot_verdict_to_str(enum slot_verdict verdict)
{
	static const char *const texts[] = {
		[SLOT_OK] = "valid",
		[SLOT_EMPTY] = "empty",
		[SLOT_DAMAGED] = "damaged",
		[SLOT_FOREIGN] = "not written by lunmask",
		[SLOT_NEWER_VERSION] = "of a newer version",
	};

	return texts[verdict];
}

int slot_choose(const unsigned char *area, struct slot *ret, size_t *ret_index, struct err *err)
{
	struct slot slots[SLOT_COUNT];
	enum slot_verdict verdict[SLOT_COUNT];
	size_t newest;

	for (size_t i = 0; i < SLOT_COUNT; i++) {
		verdict[i] = slot_decode(area + i * SLOT_BYTES, &slots[i]);
		if (verdict[i] == SLOT_NEWER_VERSION) {
			return err_set(
				err, -ENOTSUP,
				"the state LUN was written by a newer lunmask (layout %u, this "
				"one knows %u): upgrade lunmask on this host",
				little_get32(area + i * SLOT_BYTES + AT_VERSION), SLOT_VERSION);
		}
	}
	if (verdict[0] != SLOT_OK && verdict[1] != SLOT_OK) {
		return none_valid(verdict, err);
	}
	if (verdict[0] == SLOT_OK && verdict[1] == SLOT_OK &&
	    slots[0].generation == slots[1].generation) {
		return err_set(
			err, -EUCLEAN,
			"both copies on the state LUN have generation %" PRIu64
			": two hosts wrote at the same time. Find out which copy is right, and "
			"fill the first 512 bytes of the other with zeros",
			slots[0].generation);
	}
	newest = verdict[0] != SLOT_OK ||
		 (verdict[1] == SLOT_OK && slots[1].generation > slots[0].generation);
	*ret = slots[newest];
	*ret_index = newest;
	return 0;
}
