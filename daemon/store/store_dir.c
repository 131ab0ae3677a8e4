/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/store_dir.h"

#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"

#define DIRECTORY_MODE 0700
#define FILE_MODE 0600
#define MODE_BITS 07777u
#define MARK_BYTES_MAX 512

static int mode_check(const struct stat *st, mode_t legal, const char *path, const char *name,
		      struct err *err)
{
	const char *slash = name[0] == '\0' ? "" : "/";

	if (st->st_uid != geteuid()) {
		return err_set(err, -EPERM,
			       "%s%s%s belongs to user %u, not to user %u, which runs this "
			       "program: chown %u it",
			       path, slash, name, st->st_uid, geteuid(), geteuid());
	}
	if ((st->st_mode & MODE_BITS & ~legal) != 0) {
		return err_set(err, -EPERM,
			       "%s%s%s has mode %04o: others could read or change the journal; "
			       "chmod %04o %s%s%s",
			       path, slash, name, st->st_mode & MODE_BITS, legal, path, slash,
			       name);
	}
	return 0;
}

static int file_check(const struct store_dir *dir, const char *name, struct err *err)
{
	struct stat st;

	if (fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		return errno == ENOENT ? 0
				       : err_set(err, -errno, "%s/%s: %s", dir->path, name,
						 strerror(errno));
	}
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1) {
		return err_set(err, -EPERM,
			       "%s/%s is not a plain file with one link: remove it, lunmaskd "
			       "creates its own",
			       dir->path, name);
	}
	return mode_check(&st, FILE_MODE, dir->path, name, err);
}

static int files_check(const struct store_dir *dir, struct err *err)
{
	static const char *const names[] = {
		STORE_DB,   STORE_DB "-wal", STORE_DB "-journal", STORE_DB "-shm",
		STORE_LOCK, STORE_MARK,      STORE_DB_NEW,
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < G_N_ELEMENTS(names); i++) {
		rc = file_check(dir, names[i], err);
	}
	return rc;
}

static int directory_open(struct store_dir *dir, const char *path, bool read_only, struct err *err)
{
	struct stat st;

	if (!read_only && mkdir(path, DIRECTORY_MODE) < 0 && errno != EEXIST) {
		return err_set(err, -errno, "cannot create the directory %s: %s", path,
			       strerror(errno));
	}
	if (realpath(path, dir->path) == NULL) {
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	}
	dir->fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir->fd < 0 || fstat(dir->fd, &st) < 0) {
		return err_set(err, -errno, "%s: %s", dir->path, strerror(errno));
	}
	return mode_check(&st, DIRECTORY_MODE, dir->path, "", err);
}

