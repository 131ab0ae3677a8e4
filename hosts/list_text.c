/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hosts/list_text.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

void list_text_column(FILE *file, const char *text, int width)
{
	if ((int)strlen(text) > width) {
		(void)fprintf(file, "%.*s+ ", width - 1, text);
	} else {
		(void)fprintf(file, "%-*s ", width, text);
	}
}

void list_text_lines(FILE *file, const char *text)
{
	size_t left = 0;

	while (*text != '\0') {
		size_t word = strcspn(text, " "), room = LIST_TEXT_WIDTH - LIST_TEXT_INDENT;

		if (left < word + 1) {
			(void)fprintf(file, "%s%*s%.*s", left > 0 ? "\n" : "", LIST_TEXT_INDENT, "",
				      (int)word, text);
			left = room > word ? room - word : 1;
		} else {
			(void)fprintf(file, " %.*s", (int)word, text);
			left -= word + 1;
			left = left == 0 ? 1 : left;
		}
		text += word;
		text += strspn(text, " ");
	}
	(void)fputc('\n', file);
}

const char *list_text_age(uint64_t ms, char ret[LIST_TEXT_AGE])
{
	static const struct {
		uint64_t ms;
		char letter;
	} units[] = {{86400000, 'd'}, {3600000, 'h'}, {60000, 'm'}, {1000, 's'}};
	size_t i = 0;

	while (i < G_N_ELEMENTS(units) - 1 && ms < units[i].ms) {
		i++;
	}
	(void)snprintf(ret, LIST_TEXT_AGE, "%" PRIu64 "%c", ms / units[i].ms, units[i].letter);
	return ret;
}
