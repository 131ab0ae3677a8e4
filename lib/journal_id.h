/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_JOURNAL_ID_H
#define LUNMASK_JOURNAL_ID_H

#include <stdbool.h>
#include <stdint.h>

/*
 * 128 bits that name a task, a request, a disk or a cluster. As text: a uuid, 36 characters.
 */
#define JOURNAL_ID_BYTES 16
#define JOURNAL_ID_TEXT 37 /* with the NUL */

struct journal_id {
	uint8_t bytes[JOURNAL_ID_BYTES];
};

bool journal_id_equal(const struct journal_id *a, const struct journal_id *b);
bool journal_id_is_zero(const struct journal_id *id);

/* From getrandom(2). 0 or -errno. */
int journal_id_random(struct journal_id *ret);

/*
 * The same texts give the same id, in every process and on every host (SHA-256, cut). Texts end
 * with NULL. This is how an agent that is run again asks with the same request id.
 */
void journal_id_derive(struct journal_id *ret, ...) __attribute__((sentinel));

void journal_id_to_str(const struct journal_id *id, char ret[JOURNAL_ID_TEXT]);
/* 0 or -EINVAL. */
int journal_id_from_str(const char *text, struct journal_id *ret);

#endif
