/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_INI_LINES_H
#define LUNMASK_INI_LINES_H

#include <glib.h>
#include <stddef.h>

#include "base/err.h"

/*
 * Checks the lines of an INI file before GKeyFile reads them, and remembers their numbers. GKeyFile
 * merges sections of one name, takes the last of two keys, skips keys with a [locale], and reports
 * no line: each hides a mistake. For ini.c.
 *
 * *ret_lines maps "SECTION" and "SECTION\nKEY" to line numbers (GUINT_TO_POINTER()). The caller
 * frees it with g_hash_table_unref(). -EINVAL with text.
 */
int ini_lines_read(const char *text, size_t bytes, GHashTable **ret_lines, struct err *err);

/* The line of a section, or of a key in it if key is not NULL; 0 if there is none. */
unsigned int ini_lines_find(GHashTable *lines, const char *section, const char *key);

#endif
