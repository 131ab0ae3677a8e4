/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ROFF_H
#define LUNMASK_ROFF_H

#include <stdio.h>

/*
 * Text into a manual page, man(7): what has a meaning for roff loses it, and a hyphen is a minus,
 * which can be copied. Errors stay with the stream.
 */

/* Inside of a line that has begun. */
void roff_words(const char *text, FILE *stream);

/* Paragraphs are lines of text; between stands the macro that begins the next one. */
void roff_paragraphs(const char *text, const char *between, FILE *stream);

#endif
