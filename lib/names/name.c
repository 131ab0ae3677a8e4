/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "names/name.h"

#include <string.h>

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool name_made_of(const char *text, size_t max, const char *others)
{
	size_t length = 0;

	for (; text[length] != '\0'; length++) {
		if (length == max ||
		    (!is_alnum(text[length]) && strchr(others, text[length]) == NULL)) {
			return false;
		}
	}
	return length > 0;
}

bool name_valid(const char *text, size_t max, const char *others)
{
	return is_alnum(*text) && name_made_of(text, max, others);
}
