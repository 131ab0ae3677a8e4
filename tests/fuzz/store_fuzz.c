/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libFuzzer target: the store's record of itself. What is taken must encode to the same bytes. */

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "store/store_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t bytes[STORE_STATE_BYTES_MAX + 8], again[STORE_STATE_BYTES_MAX];
	struct store_state state;
	uint32_t crc;

	if (size < sizeof(crc) || size > sizeof(bytes)) {
		return 0;
	}
	memcpy(bytes, data, size);
	/* Nothing would get past the checksum otherwise. */
	crc = htole32(crc32c(bytes, size - sizeof(crc)));
	memcpy(bytes + size - sizeof(crc), &crc, sizeof(crc));
	if (store_state_decode(bytes, size, &state) == 0 &&
	    (store_state_encode(&state, again) != size || memcmp(again, bytes, size) != 0)) {
		abort();
	}
	return 0;
}
