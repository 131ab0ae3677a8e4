/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "store/store.h"
#include "store/store_read.h"

/*
 * Reading a database that has a write-ahead log replays that log and moves it into the database,
 * which changes the files. Therefore a copy is read, by the same code that opens the store.
 */

#define COPY_BYTES (64 * 1024)

static int descriptor_copy(int from, int to)
{
	char buffer[COPY_BYTES];
	ssize_t got;

	while ((got = read(from, buffer, sizeof(buffer))) > 0) {
		if (write(to, buffer, (size_t)got) != got) {
			return -EIO;
		}
	}
	return got < 0 ? -EIO : 0;
}

static int file_copy(const struct store_dir *from, const struct store_dir *to, const char *name,
		     struct err *err)
{
	AUTO_FD in = openat(from->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_FD out = -1;

	if (in < 0) {
		return errno == ENOENT ? 0
				       : err_set(err, -errno, "%s/%s: %s", from->path, name,
						 strerror(errno));
	}
	out = openat(to->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0 || descriptor_copy(in, out) < 0) {
		return err_set(err, -EIO, "cannot copy %s/%s to %s: %s", from->path, name, to->path,
			       strerror(errno));
	}
	return 0;
}

static int copy_make(const struct store_dir *dir, struct store_dir *ret, struct err *err)
{
	g_autofree char *path = g_strdup_printf("%s/lunmask-check-XXXXXX", g_get_tmp_dir());
	int rc;

	*ret = (struct store_dir){.fd = -1, .lock = -1};
	if (mkdtemp(path) == NULL || realpath(path, ret->path) == NULL) {
		return err_set(err, -errno, "cannot make %s: %s", path, strerror(errno));
	}
	ret->fd = open(ret->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (ret->fd < 0) {
		return err_set(err, -errno, "%s: %s", ret->path, strerror(errno));
	}
	rc = file_copy(dir, ret, STORE_DB, err);
	return rc < 0 ? rc : file_copy(dir, ret, STORE_DB "-wal", err);
}

static void copy_remove(struct store_dir *copy)
{
	if (copy->fd >= 0) {
		(void)unlinkat(copy->fd, STORE_DB "-wal", 0);
		(void)unlinkat(copy->fd, STORE_DB "-journal", 0);
		(void)unlinkat(copy->fd, STORE_DB, 0);
	}
	if (copy->path[0] != '\0') {
		(void)rmdir(copy->path);
	}
	store_dir_release(copy);
}

static int report_read(const struct store_dir *copy, struct store_report *ret, struct err *err)
{
	const struct store_state *state = &ret->content->state;
	struct store_db db;
	int rc = store_read(copy, &db, ret->content, err);

	if (rc < 0) {
		return rc;
	}
	store_db_close(&db);
	ret->disk = state->disk;
	ret->boot = state->boot;
	ret->closed = (state->flags & STORE_IN_USE) == 0;
	ret->last = state->last;
	ret->durable = ret->content->durable;
	return 0;
}

static int report_make(const struct store_dir *dir, struct store_report *ret, struct err *err)
{
	struct store_dir copy;
	int rc;

	if (!store_dir_has(dir, STORE_DB)) {
		return err_set(err, -ENOENT, "%s has no %s", dir->path, STORE_DB);
	}
	ret->failed = store_dir_marked(dir, NULL);
	ret->bytes = store_dir_bytes(dir, STORE_DB) + store_dir_bytes(dir, STORE_DB "-wal");
	rc = copy_make(dir, &copy, err);
	rc = rc < 0 ? rc : report_read(&copy, ret, err);
	copy_remove(&copy);
	return rc;
}

int store_check(const char *directory, struct store_report *ret, struct err *err)
{
	struct store_dir dir;
	int rc = store_dir_open(directory, true, &dir, err);

	*ret = (struct store_report){.content = g_new0(struct store_content, 1)};
	if (rc == 0) {
		rc = report_make(&dir, ret, err);
		store_dir_release(&dir);
	}
	if (rc < 0) {
		store_report_release(ret);
	}
	return rc;
}

void store_report_release(struct store_report *report)
{
	if (report->content != NULL) {
		store_content_release(report->content);
		g_clear_pointer(&report->content, g_free);
	}
}
