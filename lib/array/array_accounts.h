/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_ACCOUNTS_H
#define LUNMASK_ARRAY_ACCOUNTS_H

#include <stddef.h>

#include "base/err.h"

/*
 * Whether the accounts by which hosts log in (CHAP) are on the array as its driver is to set them:
 * the verb ports of lunmask-array(7), with the capability accounts. No I/O.
 */
#define ARRAY_ACCOUNTS_PROBLEM_MAX 255

struct array_accounts {
	char problem[ARRAY_ACCOUNTS_PROBLEM_MAX + 1]; /* "": none */
};

/* Text that the caller frees, or NULL without memory. */
char *array_accounts_encode(int timeout_ms);

/* -EPROTO with text: not such a reply. */
int array_accounts_decode(const char *reply, size_t bytes, struct array_accounts *ret,
			  struct err *err);

#endif
