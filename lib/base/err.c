/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Exit reasons, log lines and JSON take one line; text from outside may have control characters. */
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
	char cause[ERR_TEXT_MAX];
	char prefix[ERR_TEXT_MAX];
	va_list ap;

	if (err == NULL) {
		return rc;
	}
	memcpy(cause, err->text, sizeof(cause));
	va_start(ap, format);
	(void)vsnprintf(prefix, sizeof(prefix), format, ap);
	va_end(ap);
	return err_set(err, rc, "%s%s%s", prefix, cause[0] != '\0' ? ": " : "", cause);
}

const char *err_text(const struct err *err)
{
	return err == NULL ? "" : err->text;
}
