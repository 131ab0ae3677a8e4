/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/usage.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

/* GOption fills this in addition to the caller's rows. */
struct own {
	gboolean help;
	gboolean version;
	char **words;
};

char *usage_word_text(const struct usage *usage)
{
	static const char *const marks[][2] = {
		[USAGE_NO_WORD] = {"", ""},     [USAGE_WORD_OPTIONAL] = {"[", "]"},
		[USAGE_WORD_NEEDED] = {"", ""}, [USAGE_WORDS] = {"[", "...]"},
		[USAGE_TWO_WORDS] = {"", ""},   [USAGE_WORD_OR_TWO] = {"", ""},
		[USAGE_THREE_WORDS] = {"", ""},
	};
	const char *const *mark = marks[usage->words];

	return usage->word == NULL ? g_strdup("")
				   : g_strconcat(mark[0], usage->word, mark[1], NULL);
}

static GOptionContext *context_new(const struct usage *usage, struct own *own)
{
	const GOptionEntry rows[] = {
		{"help", 'h', 0, G_OPTION_ARG_NONE, &own->help, "print this", NULL},
		{"version", 'V', 0, G_OPTION_ARG_NONE, &own->version, "print the version", NULL},
		{G_OPTION_REMAINING, 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME_ARRAY,
		 &own->words, NULL, NULL},
		{0},
	};
	g_autofree char *word = usage_word_text(usage);
	GOptionContext *context = g_option_context_new(*word != '\0' ? word : NULL);

	g_set_prgname(usage->name);
	g_option_context_set_help_enabled(context, FALSE);
	if (usage->summary != NULL) {
		g_option_context_set_summary(context, usage->summary);
	}
	if (usage->text != NULL) {
		g_option_context_set_description(context, usage->text);
	}
	if (usage->rows != NULL) {
		g_option_context_add_main_entries(context, usage->rows, NULL);
	}
	g_option_context_add_main_entries(context, rows, NULL);
	return context;
}

enum usage_end usage_wrong(const struct usage *usage, const char *format, ...)
{
	va_list ap;

	(void)fprintf(stderr, "%s: ", usage->name);
	va_start(ap, format);
	(void)vfprintf(stderr, format, ap);
	va_end(ap);
	(void)fprintf(stderr, "; see %s --help\n", usage->name);
	return USAGE_WRONG;
}

static bool is_flag(const GOptionEntry *row)
{
	return row->arg == G_OPTION_ARG_NONE ||
	       (row->arg == G_OPTION_ARG_CALLBACK && (row->flags & G_OPTION_FLAG_NO_ARG) != 0);
}

const char *usage_valued_flag(const GOptionEntry *rows, char *const *argv)
{
	for (; *argv != NULL && strcmp(*argv, "--") != 0; argv++) {
		const char *value = g_str_has_prefix(*argv, "--") ? strchr(*argv, '=') : NULL;

		for (const GOptionEntry *row = rows; value != NULL && row->long_name != NULL;
		     row++) {
			size_t length = (size_t)(value - *argv) - 2;

			if (is_flag(row) && strlen(row->long_name) == length &&
			    strncmp(row->long_name, *argv + 2, length) == 0) {
				return *argv;
			}
		}
	}
	return NULL;
}

static enum usage_end words_check(const struct usage *usage, char **words)
{
	static const struct {
		guint least, most;
	} counts[] = {
		[USAGE_NO_WORD] = {0, 0},     [USAGE_WORD_OPTIONAL] = {0, 1},
		[USAGE_WORD_NEEDED] = {1, 1}, [USAGE_WORDS] = {0, G_MAXUINT},
		[USAGE_TWO_WORDS] = {2, 2},   [USAGE_WORD_OR_TWO] = {1, 2},
		[USAGE_THREE_WORDS] = {3, 3},
	};
	guint n = words == NULL ? 0 : g_strv_length(words);

	if (n > counts[usage->words].most) {
		return usage_wrong(usage, "there is no use for '%.80s'",
				   words[counts[usage->words].most]);
	}
	if (n < counts[usage->words].least) {
		const char *missing = usage->word;

		for (guint i = 0; i < n; i++) {
			missing = strchr(missing, ' ') + 1;
		}
		return usage_wrong(usage, "%.*s is missing", (int)strcspn(missing, " "), missing);
	}
	return USAGE_CONTINUE;
}

static enum usage_end parsed(const struct usage *usage, GOptionContext *context,
			     const struct own *own)
{
	if (own->help) {
		g_autofree char *help = g_option_context_get_help(context, TRUE, NULL);
		g_autoptr(GString) text = g_string_new(help);

		/* Not every locale can print "[OPTION…]". */
		(void)g_string_replace(text, "\u2026", "...", 0);
		(void)fputs(text->str, stdout);
		return USAGE_HELP;
	}
	if (own->version) {
		(void)printf("%.*s " PACKAGE_VERSION "\n", (int)strcspn(usage->name, " "),
			     usage->name);
		return USAGE_VERSION;
	}
	return words_check(usage, own->words);
}

enum usage_end usage_parse(const struct usage *usage, int argc, char **argv, char ***ret_words)
{
	struct own own = {.words = NULL};
	g_autoptr(GOptionContext) context = context_new(usage, &own);
	/* GOption removes the options from the array that it gets. */
	g_autofree char **rest = g_memdup2(argv, ((gsize)argc + 1) * sizeof(*argv));
	g_autoptr(GError) error = NULL;
	const char *valued = usage->rows != NULL ? usage_valued_flag(usage->rows, argv) : NULL;
	enum usage_end end;

	if (valued != NULL) {
		return usage_wrong(usage, "an option without a value was given one: %s", valued);
	}
	end = g_option_context_parse(context, &argc, &rest, &error)
		      ? parsed(usage, context, &own)
		      : usage_wrong(usage, "%s", error->message);
	if (end == USAGE_CONTINUE && ret_words != NULL) {
		*ret_words = own.words;
	} else {
		g_strfreev(own.words);
	}
	return end;
}
