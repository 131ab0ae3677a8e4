/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ROFF_H
#define LUNMASK_ROFF_H

#include <stdio.h>

/*
 * Writes text into a manual page, man(7). It escapes the characters that roff interprets, and
 * writes each hyphen as a minus sign, which readers can copy. The caller checks the stream for
 * errors (ferror(3)).
 */

/* Writes text within a line that has already begun. */
void roff_words(const char *text, FILE *stream);

/* Each line is a paragraph. between is the macro between two, as ".PP"; NULL for lines as typed. */
void roff_paragraphs(const char *text, const char *between, FILE *stream);

#endif