static int lock_take(struct store_dir *dir, bool read_only, struct err *err)
{
	dir->lock = openat(dir->fd, STORE_LOCK,
			   O_RDWR | O_NOFOLLOW | O_CLOEXEC | (read_only ? 0 : O_CREAT), FILE_MODE);
	if (dir->lock < 0) {
		return err_set(err, -errno, "%s/%s: %s", dir->path, STORE_LOCK, strerror(errno));
	}
	if (flock(dir->lock, (read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) < 0) {
		return err_set(err, errno == EWOULDBLOCK ? -EAGAIN : -errno,
			       "%s is in use by another process (a running lunmaskd?): it has %s "
			       "locked",
			       dir->path, STORE_LOCK);
	}
	return 0;
}

int store_dir_open(const char *path, bool read_only, struct store_dir *ret, struct err *err)
{
	int rc;

	*ret = (struct store_dir){.fd = -1, .lock = -1};
	rc = directory_open(ret, path, read_only, err);
	rc = rc < 0 ? rc : lock_take(ret, read_only, err);
	rc = rc < 0 ? rc : files_check(ret, err);
	if (rc < 0) {
		store_dir_release(ret);
	}
	return rc;
}

void store_dir_release(struct store_dir *dir)
{
	fd_close(&dir->lock);
	fd_close(&dir->fd);
}

void store_dir_path(const struct store_dir *dir, const char *name, char ret[STORE_PATH_MAX])
{
	(void)snprintf(ret, STORE_PATH_MAX, "%s/%s", dir->path, name);
}

bool store_dir_has(const struct store_dir *dir, const char *name)
{
	return faccessat(dir->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

uint64_t store_dir_bytes(const struct store_dir *dir, const char *name)
{
	struct stat st;

	return fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : (uint64_t)st.st_size;
}

int store_dir_sync(const struct store_dir *dir, struct err *err)
{
	return fsync(dir->fd) == 0 ? 0
				   : err_set(err, -EIO, "cannot sync the directory %s: %s",
					     dir->path, strerror(errno));
}

bool store_dir_read_only_fs(const struct store_dir *dir)
{
	struct statvfs fs;

	return fstatvfs(dir->fd, &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0;
}

int store_dir_room(const struct store_dir *dir, uint64_t bytes, struct err *err)
{
	struct statvfs fs;
	uint64_t left;

	if (fstatvfs(dir->fd, &fs) < 0) {
		return err_set(err, -EIO, "%s: cannot read the free space: %s", dir->path,
			       strerror(errno));
	}
	left = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (left < bytes) {
		return err_set(err, -ENOSPC,
			       "%s: the file system has %" PRIu64 " KiB left, the journal needs "
			       "%" PRIu64 " KiB: make room, then start lunmaskd again",
			       dir->path, left / 1024, bytes / 1024);
	}
	return 0;
}

static int write_and_sync(int fd, const char *text)
{
	size_t bytes = strnlen(text, MARK_BYTES_MAX);

	return write(fd, text, bytes) == (ssize_t)bytes && fsync(fd) == 0 ? 0 : -EIO;
}

int store_dir_mark(const struct store_dir *dir, const char *why)
{
	int fd = openat(dir->fd, STORE_MARK, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
			FILE_MODE);
	int rc;

	if (fd < 0) {
		return -errno;
	}
	rc = write_and_sync(fd, why);
	if (close(fd) < 0 && rc == 0) {
		rc = -EIO;
	}
	/* Synced even if writing the reason failed: the existence of the file is the mark. */
	return fsync(dir->fd) < 0 ? -EIO : rc;
}

bool store_dir_marked(const struct store_dir *dir, struct err *ret_why)
{
	AUTO_FD fd = openat(dir->fd, STORE_MARK, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char text[MARK_BYTES_MAX + 1];
	ssize_t got;

	if (!store_dir_has(dir, STORE_MARK)) {
		return false;
	}
	got = fd < 0 ? -1 : fd_read(fd, text, MARK_BYTES_MAX);
	text[got < 0 ? 0 : got] = '\0';
	err_set(ret_why, 0, "%s",
		got > 0 ? text : "it failed earlier, the reason could not be saved");
	return true;
}

static int name_remove(const struct store_dir *dir, const char *name, struct err *err)
{
	if (unlinkat(dir->fd, name, 0) < 0 && errno != ENOENT) {
		return err_set(err, -EIO, "cannot remove %s/%s: %s", dir->path, name,
			       strerror(errno));
	}
	return 0;
}

int store_dir_unmark(const struct store_dir *dir, struct err *err)
{
	int rc = name_remove(dir, STORE_MARK, err);

	return rc < 0 ? rc : store_dir_sync(dir, err);
}

static int new_clear(const struct store_dir *dir, struct err *err)
{
	static const char *const suffixes[] = {"-wal", "-journal", "-shm", ""};
	char name[NAME_MAX + 1];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < G_N_ELEMENTS(suffixes); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", STORE_DB_NEW, suffixes[i]);
		rc = name_remove(dir, name, err);
	}
	return rc;
}

/* Created here and not by SQLite: SQLite gives the -wal file the mode of the database. */
int store_dir_make_new(const struct store_dir *dir, struct err *err)
{
	int rc = new_clear(dir, err);
	int fd;

	if (rc < 0) {
		return rc;
	}
	fd = openat(dir->fd, STORE_DB_NEW, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	if (fd < 0) {
		return err_set(err, -errno, "cannot create %s/%s: %s", dir->path, STORE_DB_NEW,
			       strerror(errno));
	}
	close(fd);
	return 0;
}

/* syncfs(): the directory may be new too, and then its entry in the parent is not durable. */
int store_dir_install_new(const struct store_dir *dir, struct err *err)
{
	if (renameat(dir->fd, STORE_DB_NEW, dir->fd, STORE_DB) < 0 || syncfs(dir->fd) < 0) {
		return err_set(err, -EIO, "cannot make %s/%s durable: %s", dir->path, STORE_DB,
			       strerror(errno));
	}
	return 0;
}
