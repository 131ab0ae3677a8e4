/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

bool text_is_printable(const char *text)
{
	while (*text != '\0' && !g_ascii_iscntrl(*text)) {
		text++;
	}
	return *text == '\0';
}

int text_check(const char *text, size_t max, struct err *err)
{
	if (strnlen(text, max + 1) > max) {
		return err_set(err, -EINVAL, "the value is longer than %zu characters", max);
	}
	return text_is_printable(text)
		       ? 0
		       : err_set(err, -EINVAL, "'%.200s' has a control character in it", text);
}

void text_list_add(char *text, size_t size, const char *one)
{
	(void)g_strlcat(text, *text == '\0' ? "" : ", ", size);
	(void)g_strlcat(text, one, size);
}
