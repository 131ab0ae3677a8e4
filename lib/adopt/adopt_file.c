/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "adopt/adopt_file.h"

#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "config/trusted_file.h"
#include "domain/mapping.h"

#define FOLDER_MODE 0700
#define FILE_MODE 0600
#define ENDING ".xml"

static const char *folder_path(void)
{
	const char *other = getenv(ADOPT_FILE_VARIABLE);

	return other != NULL && *other != '\0' ? other : ADOPT_FILE_DIRECTORY;
}

char *adopt_file_path(const char *vm)
{
	return g_strdup_printf("%s/%s" ENDING, folder_path(), vm);
}

int adopt_file_load(const char *vm, char **ret, struct err *err)
{
	g_autofree char *path = adopt_file_path(vm);
	g_autofree char *text = g_malloc0(MAPPING_MAX_BYTES + 1);
	size_t bytes = 0;
	int rc = trusted_file_read_private(path, text, MAPPING_MAX_BYTES, &bytes, err);

	*ret = NULL;
	if (rc == 0) {
		*ret = g_steal_pointer(&text);
	}
	return rc == 0 ? 0 : err_prefix(err, rc, "%s", path);
}

static int folder_flush(const char *path)
{
	AUTO_FD fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* What was made of the folder and its parents is as durable as the file. */
static int folder_make(struct err *err)
{
	g_autofree char *parent = g_path_get_dirname(folder_path());
	int rc = g_mkdir_with_parents(folder_path(), FOLDER_MODE) < 0 ? -errno
								      : folder_flush(parent);

	return rc < 0 ? err_set(err, rc, "%s: %s", folder_path(), strerror(-rc)) : 0;
}

static int file_write(const char *path, const char *text)
{
	AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	size_t bytes = strlen(text), done = 0;

	while (fd >= 0 && done < bytes) {
		ssize_t n = TEMP_FAILURE_RETRY(write(fd, text + done, bytes - done));

		if (n < 0) {
			return -errno;
		}
		done += (size_t)n;
	}
	return fd < 0 || fchmod(fd, FILE_MODE) < 0 || fsync(fd) < 0 ? -errno : 0;
}

int adopt_file_store(const char *vm, const char *xml, struct err *err)
{
	g_autofree char *path = adopt_file_path(vm);
	g_autofree char *new = g_strconcat(path, ".new", NULL);
	int rc = folder_make(err);

	if (rc < 0) {
		return rc;
	}
	rc = file_write(new, xml);
	rc = rc == 0 && rename(new, path) < 0 ? -errno : rc;
	rc = rc == 0 ? folder_flush(folder_path()) : rc;
	return rc < 0 ? err_set(err, rc, "%s: %s", path, strerror(-rc)) : 0;
}

int adopt_file_remove(const char *vm, struct err *err)
{
	g_autofree char *path = adopt_file_path(vm);
	int rc = unlink(path) < 0 && errno != ENOENT ? -errno : 0;

	if (rc == 0 && access(folder_path(), F_OK) == 0) {
		rc = folder_flush(folder_path());
	}
	return rc < 0 ? err_set(err, rc, "%s: %s", path, strerror(-rc)) : 0;
}
