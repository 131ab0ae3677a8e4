/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_STORE_DB_H
#define LUNMASK_DAEMON_STORE_DB_H

#include <sqlite3.h>

#include "base/err.h"
#include "core/core.h"
#include "store/store_item.h"
#include "store/store_state.h"

/*
 * The database of the store: one connection that holds the database exclusively. Only one thread
 * may use it at a time. The caller owns the structs.
 *
 *	store_db_create(path, &state)     once; writes a complete database and closes it
 *	store_db_open(path, &db)          pragmas; checks version, schema and integrity
 *	store_db_load(&db, &content)      reads and checks all contents (store_load.c)
 *	store_db_write(&db, &state, ...)  one SQLite transaction (store_write.c)
 *	store_db_checkpoint(&db)
 *	store_db_close(&db)
 *
 * -EIO: disk error. -EBADMSG: damaged, or not a store. -ENOTSUP: written by a newer version.
 * -ENOSPC. -ENOMEM. -EROFS. -EACCES. -EAGAIN: another process has it open. -EINVAL: the data to be
 * written contradicts the store.
 */

#define STORE_PAGE_BYTES 4096
#define STORE_SNAPSHOT_BYTES_MAX (256u << 20)

enum store_statement {
	STORE_BEGIN,
	STORE_COMMIT,
	STORE_ROLLBACK,
	STORE_TRUNCATE,
	STORE_APPEND,
	STORE_LAST,
	STORE_CHAIN,
	STORE_REBASE,
	STORE_SNAPSHOT_PUT,
	STORE_STATE_PUT,
	STORE_PAGES_USED,
	STORE_STATEMENTS
};

struct store_db {
	sqlite3 *sqlite;
	sqlite3_stmt *statement[STORE_STATEMENTS];
	int wal_pages; /* pages in the write-ahead log since it was last reset */
};

int store_db_create(const char *path, const struct store_state *state, struct err *err);
int store_db_open(const char *path, struct store_db *ret, struct err *err);
/* Writes nothing: as after a crash, unless STORE_IN_USE was cleared and a checkpoint run. */
void store_db_close(struct store_db *db);

/* Returns the connection's last error as -errno, and sets err to "what: SQLite's text". */
int store_db_error(struct store_db *db, const char *what, struct err *err);

/* Valid until store_content_release(). durable points into it. */
struct store_content {
	struct store_state state;
	struct core_durable durable;
	struct entry *entries;
	size_t n_entries;
	uint8_t *snapshot;
};
int store_db_load(struct store_db *db, struct store_content *ret, struct err *err);
void store_content_release(struct store_content *content);

/* Writes the list in its order as one durable transaction, and on success updates *state. */
int store_db_write(struct store_db *db, struct store_state *state, const struct store_item *items,
		   struct err *err);
int store_db_write_state(struct store_db *db, const struct store_state *state, struct err *err);

/*
 * Moves the write-ahead log into the database. The caller runs this itself because SQLite's
 * automatic checkpoint drops its errors, and a failed fsync() must never be followed by one that
 * seems to succeed. There are no other readers, so a checkpoint is always complete. The log
 * therefore starts over with the next transaction and never grows beyond STORE_WAL_PAGES plus one
 * group of transactions.
 */
#define STORE_WAL_PAGES 1000
int store_db_checkpoint(struct store_db *db, bool truncate, struct err *err);

/* Bytes that the contents need. The file never shrinks; its free pages are reused. */
int store_db_used(struct store_db *db, uint64_t *ret_bytes, struct err *err);

#endif
