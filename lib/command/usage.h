/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_USAGE_H
#define LUNMASK_USAGE_H

#include <glib.h>
#include <stdio.h>

/*
 * Parses the command line of a program, or of one of its commands, according to one description.
 * GLib's GOption parses it and writes the help. Every program also has --help and --version.
 *
 *	char **words;
 *	enum usage_end end = usage_parse(&usage, argc, argv, &words);
 *
 *	if (end != USAGE_CONTINUE) {
 *		return end == USAGE_WRONG ? EXIT_USAGE : 0;
 *	}
 *
 * An option's name must be given in full. With more options, an abbreviation that is unique today
 * would be refused or mean something else.
 */

/* How many words that are not options are allowed? */
enum usage_words {
	USAGE_NO_WORD,
	USAGE_WORD_OPTIONAL,
	USAGE_WORD_NEEDED,
	USAGE_WORDS,
	USAGE_TWO_WORDS,   /* word names both: "VM FILE" */
	USAGE_WORD_OR_TWO, /* "VM [FILE]" */
	USAGE_THREE_WORDS, /* "VM DRIVE SIZE" */
};

struct usage {
	const char *name; /* "lunmaskd", "lunmask tasks show" */
	enum usage_words words;
	const char *word;    /* name of such a word in the help; NULL: not mentioned */
	const char *summary; /* one line, in the help and in a list of commands */
	const char *text;    /* more help, in lines of at most 80 characters; may be NULL */
	/* GLib's rows, ended by zeros, or NULL. G_OPTION_ARG_FILENAME: any text, not converted. */
	const GOptionEntry *rows;
};

enum usage_end {
	USAGE_CONTINUE,
	USAGE_HELP,    /* the help is on stdout; the caller may print more */
	USAGE_VERSION, /* the version is on stdout */
	USAGE_WRONG,   /* the error is on stderr */
};

/* Stores values as the rows say. *ret_words (or NULL): the words or NULL, for g_strfreev(). */
enum usage_end usage_parse(const struct usage *usage, int argc, char **argv, char ***ret_words);

/*
 * The first word before "--" that gives a value to an option without one, as --yes=no does, or
 * NULL. GOption ignores the value and takes the option as given. usage_parse() refuses it.
 */
const char *usage_valued_flag(const GOptionEntry *rows, char *const *argv);

/* Reports an error that only the caller can detect. Returns USAGE_WRONG. */
enum usage_end usage_wrong(const struct usage *usage, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "[VM...]", or "": the words as shown in the help. Free with g_free(). */
char *usage_word_text(const struct usage *usage);

#endif
