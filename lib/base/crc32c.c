/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/crc32c.h"

#include <isa-l/crc.h>

/* isa-l inverts neither seed nor result. It takes a non-const pointer but does not write. */
uint32_t crc32c(const unsigned char *data, size_t bytes)
{
	return ~crc32_iscsi((unsigned char *)data, (int)bytes, UINT32_MAX);
}
