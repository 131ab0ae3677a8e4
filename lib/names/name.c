/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "names/name.h"

#include <glib.h>
#include <string.h>

bool name_made_of(const char *text, size_t max, const char *others)
{
	size_t length = 0;

	for (; text[length] != '\0'; length++) {
		if (length == max ||
		    (!g_ascii_isalnum(text[length]) && strchr(others, text[length]) == NULL)) {
			return false;
		}
	}
	return length > 0;
}

bool name_valid(const char *text, size_t max, const char *others)
{
	return g_ascii_isalnum(*text) && name_made_of(text, max, others);
}

bool vm_name_valid(const char *text)
{
	return name_valid(text, VM_NAME_MAX, "._-+");
}
