/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/ini.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <glib.h>

#include "base/text.h"
#include "config/ini_lines.h"
#include "config/trusted_file.h"
#include "names/name.h"

#define LEGAL_TEXT_MAX 512
#define TIME_TEXT_MAX 24

struct reader {
	const struct ini *ini;
	void *target;
	GKeyFile *file;
	GHashTable *lines;
};

/* Values */

char **ini_words(const char *text)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);

	for (text += strspn(text, " \t"); *text != '\0'; text += strspn(text, " \t")) {
		size_t length = strcspn(text, " \t");

		g_ptr_array_add(words, g_strndup(text, length));
		text += length;
	}
	g_ptr_array_add(words, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}

static int yes_no_parse(const char *value, bool *ret, struct err *err)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
		return err_set(err, -EINVAL, "'%.64s' is not legal: yes, or no", value);
	}
	*ret = *value == 'y';
	return 0;
}

/* The largest first: a time is shown in the largest unit in which it is a whole number. */
static const struct unit {
	const char *name;
	int ms;
} units[] = {{"min", 60000}, {"s", 1000}, {"ms", 1}};

static const char *time_text(int ms, char ret[TIME_TEXT_MAX])
{
	size_t i = 0;

	while (ms % units[i].ms != 0) {
		i++;
	}
	(void)snprintf(ret, TIME_TEXT_MAX, "%d%s", ms / units[i].ms, units[i].name);
	return ret;
}

/* -1: it is not a time. More than INT_MAX is INT_MAX. */
static int time_read(const char *value)
{
	size_t digits = strspn(value, "0123456789");
	g_autofree char *number = g_strndup(value, digits);
	guint64 count = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		if (strcmp(value + digits, units[i].name) == 0 &&
		    g_ascii_string_to_unsigned(number, 10, 0, INT_MAX, &count, NULL)) {
			return (int)MIN(count * (guint64)units[i].ms, INT_MAX);
		}
	}
	return -1;
}

static int time_parse(const struct ini_key *key, const char *value, int *ret, struct err *err)
{
	char min[TIME_TEXT_MAX], max[TIME_TEXT_MAX];
	int ms = time_read(value);

	if (ms < key->min_ms || ms > key->max_ms) {
		return err_set(err, -EINVAL,
			       "'%.64s' is not legal: a whole number with its unit, ms, s or min, "
			       "from %s to %s",
			       value, time_text(key->min_ms, min), time_text(key->max_ms, max));
	}
	*ret = ms;
	return 0;
}

static int value_store(const struct ini_key *key, const char *value, void *place, struct err *err)
{
	void *field = (char *)place + key->offset;
	int rc = 0;

	if (strlen(value) > INI_VALUE_MAX) {
		return err_set(err, -EINVAL, "the value is longer than %d characters",
			       INI_VALUE_MAX);
	}
	rc = key->check == NULL ? 0 : key->check(value, err);
	if (rc < 0) {
		return rc;
	}
	switch (key->type) {
	case INI_TEXT: *(char **)field = g_strdup(value); break;
	case INI_WORDS: *(char ***)field = ini_words(value); break;
	case INI_YES_NO: rc = yes_no_parse(value, field, err); break;
	case INI_TIME: rc = time_parse(key, value, field, err); break;
	}
	return rc;
}

void ini_release(const struct ini_section *section, void *place)
{
	for (size_t i = 0; i < section->n_keys; i++) {
		void *field = (char *)place + section->keys[i].offset;

		switch (section->keys[i].type) {
		case INI_TEXT: g_clear_pointer((char **)field, g_free); break;
		case INI_WORDS: g_clear_pointer((char ***)field, g_strfreev); break;
		case INI_YES_NO:
		case INI_TIME: break;
		}
	}
}

/* Sections */

static int section_refuse(const struct ini *ini, const char *title, struct err *err)
{
	char legal[LEGAL_TEXT_MAX] = "";

	for (size_t i = 0; i < ini->n_sections; i++) {
		const struct ini_section *row = &ini->sections[i];

		g_autofree char *one = g_strjoin(" ", row->kind, row->placeholder, NULL);
		g_autofree char *title_of = g_strdup_printf("[%s]", one);

		text_list_add(legal, sizeof(legal), title_of);
	}
	return err_set(err, -EINVAL, "there is no section [%.64s]; legal %s: %s", title,
		       ini->n_sections == 1 ? "is" : "are", legal);
}

static const struct ini_section *section_find(const struct ini *ini, const char *title,
					      const char **ret_name)
{
	for (size_t i = 0; i < ini->n_sections; i++) {
		const struct ini_section *row = &ini->sections[i];
		size_t length = strlen(row->kind);

		if (strncmp(title, row->kind, length) == 0 &&
		    title[length] == (row->placeholder == NULL ? '\0' : ' ')) {
			*ret_name = row->placeholder == NULL ? "" : title + length + 1;
			return row;
		}
	}
	return NULL;
}

static int key_refuse(const struct ini_section *row, const char *name, struct err *err)
{
	char legal[LEGAL_TEXT_MAX] = "";

	for (size_t i = 0; i < row->n_keys; i++) {
		text_list_add(legal, sizeof(legal), row->keys[i].name);
	}
	return err_set(err, -EINVAL, "there is no key '%.64s'; legal are: %s", name, legal);
}

static int at_line(const struct reader *reader, int rc, const char *title, const char *key,
		   struct err *err)
{
	unsigned int line = ini_lines_find(reader->lines, title, key);

