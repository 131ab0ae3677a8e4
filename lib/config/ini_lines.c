/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/ini_lines.h"

#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct lines {
	GHashTable *seen;
	char *section; /* NULL before the first section */
	unsigned int number;
};

/* key is "" for the section itself. */
static int line_note(struct lines *lines, const char *key, struct err *err)
{
	char *name = *key == '\0' ? g_strdup(lines->section)
				  : g_strdup_printf("%s\n%s", lines->section, key);

	if (!g_hash_table_insert(lines->seen, name, GUINT_TO_POINTER(lines->number))) {
		return *key == '\0'
			       ? err_set(err, -EINVAL, "[%.300s] is there twice", lines->section)
			       : err_set(err, -EINVAL, "[%.300s]: the key '%s' is there twice",
					 lines->section, key);
	}
	return 0;
}

static int bytes_check(const char *line, size_t length, struct err *err)
{
	if (length >= 3 && memcmp(line, BYTE_ORDER_MARK, 3) == 0) {
		return err_set(
			err, -EINVAL,
			"it begins with a byte order mark (ef bb bf); save the file without it");
	}
	for (size_t i = 0; i < length; i++) {
		if (g_ascii_iscntrl(line[i]) && line[i] != '\t') {
			return err_set(err, -EINVAL, "byte %zu is a control character (0x%02x)%s",
				       i + 1, (unsigned char)line[i],
				       line[i] == '\r' ? "; a line ends with LF, without CR" : "");
		}
	}
	return 0;
}

static int key_check(struct lines *lines, char *line, struct err *err)
{
	char *equals = strchr(line, '=');

	if (*line == '[' || equals == NULL || equals == line || lines->section == NULL) {
		return err_set(err, -EINVAL,
			       "'%.64s' is neither a [section], nor a KEY = VALUE in one, nor a "
			       "comment (#)",
			       line);
	}
	*equals = '\0';
	g_strchomp(line);
	if (strpbrk(line, "[]") != NULL) { /* GKeyFile would skip it */
		return err_set(err, -EINVAL, "[%.300s]: there is no key '%.64s'", lines->section,
			       line);
	}
	return line_note(lines, line, err);
}

/* Changes line. */
static int line_check(struct lines *lines, char *line, struct err *err)
{
	size_t length = strlen(g_strstrip(line));

	if (length == 0 || *line == '#') {
		return 0;
	}
	if (!g_utf8_validate(line, (gssize)length, NULL)) {
		return err_set(err, -EINVAL, "it is not UTF-8");
	}
	if (*line == '[' && line[length - 1] == ']') {
		g_free(lines->section);
		lines->section = g_strndup(line + 1, length - 2);
		return line_note(lines, "", err);
	}
	return key_check(lines, line, err);
}

static int lines_check(struct lines *lines, const char *text, size_t bytes, struct err *err)
{
	const char *end = text + bytes;
	int rc = 0;

	while (text < end && rc == 0) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((newline == NULL ? end : newline) - text);
		g_autofree char *line = g_strndup(text, length);

		lines->number++;
		rc = bytes_check(text, length, err);
		rc = rc == 0 ? line_check(lines, line, err) : rc;
		text = newline == NULL ? end : newline + 1;
	}
	return rc == 0 ? 0 : err_prefix(err, rc, "line %u", lines->number);
}

int ini_lines_read(const char *text, size_t bytes, GHashTable **ret_lines, struct err *err)
{
	struct lines lines = {
		.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
	};
	int rc = lines_check(&lines, text, bytes, err);

	g_free(lines.section);
	if (rc < 0) {
		g_hash_table_unref(lines.seen);
		return rc;
	}
	*ret_lines = lines.seen;
	return 0;
}

unsigned int ini_lines_find(GHashTable *lines, const char *section, const char *key)
{
	g_autofree char *name = g_strjoin("\n", section, key, NULL);

	return GPOINTER_TO_UINT(g_hash_table_lookup(lines, name));
}
