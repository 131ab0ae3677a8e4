/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/store_db.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APPLICATION_ID 0x4c4d4a31 /* "LMJ1" */
#define SCHEMA_VERSION 1
/* A last limit, far above the one at which the writer refuses transactions. */
#define PAGES_MAX (1 << 18)
/* One page of the log's table holds several entries; a snapshot is one row. */
#define ROW_BYTES_MAX (STORE_SNAPSHOT_BYTES_MAX + 4096u)

#define ENTRY_COLUMNS                                                                              \
	"idx INTEGER PRIMARY KEY, counter INTEGER NOT NULL, node INTEGER NOT NULL, "               \
	"kind INTEGER NOT NULL, request BLOB NOT NULL, chain BLOB NOT NULL, data BLOB NOT NULL"

/* The text that sqlite_schema stores. The schema must be exactly this. */
static const char *const schema[] = {
	"CREATE TABLE state (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)",
	"CREATE TABLE entry (" ENTRY_COLUMNS ")",
	"CREATE TABLE snapshot (id INTEGER PRIMARY KEY, data BLOB NOT NULL)",
};

static const char *const statements[STORE_STATEMENTS] = {
	[STORE_BEGIN] = "BEGIN IMMEDIATE",
	[STORE_COMMIT] = "COMMIT",
	[STORE_ROLLBACK] = "ROLLBACK",
	[STORE_TRUNCATE] = "DELETE FROM entry WHERE idx > ?1",
	[STORE_APPEND] = "INSERT INTO entry VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[STORE_LAST] = "SELECT idx, counter, node, chain FROM entry ORDER BY idx DESC LIMIT 1",
	[STORE_CHAIN] = "SELECT chain FROM entry WHERE idx = ?1",
	[STORE_REBASE] = "DELETE FROM entry WHERE idx <= ?1",
	[STORE_SNAPSHOT_PUT] = "INSERT OR REPLACE INTO snapshot (id, data) VALUES (1, ?1)",
	[STORE_STATE_PUT] = "INSERT OR REPLACE INTO state (id, bytes) VALUES (1, ?1)",
	[STORE_PAGES_USED] = ("SELECT page_count - freelist_count "
			      "FROM pragma_page_count, pragma_freelist_count"),
};

/* locking_mode precedes journal_mode: the log's index stays in memory, nobody opens in between. */
static const char pragmas[] = "PRAGMA locking_mode = EXCLUSIVE;"
			      "PRAGMA trusted_schema = OFF;"
			      "PRAGMA cell_size_check = ON;"
			      "PRAGMA mmap_size = 0;"
			      "PRAGMA temp_store = MEMORY;"
			      "PRAGMA synchronous = FULL;"
			      "PRAGMA wal_autocheckpoint = 0;";

static int code_to_errno(int code)
{
	switch (code & 0xff) {
	case SQLITE_IOERR: return code == SQLITE_IOERR_NOMEM ? -ENOMEM : -EIO;
	case SQLITE_FULL: return -ENOSPC;
	case SQLITE_NOMEM: return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return -EAGAIN;
	case SQLITE_CANTOPEN:
	case SQLITE_PERM: return -EACCES;
	case SQLITE_READONLY: return -EROFS;
	default: return -EBADMSG;
	}
}

int store_db_error(struct store_db *db, const char *what, struct err *err)
{
	int code = sqlite3_extended_errcode(db->sqlite);

	if (code == SQLITE_ROW || code == SQLITE_DONE || code == SQLITE_OK) {
		return err_set(err, -EBADMSG, "%s: unexpected result", what);
	}
	return err_set(err, code_to_errno(code), "%s: %s (SQLite error %d)", what,
		       sqlite3_errmsg(db->sqlite), code);
}

static int sql_run(struct store_db *db, const char *sql, struct err *err)
{
	if (sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL) != SQLITE_OK) {
		return store_db_error(db, sql, err);
	}
	return 0;
}

static int pages_note(void *opaque, sqlite3 *sqlite, const char *name, int pages)
{
	struct store_db *db = opaque;

	(void)sqlite;
	(void)name;
	db->wal_pages = pages;
	return SQLITE_OK;
}

static int connection_open(const char *path, struct store_db *db, struct err *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;

	if (sqlite3_open_v2(path, &db->sqlite, flags, NULL) != SQLITE_OK) {
		return db->sqlite == NULL ? err_set(err, -ENOMEM, "out of memory")
					  : store_db_error(db, path, err);
	}
	sqlite3_limit(db->sqlite, SQLITE_LIMIT_LENGTH, ROW_BYTES_MAX);
	if (sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK ||
	    sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL) != SQLITE_OK) {
		return store_db_error(db, "configuration", err);
	}
	return sql_run(db, pragmas, err);
}

