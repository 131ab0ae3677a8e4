/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_STORE_DIR_H
#define LUNMASK_DAEMON_STORE_DIR_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * The directory of the store: its owner, its lock, and what happens to a database that can no
 * longer be used.
 *
 *	journal.db, journal.db-wal    the store
 *	journal.new                   a database being created; never opened as the store
 *	journal.lock                  flock(2)ed by the process that has the store open
 *	journal.failed                the mark: do not use the database again; contains the reason
 *	journal-bad-TIME.db, -wal     put aside; TIME is in s since 1970; the newest
 *	                              STORE_KEPT_MAX are kept
 *
 *	store_dir_open(); ...; store_dir_release();
 *
 * The caller owns struct store_dir. Errors are -EIO unless stated otherwise.
 */
#define STORE_DB "journal.db"
#define STORE_DB_NEW "journal.new"
#define STORE_LOCK "journal.lock"
#define STORE_MARK "journal.failed"
#define STORE_KEPT_MAX 3

struct store_dir {
	int fd;
	int lock;
	char path[PATH_MAX]; /* absolute, without symbolic links */
};

/*
 * Creates the directory if it does not exist, checks owner and modes of the directory and its
 * files, and takes the lock. The lock is exclusive, or shared if read_only; then nothing is
 * created.
 *
 * -ENOENT; -EPERM: wrong owner or mode, or a file that is not a plain file with one name; -EAGAIN:
 * another process holds the lock; -EIO; otherwise the error of open(2).
 */
int store_dir_open(const char *path, bool read_only, struct store_dir *ret, struct err *err);
void store_dir_release(struct store_dir *dir);

/* The path "DIR/name". */
#define STORE_PATH_MAX (PATH_MAX + NAME_MAX + 2)
void store_dir_path(const struct store_dir *dir, const char *name, char ret[STORE_PATH_MAX]);
bool store_dir_has(const struct store_dir *dir, const char *name);
/* 0 if the file does not exist. */
uint64_t store_dir_bytes(const struct store_dir *dir, const char *name);
/* A created, renamed or removed name is durable only after this. */
int store_dir_sync(const struct store_dir *dir, struct err *err);
bool store_dir_read_only_fs(const struct store_dir *dir);

/* -ENOSPC if the file system has less than `bytes` left. */
int store_dir_room(const struct store_dir *dir, uint64_t bytes, struct err *err);

/* Leaves the mark with the reason; durable if 0. Best effort, because the disk has just failed. */
int store_dir_mark(const struct store_dir *dir, const char *why);
/* Copies the reason from the mark; false if there is no mark. */
bool store_dir_marked(const struct store_dir *dir, struct err *ret_why);
int store_dir_unmark(const struct store_dir *dir, struct err *err);

/* An empty journal.new; removes what a dead process left of one. -EIO, or that of open(2). */
int store_dir_make_new(const struct store_dir *dir, struct err *err);
/* Renames the complete journal.new to journal.db. */
int store_dir_install_new(const struct store_dir *dir, struct err *err);

/* Renames the database, if any, to ret_name, and keeps the newest STORE_KEPT_MAX of those. */
int store_dir_put_aside(const struct store_dir *dir, char ret_name[NAME_MAX + 1], struct err *err);

#endif
