/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "definition/definition_text.h"

#include <string.h>

#include "definition/definition_diff.h"

#define COLUMNS 80

/* A value of several lines, or one that is too long, goes below its path. */
static void value_add(GString *text, char mark, const char *path, const char *value)
{
	g_auto(GStrv) lines = g_strsplit(value, "\n", -1);

	if (lines[0] != NULL && lines[1] == NULL && strlen(path) + strlen(value) + 4 <= COLUMNS) {
		g_string_append_printf(text, "%c %s: %s\n", mark, path, value);
		return;
	}
	g_string_append_printf(text, "%c %s:\n", mark, path);
	for (size_t i = 0; lines[i] != NULL; i++) {
		g_string_append_printf(text, "%c     %s\n", mark, lines[i]);
	}
}

char *definition_text_changes(const GPtrArray *changes, bool every)
{
	size_t left = changes->len - definition_diff_count(changes);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < changes->len; i++) {
		const struct definition_change *change = g_ptr_array_index(changes, i);

		if (change->filled && !every) {
			continue;
		}
		if (change->was != NULL) {
			value_add(text, '-', change->path, change->was);
		}
		if (change->is != NULL) {
			value_add(text, '+', change->path, change->is);
		}
	}
	if (left > 0 && !every) {
		g_string_append_printf(
			text, "(%zu more that libvirt had added, and chooses again: --all)\n",
			left);
	}
	return g_string_free(text, FALSE);
}

static void items_add(GString *text, const struct definition_plan *plan, size_t from, size_t end)
{
	for (size_t i = from; i < end; i++) {
		const struct definition_plan_item *item = g_ptr_array_index(plan->items, i);

		g_string_append_printf(text, "    %s\n", item->text);
	}
	if (from == end) {
		g_string_append(text, "    nothing\n");
	}
}

char *definition_text_plan(const struct definition_plan *plan)
{
	GString *text = g_string_new("At once, if libvirt and the guest can:\n");

	items_add(text, plan, 0, plan->n_now);
	g_string_append(text, "At the guest's next boot (a stop and a start; not a reboot inside "
			      "of it):\n");
	items_add(text, plan, plan->n_now, plan->items->len);
	return g_string_free(text, FALSE);
}
