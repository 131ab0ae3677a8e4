/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/roff.h"

#include <stdbool.h>

/* roff interprets a backslash, and a dot or an apostrophe at the start of a line. */
static void character(char c, bool begins_line, FILE *stream)
{
	if (begins_line && (c == '.' || c == '\'')) {
		(void)fputs("\\&", stream);
	}
	if (c == '\\') {
		(void)fputs("\\e", stream);
	} else if (c == '-') {
		(void)fputs("\\-", stream); /* a minus sign: readers can copy it, unlike a hyphen */
	} else {
		(void)fputc(c, stream);
	}
}

void roff_paragraphs(const char *text, const char *between, FILE *stream)
{
	bool begins_line = true;

	for (; *text != '\0'; text++) {
		if (*text == '\n') {
			(void)fprintf(stream, "%s%s\n", between != NULL ? "\n" : "",
				      between != NULL ? between : "");
		} else {
			character(*text, begins_line, stream);
		}
		begins_line = *text == '\n';
	}
	(void)fputc('\n', stream);
}

void roff_words(const char *text, FILE *stream)
{
	for (; *text != '\0'; text++) {
		character(*text, false, stream);
	}
}
