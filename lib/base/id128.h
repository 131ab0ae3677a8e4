/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ID128_H
#define LUNMASK_ID128_H

#include <stdbool.h>
#include <stdint.h>

/* 128-bit identifier of a task, a request, a disk or a cluster. As text: a UUID, 36 characters. */
#define ID128_BYTES 16
#define ID128_TEXT 37 /* bytes, with the terminating NUL */

struct id128 {
	uint8_t bytes[ID128_BYTES];
};

bool id128_equal(const struct id128 *a, const struct id128 *b);
bool id128_is_zero(const struct id128 *id);

/* Fills *ret from getrandom(2). 0 or -errno. */
int id128_random(struct id128 *ret);

/*
 * Derives an id from a list of texts that ends with NULL (the first 128 bits of a SHA-256). The
 * same texts give the same id in every process and on every host. With it, an agent that is run
 * again sends the same request id.
 */
void id128_derive(struct id128 *ret, ...) __attribute__((sentinel));

void id128_to_str(const struct id128 *id, char ret[ID128_TEXT]);
/* Both cases of the digits are legal. 0 or -EINVAL. */
int id128_from_str(const char *text, struct id128 *ret);

#endif
