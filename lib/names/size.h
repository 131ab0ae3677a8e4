/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SIZE_H
#define LUNMASK_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Sizes as text: bytes, or whole KiB, MiB, GiB or TiB, such as "20GiB". */

/* Reads digits and an optional unit at *text, and advances *text past them. */
bool size_take(const char **text, uint64_t *ret_bytes);

/* The whole text is a size above 0, and a multiple of 512 bytes. 0 or -EINVAL, with text. */
int size_from_str(const char *text, uint64_t *ret_bytes, struct err *err);

/* In the largest unit that leaves no rest: "20GiB", "540672". */
#define SIZE_TEXT 24
const char *size_to_str(uint64_t bytes, char ret[SIZE_TEXT]);

#endif
