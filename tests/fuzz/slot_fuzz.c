/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libFuzzer target: the two slots of a state LUN. What is chosen must encode to the same bytes. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "state/slot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Half of the input begins each slot. The CRC is made right, or nothing would get past it. */
static void slot_fill(unsigned char *slot, const uint8_t *data, size_t size)
{
	uint32_t bytes, crc;

	memcpy(slot, data, size);
	memcpy(&bytes, slot + 12, sizeof(bytes));
	if (bytes <= SLOT_PAYLOAD_MAX && size > 0 && data[size - 1] % 2 == 0) {
		crc = crc32c(slot, SLOT_HEADER_BYTES + bytes);
		memcpy(slot + SLOT_HEADER_BYTES + bytes, &crc, sizeof(crc));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char area[SLOT_AREA_BYTES], again[SLOT_BYTES];
	struct err err = ERR_INIT;
	struct slot slot;
	size_t index;

	if (size > SLOT_BYTES) {
		return 0;
	}
	memset(area, 0, sizeof(area));
	slot_fill(area, data, size / 2);
	slot_fill(area + SLOT_BYTES, data + size / 2, size - size / 2);
	if (slot_choose(area, &slot, &index, &err) < 0) {
		if (*err_text(&err) == '\0') {
			abort();
		}
		return 0;
	}
	if (index >= SLOT_COUNT || slot_encode(&slot, again, NULL) < 0 ||
	    memcmp(again, area + index * SLOT_BYTES, slot_used_bytes(&slot)) != 0) {
		abort();
	}
	return 0;
}
