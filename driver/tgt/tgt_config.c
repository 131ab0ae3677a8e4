/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/tgt/tgt_config.h"

#include <glib.h>
#include <stddef.h>
#include <string.h>

#include "names/lun.h"

#define SECTION "tgt"
#define PREFIX_MAX (ISCSI_NAME_MAX - LUN_NAME_MAX)
#define PATH_TEXT_MAX 800

static bool prefix_valid(const char *value)
{
	g_autofree char *name = g_strconcat(value, "a", NULL);

	return strlen(value) <= PREFIX_MAX && iscsi_name_valid(name);
}

/* tgtadm takes the file's path within a list that is separated by commas. */
static bool path_valid(const char *value)
{
	return value[0] == '/' && strlen(value) <= PATH_TEXT_MAX &&
	       strpbrk(value, ", \t\n") == NULL;
}

static bool port_valid(const char *value)
{
	size_t length = strlen(value);

	return length > 0 && length <= 5 && strspn(value, "0123456789") == length &&
	       g_ascii_strtoull(value, NULL, 10) <= 32767;
}

static const struct row {
	const char *key;
	const char *fallback; /* NULL: must be there */
	bool (*valid)(const char *value);
	const char *legal;
	size_t offset;
} ROWS[] = {
	{"iqn_prefix", NULL, prefix_valid,
	 "the beginning of an iSCSI name, as iqn.2026-11.org.example:",
	 offsetof(struct tgt_config, iqn_prefix)},
	{"pool", NULL, path_valid, "an absolute path without blanks and commas",
	 offsetof(struct tgt_config, pool)},
	{"control_port", "0", port_valid, "a number from 0 to 32767",
	 offsetof(struct tgt_config, control_port)},
	{"lock_file", "/run/lunmask-array-tgt/lock", path_valid,
	 "an absolute path without blanks and commas", offsetof(struct tgt_config, lock_file)},
	{"state_dir", "/var/lib/lunmask-array-tgt", path_valid,
	 "an absolute path without blanks and commas", offsetof(struct tgt_config, state_dir)},
};

static const struct row *row_find(const char *key)
{
	for (size_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
		if (strcmp(ROWS[i].key, key) == 0) {
			return &ROWS[i];
		}
	}
	return NULL;
}

static int row_load(GKeyFile *ini, const char *file, const struct row *row, struct tgt_config *ret,
		    struct fault *fault)
{
	char **field = (char **)(void *)((char *)ret + row->offset);

	*field = g_key_file_get_value(ini, SECTION, row->key, NULL);
	if (*field == NULL && row->fallback != NULL) {
		*field = g_strdup(row->fallback);
	}
	if (*field == NULL) {
		return fault_set(fault, ARRAY_ERROR_INTERNAL,
				 "%s: section [" SECTION "] has no key '%s': it is %s", file,
				 row->key, row->legal);
	}
	g_strstrip(*field);
	if (!row->valid(*field)) {
		return fault_set(fault, ARRAY_ERROR_INTERNAL,
				 "%s: [" SECTION "] %s = '%.200s' is not legal: it is %s", file,
				 row->key, *field, row->legal);
	}
	return 0;
}

static int strangers_check(GKeyFile *ini, const char *file, struct fault *fault)
{
	g_auto(GStrv) groups = g_key_file_get_groups(ini, NULL);
	g_auto(GStrv) keys = g_key_file_get_keys(ini, SECTION, NULL, NULL);

	for (size_t i = 0; groups[i] != NULL; i++) {
		if (strcmp(groups[i], SECTION) != 0) {
			return fault_set(fault, ARRAY_ERROR_INTERNAL,
					 "%s: section [%.100s] is not known: there is [" SECTION
					 "] only",
					 file, groups[i]);
		}
	}
	for (size_t i = 0; keys != NULL && keys[i] != NULL; i++) {
		if (row_find(keys[i]) == NULL) {
			return fault_set(fault, ARRAY_ERROR_INTERNAL,
					 "%s: [" SECTION "] has an unknown key '%.100s': legal are "
					 "iqn_prefix, pool, control_port, lock_file, state_dir",
					 file, keys[i]);
		}
	}
	return 0;
}

int tgt_config_load(const char *file, struct tgt_config *ret, struct fault *fault)
{
	g_autoptr(GKeyFile) ini = g_key_file_new();
	g_autoptr(GError) error = NULL;
	int rc;

	*ret = (struct tgt_config){0};
	if (!g_key_file_load_from_file(ini, file, G_KEY_FILE_NONE, &error)) {
		return fault_set(fault, ARRAY_ERROR_INTERNAL, "%s: %s", file, error->message);
	}
	rc = strangers_check(ini, file, fault);
	for (size_t i = 0; i < G_N_ELEMENTS(ROWS) && rc == 0; i++) {
		rc = row_load(ini, file, &ROWS[i], ret, fault);
	}
	if (rc != 0) {
		tgt_config_release(ret);
	}
	return rc;
}

void tgt_config_release(struct tgt_config *config)
{
	for (size_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
		char **field = (char **)(void *)((char *)config + ROWS[i].offset);

		g_free(*field);
		*field = NULL;
	}
}
