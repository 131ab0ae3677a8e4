/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/account/account_mark.h"

#include <glib.h>
#include <string.h>

#include "base/id128.h"
#include "driver/account/account_plan.h"

#define PREFIX ACCOUNT_RESERVED "set:"
#define ID_LENGTH (ID128_TEXT - 1)
#define USER_AT (sizeof(PREFIX) - 1 + 2 * (ID_LENGTH + 1))

static char *mark_format(const char salt[ID128_TEXT], const char *user, const char *secret)
{
	char text[ID128_TEXT];
	struct id128 digest;

	id128_derive(&digest, salt, user, secret, NULL);
	id128_to_str(&digest, text);
	return g_strdup_printf(PREFIX "%s:%s:%s", salt, text, user);
}

char *account_mark_new(const char *user, const char *secret)
{
	char salt[ID128_TEXT];
	struct id128 random;

	if (id128_random(&random) < 0) {
		return NULL;
	}
	id128_to_str(&random, salt);
	return mark_format(salt, user, secret);
}

const char *account_mark_user(const char *name)
{
	return g_str_has_prefix(name, PREFIX) && strlen(name) > USER_AT ? name + USER_AT : NULL;
}

bool account_mark_fits(const char *name, const char *user, const char *secret)
{
	char salt[ID128_TEXT];
	g_autofree char *wanted = NULL;

	if (account_mark_user(name) == NULL) {
		return false;
	}
	(void)g_strlcpy(salt, name + strlen(PREFIX), sizeof(salt));
	wanted = mark_format(salt, user, secret);
	return strcmp(wanted, name) == 0;
}
