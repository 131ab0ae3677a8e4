/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ID128_H
#define LUNMASK_ID128_H

#include <stdbool.h>
#include <stdint.h>

/*
 * 128 bits that name a task, a request, a disk or a cluster. As text: a uuid, 36 characters.
 */
#define ID128_BYTES 16
#define ID128_TEXT 37 /* with the NUL */

struct id128 {
	uint8_t bytes[ID128_BYTES];
};

bool id128_equal(const struct id128 *a, const struct id128 *b);
bool id128_is_zero(const struct id128 *id);

/* From getrandom(2). 0 or -errno. */
int id128_random(struct id128 *ret);

/*
 * The same texts give the same id, in every process and on every host (SHA-256, cut). Texts end
 * with NULL. This is how an agent that is run again asks with the same request id.
 */
void id128_derive(struct id128 *ret, ...) __attribute__((sentinel));

void id128_to_str(const struct id128 *id, char ret[ID128_TEXT]);
/* 0 or -EINVAL. */
int id128_from_str(const char *text, struct id128 *ret);

#endif
