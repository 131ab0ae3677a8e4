/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/config_lines.h"

#include <string.h>

#include <glib.h>

#include "config/config_value.h"

#define KEY_NAME_MAX 63

struct lines {
	GHashTable *seen; /* "section" and "section\nkey" */
	char *section;
};

static int line_note(struct lines *lines, const char *section, const char *key, struct err *err)
{
	g_autofree char *both = g_strdup_printf("%s\n%s", section, key);

	if (!g_hash_table_add(lines->seen, g_steal_pointer(&both))) {
		return *key == '\0'
			       ? err_set(err, -EINVAL, "[%.64s] is there twice", section)
			       : err_set(err, -EINVAL, "[%.64s]: the key '%.64s' is there twice",
					 section, key);
	}
	return 0;
}

static int line_check(struct lines *lines, char *line, struct err *err)
{
	char *end;

	g_strstrip(line);
	if (*line == '\0' || *line == '#') {
		return 0;
	}
	if (*line == '[' && line[strlen(line) - 1] == ']') {
		g_free(lines->section);
		lines->section = g_strndup(line + 1, strlen(line) - 2);
		return line_note(lines, lines->section, "", err);
	}
	end = strchr(line, '=');
	if (end == NULL || end == line || lines->section == NULL) {
		return err_set(err, -EINVAL,
			       "'%.64s' is neither a [section], nor a KEY = VALUE in one, nor a "
			       "comment (#)",
			       line);
	}
	*end = '\0';
	g_strchomp(line);
	if (!config_value_made_of(line, KEY_NAME_MAX, "_")) {
		return err_set(err, -EINVAL, "[%.64s]: '%.64s' is not a key", lines->section, line);
	}
	return line_note(lines, lines->section, line, err);
}

int config_lines_check(const char *text, struct err *err)
{
	g_auto(GStrv) split = g_strsplit(text, "\n", -1);
	struct lines lines = {.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
	int rc = 0;

	for (size_t i = 0; split[i] != NULL && rc == 0; i++) {
		rc = line_check(&lines, split[i], err);
		if (rc < 0) {
			(void)err_prefix(err, rc, "line %zu", i + 1);
		}
	}
	g_hash_table_destroy(lines.seen);
	g_free(lines.section);
	return rc;
}
