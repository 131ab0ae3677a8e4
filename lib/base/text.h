/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TEXT_H
#define LUNMASK_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* No control character (0 to 31, 127). Whether it is UTF-8 is not checked. */
bool text_is_printable(const char *text);

/* Checks a parameter's value: printable, and at most max bytes. 0, or -EINVAL with text. */
int text_check(const char *text, size_t max, struct err *err);

/* Adds one to the list "a, b" in text, which has size bytes; the list is cut off if it is longer.
 */
void text_list_add(char *text, size_t size, const char *one);

#endif