/* The row of a query; the caller owns *ret. A pragma takes effect only with the last step. */
static int value_get(struct store_db *db, const char *sql, char **ret, struct err *err)
{
	sqlite3_stmt *statement = NULL;
	int rc = 0;

	*ret = NULL;
	if (sqlite3_prepare_v2(db->sqlite, sql, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW) {
		*ret = g_strdup((const char *)sqlite3_column_text(statement, 0));
	}
	if (*ret == NULL || sqlite3_step(statement) != SQLITE_DONE) {
		rc = store_db_error(db, sql, err);
	}
	sqlite3_finalize(statement);
	return rc;
}

static int value_expect(struct store_db *db, const char *sql, const char *expected, struct err *err)
{
	g_autofree char *text = NULL;
	int rc = value_get(db, sql, &text, err);

	if (rc == 0 && strcmp(text, expected) != 0) {
		rc = err_set(err, -EBADMSG, "%s is '%.200s', not '%.200s'", sql, text, expected);
	}
	return rc;
}

static int integer_get(struct store_db *db, const char *sql, int *ret, struct err *err)
{
	g_autofree char *text = NULL;
	int rc = value_get(db, sql, &text, err);

	*ret = rc == 0 ? (int)strtol(text, NULL, 10) : 0;
	return rc;
}

static int version_check(struct store_db *db, struct err *err)
{
	int id, version;
	int rc = integer_get(db, "PRAGMA application_id", &id, err);

	rc = rc < 0 ? rc : integer_get(db, "PRAGMA user_version", &version, err);
	if (rc < 0) {
		return rc;
	}
	if (id != APPLICATION_ID) {
		return err_set(err, -EBADMSG, "it is a database of another program (id %08x)",
			       (unsigned int)id);
	}
	if (version > SCHEMA_VERSION) {
		return err_set(err, -ENOTSUP,
			       "it was written by a newer lunmaskd (schema version %d, this one "
			       "knows %d): upgrade lunmask on this node, or move the file away "
			       "so that this node copies the journal from the other nodes",
			       version, SCHEMA_VERSION);
	}
	return version == SCHEMA_VERSION
		       ? 0
		       : err_set(err, -EBADMSG, "its schema version %d does not exist", version);
}

static int schema_check(struct store_db *db, struct err *err)
{
	g_autoptr(GString) all = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(schema); i++) {
		g_string_append_printf(all, "%s%s", i > 0 ? ";" : "", schema[i]);
	}
	return value_expect(db,
			    "SELECT group_concat(coalesce(sql, name), ';') "
			    "FROM (SELECT sql, name FROM sqlite_master ORDER BY rowid)",
			    all->str, err);
}

static int statements_prepare(struct store_db *db, struct err *err)
{
	for (size_t i = 0; i < STORE_STATEMENTS; i++) {
		if (sqlite3_prepare_v3(db->sqlite, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &db->statement[i], NULL) != SQLITE_OK) {
			return store_db_error(db, statements[i], err);
		}
	}
	return 0;
}

static int wal_begin(struct store_db *db, struct err *err)
{
	char limit[64];
	int rc = value_expect(db, "PRAGMA journal_mode = WAL", "wal", err);

	(void)snprintf(limit, sizeof(limit), "PRAGMA max_page_count = %d", PAGES_MAX);
	sqlite3_wal_hook(db->sqlite, pages_note, db);
	return rc < 0 ? rc : sql_run(db, limit, err);
}

/* integrity_check also reads the pages of no table, and checks the constraints of every row. */
static int checks_run(struct store_db *db, struct err *err)
{
	int rc = version_check(db, err);

	rc = rc < 0 ? rc : schema_check(db, err);
	rc = rc < 0 ? rc : value_expect(db, "PRAGMA integrity_check(1)", "ok", err);
	return rc;
}

int store_db_open(const char *path, struct store_db *ret, struct err *err)
{
	int rc;

	*ret = (struct store_db){.sqlite = NULL};
	rc = connection_open(path, ret, err);
	rc = rc < 0 ? rc : checks_run(ret, err);
	rc = rc < 0 ? rc : wal_begin(ret, err);
	rc = rc < 0 ? rc : statements_prepare(ret, err);
	if (rc < 0) {
		store_db_close(ret);
	}
	return rc;
}

void store_db_close(struct store_db *db)
{
	for (size_t i = 0; i < STORE_STATEMENTS; i++) {
		sqlite3_finalize(db->statement[i]);
		db->statement[i] = NULL;
	}
	sqlite3_close(db->sqlite);
	db->sqlite = NULL;
}

static int tables_create(struct store_db *db, struct err *err)
{
	char text[128];
	int rc;

	(void)snprintf(text, sizeof(text), "PRAGMA application_id = %d; PRAGMA user_version = %d",
		       APPLICATION_ID, SCHEMA_VERSION);
	rc = sql_run(db, text, err);
	for (size_t i = 0; rc == 0 && i < G_N_ELEMENTS(schema); i++) {
		rc = sql_run(db, schema[i], err);
	}
	return rc;
}

int store_db_create(const char *path, const struct store_state *state, struct err *err)
{
	struct store_db db = {.sqlite = NULL};
	char text[64];
	int rc = connection_open(path, &db, err);

	(void)snprintf(text, sizeof(text), "PRAGMA page_size = %d", STORE_PAGE_BYTES);
	rc = rc < 0 ? rc : sql_run(&db, text, err);
	rc = rc < 0 ? rc : wal_begin(&db, err);
	rc = rc < 0 ? rc : tables_create(&db, err);
	rc = rc < 0 ? rc : statements_prepare(&db, err);
	rc = rc < 0 ? rc : store_db_write_state(&db, state, err);
	rc = rc < 0 ? rc : store_db_checkpoint(&db, true, err);
	store_db_close(&db);
	return rc;
}

int store_db_checkpoint(struct store_db *db, bool truncate, struct err *err)
{
	int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
	int in_log = -1, moved = -1;

	if (sqlite3_wal_checkpoint_v2(db->sqlite, NULL, mode, &in_log, &moved) != SQLITE_OK) {
		return store_db_error(db, "checkpoint", err);
	}
	if (in_log != moved) {
		return err_set(err, -EIO, "checkpoint: %d of %d pages were moved", moved, in_log);
	}
	return 0;
}
