/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "base/crc32c.h"
#include "store/store_db.h"

/* Reads the store. Accepts only data that the checksums confirm. */

static bool blob_is(sqlite3_stmt *row, int column, size_t bytes)
{
	return sqlite3_column_type(row, column) == SQLITE_BLOB &&
	       (size_t)sqlite3_column_bytes(row, column) == bytes;
}

static bool number_is(sqlite3_stmt *row, int column, uint64_t max)
{
	return sqlite3_column_type(row, column) == SQLITE_INTEGER &&
	       (uint64_t)sqlite3_column_int64(row, column) <= max;
}

/* SQLite returns NULL for an empty blob as well as when it is out of memory. */
static int blob_copy(sqlite3_stmt *row, int column, uint8_t **ret, struct err *err)
{
	size_t bytes = (size_t)sqlite3_column_bytes(row, column);
	const void *data = sqlite3_column_blob(row, column);

	if (bytes > 0 && data == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	*ret = g_malloc(bytes > 0 ? bytes : 1);
	if (bytes > 0) {
		memcpy(*ret, data, bytes);
	}
	return 0;
}

/* Called for each row. */
typedef int (*row_function)(sqlite3_stmt *row, struct store_content *content, struct err *err);

static int rows_walk(struct store_db *db, const char *sql, row_function each,
		     struct store_content *content, struct err *err)
{
	sqlite3_stmt *row = NULL;
	int code, rc = 0;

	if (sqlite3_prepare_v2(db->sqlite, sql, -1, &row, NULL) != SQLITE_OK) {
		return store_db_error(db, sql, err);
	}
	while (rc == 0 && (code = sqlite3_step(row)) == SQLITE_ROW) {
		rc = each(row, content, err);
	}
	if (rc == 0 && code != SQLITE_DONE) {
		rc = store_db_error(db, sql, err);
	}
	sqlite3_finalize(row);
	return rc;
}

static int state_row(sqlite3_stmt *row, struct store_content *content, struct err *err)
{
	if (sqlite3_column_int64(row, 0) != 1 || sqlite3_column_type(row, 1) != SQLITE_BLOB ||
	    sqlite3_column_blob(row, 1) == NULL ||
	    store_state_decode(sqlite3_column_blob(row, 1), (size_t)sqlite3_column_bytes(row, 1),
			       &content->state) < 0) {
		return err_set(err, -EBADMSG, "the state record (promised ballot, log) is damaged");
	}
	return 0;
}

static int snapshot_row(sqlite3_stmt *row, struct store_content *content, struct err *err)
{
	const struct store_state *state = &content->state;
	int rc;

	if (sqlite3_column_int64(row, 0) != 1 || (state->flags & STORE_SNAPSHOT) == 0 ||
	    state->snapshot_bytes > STORE_SNAPSHOT_BYTES_MAX ||
	    !blob_is(row, 1, (size_t)state->snapshot_bytes)) {
		return err_set(err, -EBADMSG, "the snapshot does not belong to the log");
	}
	rc = blob_copy(row, 1, &content->snapshot, err);
	if (rc == 0 &&
	    crc32c(content->snapshot, (size_t)state->snapshot_bytes) != state->snapshot_crc) {
		rc = err_set(err, -EBADMSG, "the snapshot is damaged: its checksum is wrong");
	}
	return rc;
}

static bool entry_row_legal(sqlite3_stmt *row)
{
	return number_is(row, 1, UINT64_MAX) && number_is(row, 2, UINT32_MAX) &&
	       number_is(row, 3, UINT8_MAX) && blob_is(row, 4, ID128_BYTES) &&
	       blob_is(row, 5, ID128_BYTES) && sqlite3_column_type(row, 6) == SQLITE_BLOB &&
	       sqlite3_column_bytes(row, 6) <= JOURNAL_ENTRY_BYTES_MAX;
}

static int entry_decode(sqlite3_stmt *row, struct entry *ret, struct err *err)
{
	uint8_t *data;
	int rc;

	*ret = (struct entry){
		.index = (uint64_t)sqlite3_column_int64(row, 0),
		.ballot.counter = (uint64_t)sqlite3_column_int64(row, 1),
		.ballot.node = (uint32_t)sqlite3_column_int64(row, 2),
		.kind = (enum entry_kind)sqlite3_column_int(row, 3),
	};
	if (!entry_row_legal(row)) {
		return err_set(err, -EBADMSG, "entry %" PRIu64 " is damaged", ret->index);
	}
	memcpy(ret->request.bytes, sqlite3_column_blob(row, 4), ID128_BYTES);
	memcpy(ret->chain.bytes, sqlite3_column_blob(row, 5), ID128_BYTES);
	ret->bytes = (uint32_t)sqlite3_column_bytes(row, 6);
	rc = blob_copy(row, 6, &data, err);
	ret->data = rc == 0 ? data : NULL;
	return rc;
}

static int entry_check(const struct store_content *content, const struct entry *entry,
		       struct err *err)
{
	const struct store_state *state = &content->state;
	size_t n = content->n_entries;
	const struct id128 *previous = n == 0 ? &state->base_chain : &content->entries[n - 1].chain;
	struct id128 chain = entry_chain(previous, entry);

	if (entry->index != state->base.index + n + 1) {
		return err_set(err, -EBADMSG, "entry %" PRIu64 " is missing",
			       state->base.index + (uint64_t)n + 1);
	}
	if (!id128_equal(&chain, &entry->chain)) {
		return err_set(err, -EBADMSG,
			       "entry %" PRIu64 " is damaged: its chain hash is wrong",
			       entry->index);
	}
	return 0;
}

static int entry_row(sqlite3_stmt *row, struct store_content *content, struct err *err)
{
	struct entry entry = {.data = NULL};
	size_t n = content->n_entries;
	int rc = entry_decode(row, &entry, err);

	rc = rc < 0 ? rc : entry_check(content, &entry, err);
	if (rc < 0) {
		g_free((void *)entry.data);
		return rc;
	}
	if ((n & (n - 1)) == 0) { /* full: the room is a power of two */
		content->entries = g_renew(struct entry, content->entries, n > 0 ? 2 * n : 1);
	}
	content->entries[content->n_entries++] = entry;
	return 0;
}

/* The state record names the log's end: a log without its last entries is a valid chain too. */
static int end_check(const struct store_content *content, struct err *err)
{
	const struct store_state *state = &content->state;
	struct position end = state->base;
	struct id128 chain = state->base_chain;

	if (content->n_entries > 0) {
		const struct entry *last = &content->entries[content->n_entries - 1];

		end = (struct position){.ballot = last->ballot, .index = last->index};
		chain = last->chain;
	}
	if (position_compare(end, state->last) != 0 || !id128_equal(&chain, &state->last_chain)) {
		return err_set(err, -EBADMSG,
			       "the log ends at entry %" PRIu64 ", it was written up to %" PRIu64,
			       end.index, state->last.index);
	}
	if ((state->flags & STORE_SNAPSHOT) != 0 && content->snapshot == NULL) {
		return err_set(err, -EBADMSG, "the snapshot is missing");
	}
	return 0;
}

static void durable_fill(struct store_content *content)
{
	const struct store_state *state = &content->state;

	content->durable = (struct core_durable){
		.cluster = state->cluster,
		.promised = state->promised,
		.commit = state->commit,
		.base = state->base,
		.base_chain = state->base_chain,
		.entries = content->entries,
		.n_entries = content->n_entries,
		.snapshot = content->snapshot,
		.snapshot_bytes = (size_t)state->snapshot_bytes,
		.snapshot_index = state->snapshot_index,
		.n_seen = state->n_seen,
	};
	memcpy(content->durable.seen, state->seen, sizeof(state->seen));
}

int store_db_load(struct store_db *db, struct store_content *ret, struct err *err)
{
	static const struct {
		const char *sql;
		row_function each;
	} tables[] = {
		{"SELECT id, bytes FROM state", state_row},
		{"SELECT id, data FROM snapshot", snapshot_row},
		{"SELECT idx, counter, node, kind, request, chain, data FROM entry ORDER BY idx",
		 entry_row},
	};
	int rc = 0;

	*ret = (struct store_content){.n_entries = 0};
	for (size_t i = 0; rc == 0 && i < G_N_ELEMENTS(tables); i++) {
		rc = rows_walk(db, tables[i].sql, tables[i].each, ret, err);
	}
	if (rc == 0 && id128_is_zero(&ret->state.disk)) {
		rc = err_set(err, -EBADMSG, "the state record (promised ballot, log) is missing");
	}
	rc = rc < 0 ? rc : end_check(ret, err);
	if (rc < 0) {
		store_content_release(ret);
		return rc;
	}
	durable_fill(ret);
	return 0;
}

void store_content_release(struct store_content *content)
{
	for (size_t i = 0; i < content->n_entries; i++) {
		g_free((void *)content->entries[i].data);
	}
	g_clear_pointer(&content->entries, g_free);
	g_clear_pointer(&content->snapshot, g_free);
	content->n_entries = 0;
	content->durable = (struct core_durable){.n_entries = 0};
}
