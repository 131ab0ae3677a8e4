/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_ACCOUNT_MARK_H
#define LUNMASK_ARRAY_ACCOUNT_MARK_H

#include <stdbool.h>

/*
 * The name of an account of tgtd that says which secret another account has: random salt, a digest
 * (HMAC-SHA256) of user and secret, and the user. Only root can list the accounts of tgtd, and root
 * can read the file with the secrets.
 */

/* "lunmask:set:SALT:DIGEST:USER"; free with g_free(). NULL: no random bytes. */
char *account_mark_new(const char *user, const char *secret);

/* The user, borrowed from the name; NULL: this is not a mark. */
const char *account_mark_user(const char *name);

bool account_mark_fits(const char *name, const char *user, const char *secret);

#endif
