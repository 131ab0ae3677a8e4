/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_LIST_TEXT_H
#define LUNMASK_LIST_TEXT_H

#include <stdint.h>
#include <stdio.h>

/* What the lists of this room look like: columns, and sentences below them, in 80 columns. */
#define LIST_TEXT_WIDTH 80
#define LIST_TEXT_INDENT 4

/* Prints text and a blank in width + 1 columns; '+' ends a text that is cut. */
void list_text_column(FILE *file, const char *text, int width);

/* Prints lines that begin with blanks, broken between words; a longer word has a line of its own.
 */
void list_text_lines(FILE *file, const char *text);

/* "12m": in the largest unit of which there is at least one. */
#define LIST_TEXT_AGE 32
const char *list_text_age(uint64_t ms, char ret[LIST_TEXT_AGE]);

#endif
