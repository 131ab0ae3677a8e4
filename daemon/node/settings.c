/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node/settings.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib.h>

#include "config/config_lines.h"

#define SECTION "journal"

static const struct setting {
	const char *name;
	size_t offset; /* of the bool in struct settings */
	bool value;    /* when it is not set */
} table[] = {
	{"allow_unencrypted", offsetof(struct settings, allow_unencrypted), false},
	{"solo_after_fencing", offsetof(struct settings, solo_after_fencing), true},
	{"debug", offsetof(struct settings, debug), false},
};

static bool *setting_of(struct settings *settings, const struct setting *row)
{
	return (bool *)((char *)settings + row->offset);
}

static int bool_parse(const char *text, bool *ret, struct err *err)
{
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0) {
		return err_set(err, -EINVAL, "'%.64s' is not legal: yes, or no", text);
	}
	*ret = *text == 'y';
	return 0;
}

static int key_take(GKeyFile *file, const char *key, struct settings *ret, struct err *err)
{
	g_autofree char *value = g_key_file_get_value(file, SECTION, key, NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		if (strcmp(table[i].name, key) == 0) {
			int rc = bool_parse(value == NULL ? "" : value, setting_of(ret, &table[i]),
					    err);

			return rc < 0 ? err_prefix(err, rc, "[" SECTION "] %s", key) : 0;
		}
	}
	return err_set(err, -EINVAL,
		       "[" SECTION "]: there is no key '%.64s'; legal are: %s, %s, %s", key,
		       table[0].name, table[1].name, table[2].name);
}

static int text_take(const char *text, struct settings *ret, struct err *err)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) groups = NULL;
	g_auto(GStrv) keys = NULL;
	int rc = config_lines_check(text, err);

	if (rc < 0 || *text == '\0') {
		return rc;
	}
	if (!g_key_file_load_from_data(file, text, strlen(text), G_KEY_FILE_NONE, &error)) {
		return err_set(err, -EINVAL, "%s", error->message);
	}
	groups = g_key_file_get_groups(file, NULL);
	for (size_t i = 0; groups[i] != NULL; i++) {
		if (strcmp(groups[i], SECTION) != 0) {
			return err_set(err, -EINVAL,
				       "there is no section [%.64s]; legal is: [" SECTION "]",
				       groups[i]);
		}
	}
	keys = g_key_file_get_keys(file, SECTION, NULL, NULL);
	for (size_t i = 0; keys != NULL && keys[i] != NULL && rc == 0; i++) {
		rc = key_take(file, keys[i], ret, err);
	}
	return rc;
}

static void settings_default(struct settings *ret)
{
	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		*setting_of(ret, &table[i]) = table[i].value;
	}
}

int settings_parse(const char *text, size_t bytes, const char *file, struct settings *ret,
		   struct err *err)
{
	g_autofree char *copy = NULL;
	int rc;

	settings_default(ret);
	if (bytes > SETTINGS_FILE_MAX_BYTES) {
		return err_set(err, -EINVAL, "%s: it is larger than %u bytes", file,
			       SETTINGS_FILE_MAX_BYTES);
	}
	if (memchr(text, '\0', bytes) != NULL) {
		return err_set(err, -EINVAL, "%s: it has a byte 0", file);
	}
	copy = g_strndup(text, bytes);
	rc = text_take(copy, ret, err);
	return rc < 0 ? err_prefix(err, rc, "%s", file) : 0;
}

static int file_check(int fd, struct err *err)
{
	struct stat status;

	if (fstat(fd, &status) < 0) {
		return err_set(err, -errno, "%s", strerror(errno));
	}
	if (!S_ISREG(status.st_mode)) {
		return err_set(err, -EINVAL, "it is not a regular file");
	}
	if (status.st_uid != 0 && status.st_uid != geteuid()) {
		return err_set(err, -EACCES, "it belongs to user %u; it must be root's",
			       (unsigned int)status.st_uid);
	}
	if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		return err_set(err, -EACCES, "others may write it (mode %04o); use chmod go-w",
			       (unsigned int)(status.st_mode & 07777));
	}
	return 0;
}

static int file_read(int fd, char *buffer, size_t size, size_t *ret_bytes, struct err *err)
{
	ssize_t got = 1;

	*ret_bytes = 0;
	while (got != 0 && *ret_bytes < size) {
		got = read(fd, buffer + *ret_bytes, size - *ret_bytes);
		if (got < 0 && errno != EINTR) {
			return err_set(err, -errno, "%s", strerror(errno));
		}
		*ret_bytes += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

int settings_load(const char *path, struct settings *ret, struct err *err)
{
	char buffer[SETTINGS_FILE_MAX_BYTES + 1];
	const char *file = path == NULL ? SETTINGS_FILE : path;
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	size_t bytes = 0;
	int rc;

	if (fd < 0 && errno == ENOENT && path == NULL) {
		settings_default(ret);
		return 0;
	}
	if (fd < 0) {
		return err_set(err, -errno, "%s: %s", file, strerror(errno));
	}
	rc = file_check(fd, err);
	if (rc == 0) {
		rc = file_read(fd, buffer, sizeof(buffer), &bytes, err);
	}
	(void)close(fd);
	if (rc < 0) {
		return err_prefix(err, rc, "%s", file);
	}
	return settings_parse(buffer, bytes, file, ret, err);
}
