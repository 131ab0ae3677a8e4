/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_INI_LINES_H
#define LUNMASK_INI_LINES_H

#include <glib.h>
#include <stddef.h>

#include "base/err.h"

/*
 * Checks the lines of an INI file before GKeyFile reads it, and records their numbers. GKeyFile
 * merges sections with the same name, takes the last of repeated keys, skips keys with a [locale],
 * and reports no line numbers, which would hide mistakes. For ini.c.
 *
 * *ret_lines maps "SECTION" and "SECTION\nKEY" to line numbers (GUINT_TO_POINTER()). The caller
 * frees it with g_hash_table_unref(). -EINVAL with text.
 */
int ini_lines_read(const char *text, size_t bytes, GHashTable **ret_lines, struct err *err);

/* The line of a section, or of its key if key is not NULL; 0: not found. */
unsigned int ini_lines_find(GHashTable *lines, const char *section, const char *key);

#endif
