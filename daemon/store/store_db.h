/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_STORE_DB_H
#define LUNMASK_DAEMON_STORE_DB_H

#include <sqlite3.h>

#include "base/err.h"
#include "core/core.h"
#include "store/store_item.h"
#include "store/store_state.h"

/*
 * The database of the store: one connection, held exclusively, used by one thread at a time.
 *
 *	store_db_create(path, &state)     once; a whole, closed database
 *	store_db_open(path, &db)          pragmas, version, schema, integrity
 *	store_db_load(&db, &content)      everything in it, checked (store_load.c)
 *	store_db_write(&db, &state, ...)  one SQLite transaction (store_write.c)
 *	store_db_checkpoint(&db)
 *	store_db_close(&db)
 *
 * -EIO: the disk. -EBADMSG: damaged, or not a store. -ENOTSUP: of a newer version. -ENOSPC.
 * -EAGAIN: somebody else has it open. -EINVAL: what is to be written contradicts what is there.
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
	int wal_pages; /* in the log since it was last reset */
};

int store_db_create(const char *path, const struct store_state *state, struct err *err);
int store_db_open(const char *path, struct store_db *ret, struct err *err);
/* Writes nothing: without a checkpoint and a state without STORE_IN_USE it looks like a crash. */
void store_db_close(struct store_db *db);

/* errno of the connection's last error, with its text behind `what`. */
int store_db_error(struct store_db *db, const char *what, struct err *err);

/* Valid until released. durable points into it. */
struct store_content {
	struct store_state state;
	struct core_durable durable;
	struct entry *entries;
	size_t n_entries;
	uint8_t *snapshot;
};
int store_db_load(struct store_db *db, struct store_content *ret, struct err *err);
void store_content_release(struct store_content *content);

/* Writes the list, in order, as one transaction, durably; *state is then the new one. */
int store_db_write(struct store_db *db, struct store_state *state, const struct store_item *items,
		   struct err *err);
int store_db_write_state(struct store_db *db, const struct store_state *state, struct err *err);

/*
 * Moves the write-ahead log into the database. Done by hand: SQLite's own automatic checkpoint
 * forgets its errors, and a failed fsync() must never be followed by one that seems to succeed.
 * Nobody else reads, so that it is always complete: the log starts over with the next transaction,
 * and is never longer than STORE_WAL_PAGES and one group of transactions.
 */
#define STORE_WAL_PAGES 1000
int store_db_checkpoint(struct store_db *db, bool truncate, struct err *err);

/* What the content needs: the file never gets shorter, its free pages are used again. */
int store_db_used(struct store_db *db, uint64_t *ret_bytes, struct err *err);

#endif
