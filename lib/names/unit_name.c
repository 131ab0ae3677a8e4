/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "names/unit_name.h"

#include <assert.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "names/lun.h"

#define BETWEEN "__" /* no escaped name has two of them in a row */

static_assert(LUN_NAME_MAX + 1 + LUN_NAME_MAX <= VM_NAME_MAX,
	      "a key is no longer than a VM's name");

void unit_key(const char *array, const char *lun, char ret[VM_NAME_MAX + 1])
{
	(void)snprintf(ret, VM_NAME_MAX + 1, "%.*s%c%.*s", LUN_NAME_MAX, array, UNIT_KEY_SEPARATOR,
		       LUN_NAME_MAX, lun);
}

bool unit_key_is(const char *name)
{
	const char *lun = strchr(name, UNIT_KEY_SEPARATOR);
	g_autofree char *array = lun == NULL ? NULL : g_strndup(name, (gsize)(lun - name));

	return array != NULL && lun_name_valid(array) && lun_name_valid(lun + 1);
}

static char *escape(char *to, const char *name)
{
	for (size_t i = 0; name[i] != '\0' && i < LUN_NAME_MAX; i++) {
		if (g_ascii_isalnum(name[i]) || name[i] == '-') {
			*to++ = name[i];
		} else {
			to += sprintf(to, "_%02x", (unsigned char)name[i]);
		}
	}
	*to = '\0';
	return to;
}

void unit_alias(const char *array, const char *lun, char ret[UNIT_ALIAS_MAX + 1])
{
	char *to = g_stpcpy(ret, UNIT_ALIAS_PREFIX);

	to = g_stpcpy(escape(to, array), BETWEEN);
	(void)escape(to, lun);
}

/* Up to end, or to the end of the text. */
static bool unescape(const char *from, const char *end, char ret[LUN_NAME_MAX + 1])
{
	size_t n = 0;

	while (*from != '\0' && from != end && n < LUN_NAME_MAX) {
		int high = *from == '_' ? g_ascii_xdigit_value(from[1]) : 0;
		int low = *from == '_' && high >= 0 ? g_ascii_xdigit_value(from[2]) : 0;

		if (high < 0 || low < 0) {
			return false;
		}
		ret[n++] = *from == '_' ? (char)(high * 16 + low) : *from;
		from += *from == '_' ? 3 : 1;
	}
	ret[n] = '\0';
	return (*from == '\0' || from == end) && lun_name_valid(ret);
}

bool unit_alias_parse(const char *alias, char ret_array[LUN_NAME_MAX + 1],
		      char ret_lun[LUN_NAME_MAX + 1])
{
	const char *array = alias;
	const char *lun;

	if (alias == NULL || !g_str_has_prefix(alias, UNIT_ALIAS_PREFIX)) {
		return false;
	}
	array += strlen(UNIT_ALIAS_PREFIX);
	lun = strstr(array, BETWEEN);
	return lun != NULL && unescape(array, lun, ret_array) &&
	       unescape(lun + strlen(BETWEEN), NULL, ret_lun);
}
