/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_STORE_DIR_H
#define LUNMASK_DAEMON_STORE_DIR_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * The directory of the store: whose it is, who is in it, and what becomes of a database that
 * cannot be used any more.
 *
 *	journal.db, journal.db-wal    the store
 *	journal.new                   one that is being made; never opened as the store
 *	journal.lock                  flock(2)ed by the process that has it open
 *	journal.failed                the mark: do not use the database again; says why
 *	journal-bad-TIME.db, -wal     put aside, TIME in s since 1970; the newest STORE_KEPT_MAX
 *stay
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
 * Makes the directory if need be, checks owner and modes of it and of the files in it, and takes
 * the lock: exclusive, or shared to read only (nothing is made then).
 * -ENOENT, -EPERM, -EAGAIN: another process has it; -EIO and what open(2) says.
 */
int store_dir_open(const char *path, bool read_only, struct store_dir *ret, struct err *err);
void store_dir_release(struct store_dir *dir);

/* "DIR/name". */
#define STORE_PATH_MAX (PATH_MAX + NAME_MAX + 2)
void store_dir_path(const struct store_dir *dir, const char *name, char ret[STORE_PATH_MAX]);
bool store_dir_has(const struct store_dir *dir, const char *name);
/* 0 for a file that is not there. */
uint64_t store_dir_bytes(const struct store_dir *dir, const char *name);
/* A name's change is durable only after this. */
int store_dir_sync(const struct store_dir *dir, struct err *err);
bool store_dir_read_only_fs(const struct store_dir *dir);

/* -ENOSPC when the file system has less than this left. */
int store_dir_room(const struct store_dir *dir, uint64_t bytes, struct err *err);

/* Durable when 0 is returned. Best effort: the disk has just failed. */
int store_dir_mark(const struct store_dir *dir, const char *why);
/* Copies what the mark says; false if there is none. */
bool store_dir_marked(const struct store_dir *dir, struct err *ret_why);
int store_dir_unmark(const struct store_dir *dir, struct err *err);

/* An empty journal.new; whatever a process that died while it made one left is removed. */
int store_dir_make_new(const struct store_dir *dir, struct err *err);
/* journal.new is complete: it becomes journal.db. */
int store_dir_install_new(const struct store_dir *dir, struct err *err);

/* Renames the database, if there is one, and removes the oldest that were put aside before. */
int store_dir_put_aside(const struct store_dir *dir, char ret_name[NAME_MAX + 1], struct err *err);

#endif
