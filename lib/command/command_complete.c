/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/command_complete.h"

#include <stdio.h>
#include <string.h>

/*
 * What a shell offers for the last of the words: "lunmask complete -- WORD...", one a line. All of
 * it comes from the table of commands. Nothing is asked of anybody, so that no shell hangs on it.
 */

/* What the words before have in common with the names of commands: "journal status". */
static char *command_text(char **words, guint n)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < n; i++) {
		if (words[i][0] != '-') {
			g_string_append_printf(text, "%s ", words[i]);
		}
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void offer(const char *text, size_t length, const char *begin, GHashTable *offered)
{
	g_autofree char *word = g_strndup(text, length);

	if (g_str_has_prefix(word, begin) && g_hash_table_add(offered, g_strdup(word))) {
		(void)printf("%s\n", word);
	}
}

static void options_offer(const struct usage *usage, const char *begin, GHashTable *offered)
{
	offer("--help", strlen("--help"), begin, offered);
	for (const GOptionEntry *row = usage->rows; row != NULL && row->long_name != NULL; row++) {
		g_autofree char *option = g_strdup_printf("--%s", row->long_name);

		offer(option, strlen(option), begin, offered);
	}
}

/* Commands are not sorted; "tasks show" is not "tasks". NULL: none begins the line. */
static const struct usage *longest(command_at *at, const char *before)
{
	const struct usage *usage, *found = NULL;

	for (size_t i = 0; (usage = at(i)) != NULL; i++) {
		g_autofree char *whole = g_strdup_printf("%s ", strchr(usage->name, ' ') + 1);

		if (g_str_has_prefix(before, whole) &&
		    (found == NULL || strlen(usage->name) > strlen(found->name))) {
			found = usage;
		}
	}
	return found;
}

static void commands_offer(command_at *at, const char *before, const char *begin,
			   GHashTable *offered)
{
	const struct usage *usage;

	for (size_t i = 0; (usage = at(i)) != NULL; i++) {
		const char *name = strchr(usage->name, ' ') + 1;

		if (g_str_has_prefix(name, before)) {
			name += strlen(before);
			offer(name, strcspn(name, " "), begin, offered);
		}
	}
}

void command_complete(command_at *at, char **words)
{
	g_autoptr(GHashTable) offered =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	guint n = g_strv_length(words);
	const char *last = n > 0 ? words[n - 1] : "";
	g_autofree char *before = command_text(words, n > 0 ? n - 1 : 0);
	const struct usage *command = longest(at, before);

	if (last[0] != '-') {
		commands_offer(at, before, last, offered);
	} else if (command != NULL) {
		options_offer(command, last, offered);
	} else {
		offer("--help", strlen("--help"), last, offered);
	}
}
