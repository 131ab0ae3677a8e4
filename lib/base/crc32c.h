/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CRC32C_H
#define LUNMASK_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32C as iSCSI defines it (RFC 7143 13.1): seed and result are inverted. */
uint32_t crc32c(const unsigned char *data, size_t bytes);

#endif
