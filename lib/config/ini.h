/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_INI_H
#define LUNMASK_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * Reads files of [section]s with KEY = VALUE lines. Tables define what is legal; everything else is
 * refused. GKeyFile reads the file after ini_lines.h has checked its lines.
 *
 * A line is empty, a comment (#), a [section] or, in a section, KEY = VALUE. Blanks around each are
 * ignored. There is no merging, continuation or quoting, and no comment after a value. Errors are:
 * a section or key that is unknown, missing or repeated; a byte order mark; a control character (CR
 * too); text that is not UTF-8. The error text has the line number, the refused text and what is
 * legal.
 */
#define INI_VALUE_MAX 4096 /* characters */

/* Type of the member at the offset of a key. All members must be 0 before. */
enum ini_type {
	INI_TEXT,   /* char *; NULL if the key is missing and has no default */
	INI_WORDS,  /* char **: the blank-separated words, NULL-terminated; NULL likewise */
	INI_YES_NO, /* bool */
	INI_TIME,   /* int, in ms: a whole number and its unit, ms, s or min: "500ms" */
};

struct ini_key {
	const char *name;
	enum ini_type type;
	size_t offset;
	bool required;
	const char *fallback;                             /* default, or NULL */
	int (*check)(const char *value, struct err *err); /* 0 if legal; NULL: every value is */
	int min_ms, max_ms;                               /* INI_TIME */
};

/* A row for a key that has the name of its member; the other members of struct ini_key follow. */
#define INI_KEY(record, member, ...)                                                               \
	{                                                                                          \
		.name = #member, .offset = offsetof(struct record, member), __VA_ARGS__            \
	}

/* A row is [kind], once; with a placeholder, [kind NAME], any number of times. */
struct ini_section {
	const char *kind;
	const char *placeholder; /* of the name in messages, such as "NODE"; or NULL */
	size_t name_max; /* letters, digits, '.', '_', '-'; the first is a letter or digit */
	const struct ini_key *keys;
	size_t n_keys;
	/* Returns the place of the section's values; NULL with text refuses it. None: target. */
	void *(*place)(void *target, const char *name, struct err *err);
	/* Called after the last key and the defaults. May be NULL. */
	int (*complete)(void *target, void *place, struct err *err);
};

struct ini {
	const struct ini_section *sections;
	size_t n_sections;
	size_t max_bytes;
};

/*
 * Fills target, which the caller releases, also after a failure. A missing [kind] is read as an
 * empty one. file is used in messages. -EINVAL with text.
 */
int ini_parse(const struct ini *ini, const char *text, size_t bytes, const char *file, void *target,
	      struct err *err);

/* As ini_parse(), from a file that trusted_file.h accepts. -errno with text. */
int ini_load(const struct ini *ini, const char *path, void *target, struct err *err);

/* Frees the values of one section and sets their fields to NULL. */
void ini_release(const struct ini_section *section, void *place);

/* For checks of INI_WORDS. Free with g_strfreev(). */
char **ini_words(const char *text);

#endif