	return line == 0 ? rc : err_prefix(err, rc, "line %u", line);
}

static int section_wrong(const struct reader *reader, int rc, const char *title, struct err *err)
{
	return at_line(reader, err_prefix(err, rc, "[%.300s]", title), title, NULL, err);
}

static int keys_known(const struct reader *reader, const struct ini_section *row, const char *title,
		      struct err *err)
{
	g_auto(GStrv) names = g_key_file_get_keys(reader->file, title, NULL, NULL);

	for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
		size_t k = 0;

		while (k < row->n_keys && strcmp(row->keys[k].name, names[i]) != 0) {
			k++;
		}
		if (k == row->n_keys) {
			int rc = key_refuse(row, names[i], err);

			rc = err_prefix(err, rc, "[%.300s]", title);
			return at_line(reader, rc, title, names[i], err);
		}
	}
	return 0;
}

static int key_read(const struct reader *reader, const struct ini_key *key, const char *title,
		    void *place, struct err *err)
{
	g_autofree char *value = g_key_file_get_value(reader->file, title, key->name, NULL);
	int rc;

	if (value == NULL && key->required) {
		rc = err_set(err, -EINVAL, "[%.300s] lacks the key '%s'", title, key->name);
		return at_line(reader, rc, title, NULL, err);
	}
	if (value == NULL && key->fallback == NULL) {
		return 0;
	}
	rc = value_store(key, value != NULL ? g_strchomp(value) : key->fallback, place, err);
	if (rc < 0) {
		rc = err_prefix(err, rc, "[%.300s] %s", title, key->name);
		rc = at_line(reader, rc, title, key->name, err);
	}
	return rc;
}

/* title may be a section that is not in the file: then its keys get their defaults. */
static int section_fill(const struct reader *reader, const struct ini_section *row,
			const char *title, const char *name, struct err *err)
{
	void *place = reader->target;
	int rc = keys_known(reader, row, title, err);

	if (rc == 0 && row->place != NULL) {
		place = row->place(reader->target, name, err);
		rc = place != NULL ? 0 : section_wrong(reader, -EINVAL, title, err);
	}
	for (size_t i = 0; rc == 0 && i < row->n_keys; i++) {
		rc = key_read(reader, &row->keys[i], title, place, err);
	}
	if (rc == 0 && row->complete != NULL) {
		rc = row->complete(reader->target, place, err);
		rc = rc < 0 ? section_wrong(reader, rc, title, err) : 0;
	}
	return rc;
}

static int section_read(const struct reader *reader, const char *title, struct err *err)
{
	const char *name = NULL;
	const struct ini_section *row = section_find(reader->ini, title, &name);
	int rc;

	if (row == NULL) {
		return at_line(reader, section_refuse(reader->ini, title, err), title, NULL, err);
	}
	if (row->placeholder != NULL && !name_valid(name, row->name_max, "._-")) {
		rc = err_set(err, -EINVAL,
			     "the name must be letters, digits, '.', '_', '-', at most %zu, and "
			     "begin with a letter or digit",
			     row->name_max);
		return section_wrong(reader, rc, title, err);
	}
	return section_fill(reader, row, title, name, err);
}

static int sections_read(const struct reader *reader, struct err *err)
{
	g_auto(GStrv) titles = g_key_file_get_groups(reader->file, NULL);
	int rc = 0;

	for (size_t i = 0; titles[i] != NULL && rc == 0; i++) {
		rc = section_read(reader, titles[i], err);
	}
	for (size_t i = 0; i < reader->ini->n_sections && rc == 0; i++) {
		const struct ini_section *row = &reader->ini->sections[i];

		if (row->placeholder == NULL && !g_key_file_has_group(reader->file, row->kind)) {
			rc = section_fill(reader, row, row->kind, "", err);
		}
	}
	return rc;
}

static int text_read(struct reader *reader, const char *text, size_t bytes, struct err *err)
{
	g_autoptr(GError) error = NULL;
	int rc = ini_lines_read(text, bytes, &reader->lines, err);

	if (rc < 0) {
		return rc;
	}
	if (bytes > 0 &&
	    !g_key_file_load_from_data(reader->file, text, bytes, G_KEY_FILE_NONE, &error)) {
		return err_set(err, -EINVAL, "%s", error->message);
	}
	return sections_read(reader, err);
}

int ini_parse(const struct ini *ini, const char *text, size_t bytes, const char *file, void *target,
	      struct err *err)
{
	struct reader reader = {.ini = ini, .target = target};
	int rc;

	if (bytes > ini->max_bytes) {
		return err_set(err, -EINVAL, "%s: it is larger than %zu bytes", file,
			       ini->max_bytes);
	}
	reader.file = g_key_file_new();
	rc = text_read(&reader, text, bytes, err);
	g_key_file_free(reader.file);
	g_clear_pointer(&reader.lines, g_hash_table_unref);
	return rc < 0 ? err_prefix(err, rc, "%s", file) : 0;
}

int ini_load(const struct ini *ini, const char *path, void *target, struct err *err)
{
	g_autofree char *buffer = g_malloc(ini->max_bytes + 1);
	size_t bytes;
	int rc = trusted_file_read(path, buffer, ini->max_bytes + 1, &bytes, err);

	return rc < 0 ? err_prefix(err, rc, "%s", path)
		      : ini_parse(ini, buffer, bytes, path, target, err);
}
