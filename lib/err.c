/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The text goes to one-line places: exit reasons, logs, JSON. Text from outside may hold anything. */
static void text_flatten(char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f) {
			*text = ' ';
		}
	}
}

int err_set(struct err *err, int rc, const char *format, ...)
{
	va_list ap;

	if (err == NULL) {
		return rc;
	}
	va_start(ap, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	text_flatten(err->text);
	return rc;
}

int err_prefix(struct err *err, int rc, const char *format, ...)
{
	char old[ERR_TEXT_MAX];
	va_list ap;
	int length;

	if (err == NULL) {
		return rc;
	}
	memcpy(old, err->text, sizeof(old));
	va_start(ap, format);
	length = vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	if (length >= 0 && (size_t)length < sizeof(err->text) && old[0] != '\0') {
		(void)snprintf(err->text + length, sizeof(err->text) - (size_t)length, ": %s", old);
	}
	text_flatten(err->text);
	return rc;
}

const char *err_text(const struct err *err)
{
	return err == NULL ? "" : err->text;
}
