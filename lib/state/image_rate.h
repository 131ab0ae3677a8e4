/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_IMAGE_RATE_H
#define LUNMASK_IMAGE_RATE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Measures how fast the image area is written, or read, by doing so for about a second. Internal to
 * image.c; image_export_rate() is the call.
 *
 * Writing overwrites the beginning of the area, and is durable before the time is taken. Returns 0
 * or -errno; -ENOSPC if the area has less than a block.
 */
int image_rate_measure(int fd, bool writing, uint64_t size_bytes, uint64_t *ret_bytes_s);

#endif
