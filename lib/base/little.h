/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_LITTLE_H
#define LUNMASK_LITTLE_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

/*
 * Reads and writes little-endian numbers at any alignment, for disk and wire formats.
 * little_put*() return the address after the bytes that they wrote. No function checks bounds: the
 * caller ensures that the buffer is large enough.
 */
static inline uint8_t *little_put32(uint8_t *at, uint32_t value)
{
	value = htole32(value);
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

static inline uint8_t *little_put64(uint8_t *at, uint64_t value)
{
	value = htole64(value);
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

static inline uint32_t little_get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

static inline uint64_t little_get64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return le64toh(value);
}

#endif
