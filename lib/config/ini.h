/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_INI_H
#define LUNMASK_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * Reads files of [section]s with KEY = VALUE lines by tables: anything that is not in the tables is
 * refused. GKeyFile reads the file, after ini_lines.h has checked its lines.
 *
 * A line is empty, a comment (#), a [section] or, in a section, KEY = VALUE; blanks around each do
 * not count. Nothing is merged, continued or quoted, and a value has no comment behind it. A
 * section or key that is unknown, missing, or there twice is an error, and so is a byte order mark,
 * a control character (CR too), or text that is not UTF-8. The error text has the number of the
 * line, what was refused and what is legal.
 */
#define INI_VALUE_MAX 4096 /* characters */

/* The type of the member at the offset of a key. All members must be 0 before. */
enum ini_type {
	INI_TEXT,   /* char *, or NULL when it is not there and has no fallback */
	INI_WORDS,  /* char **, the blank-separated words, NULL-terminated; or NULL, likewise */
	INI_YES_NO, /* bool */
};

struct ini_key {
	const char *name;
	enum ini_type type;
	size_t offset;
	bool required;
	const char *fallback; /* the value when it is not there, or NULL */
	int (*check)(const char *value, struct err *err); /* what is legal; NULL: all */
};

/* A row is [kind], once; or with a placeholder [kind NAME], any number. */
struct ini_section {
	const char *kind;
	const char *placeholder; /* of the name, for messages: "NODE"; or NULL */
	size_t name_max;         /* letters, digits, '.', '_', '-', the first of them no sign */
	const struct ini_key *keys;
	size_t n_keys;
	/* Where the values of the section go. NULL with text refuses it. None: target itself. */
	void *(*place)(void *target, const char *name, struct err *err);
	/* After its last key, and the fallbacks. May be NULL. */
	int (*complete)(void *target, void *place, struct err *err);
};

struct ini {
	const struct ini_section *sections;
	size_t n_sections;
	size_t max_bytes;
};

/*
 * Fills target, which the caller releases, after a failure too. A [kind] that is not there is read
 * as an empty one. file is its name for messages. -EINVAL with text.
 */
int ini_parse(const struct ini *ini, const char *text, size_t bytes, const char *file, void *target,
	      struct err *err);

/* The same of a trusted_file. -errno with text. */
int ini_load(const struct ini *ini, const char *path, void *target, struct err *err);

/* Frees the values of one section; its fields are NULL then. */
void ini_release(const struct ini_section *section, void *place);

/* For checks of INI_WORDS. The caller frees with g_strfreev(). */
char **ini_words(const char *text);

#endif
