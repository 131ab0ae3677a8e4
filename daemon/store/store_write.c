/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>

#include "base/crc32c.h"
#include "store/store_db.h"

/* What would fail the checks at the next open is refused here, before it is on disk. */

/* Binding static blobs and integers cannot fail. */
static void blob_bind(sqlite3_stmt *statement, int at, const void *data, size_t bytes)
{
	(void)sqlite3_bind_blob64(statement, at, bytes > 0 ? data : "", bytes, SQLITE_STATIC);
}

static void number_bind(sqlite3_stmt *statement, int at, uint64_t number)
{
	(void)sqlite3_bind_int64(statement, at, (sqlite3_int64)number);
}

/* sqlite3_reset() only repeats the error of the preceding step. */
static void statement_end(sqlite3_stmt *statement)
{
	(void)sqlite3_reset(statement);
	(void)sqlite3_clear_bindings(statement);
}

static int statement_run(struct store_db *db, enum store_statement which, struct err *err)
{
	sqlite3_stmt *statement = db->statement[which];
	int rc = 0;

	if (sqlite3_step(statement) != SQLITE_DONE) {
		rc = store_db_error(db, sqlite3_sql(statement), err);
	}
	statement_end(statement);
	return rc;
}

static int delete_run(struct store_db *db, enum store_statement which, uint64_t index,
		      struct err *err)
{
	number_bind(db->statement[which], 1, index);
	return statement_run(db, which, err);
}

/* Reads the end of the log: its last entry, or its base if there are no entries. */
static int last_read(struct store_db *db, struct store_state *state, struct err *err)
{
	sqlite3_stmt *row = db->statement[STORE_LAST];
	int code = sqlite3_step(row);
	int rc = 0;

	if (code == SQLITE_DONE) {
		state->last = state->base;
		state->last_chain = state->base_chain;
	} else if (code != SQLITE_ROW || sqlite3_column_bytes(row, 3) != ID128_BYTES) {
		rc = store_db_error(db, "the log's end", err);
	} else {
		state->last.index = (uint64_t)sqlite3_column_int64(row, 0);
		state->last.ballot.counter = (uint64_t)sqlite3_column_int64(row, 1);
		state->last.ballot.node = (uint32_t)sqlite3_column_int64(row, 2);
		memcpy(state->last_chain.bytes, sqlite3_column_blob(row, 3), ID128_BYTES);
	}
	statement_end(row);
	return rc;
}

static int truncate_apply(struct store_db *db, struct store_state *state, uint64_t after,
			  struct err *err)
{
	int rc;

	if (after >= state->last.index) {
		return 0;
	}
	rc = delete_run(db, STORE_TRUNCATE, after, err);
	return rc < 0 ? rc : last_read(db, state, err);
}

static int entry_append(struct store_db *db, struct store_state *state, const struct entry *entry,
			struct err *err)
{
	sqlite3_stmt *statement = db->statement[STORE_APPEND];
	struct id128 chain;

	if (entry->bytes > JOURNAL_ENTRY_BYTES_MAX || entry->index != state->last.index + 1) {
		return err_set(err, -EINVAL,
			       "entry %" PRIu64 " of %u bytes does not follow entry %" PRIu64,
			       entry->index, entry->bytes, state->last.index);
	}
	chain = entry_chain(&state->last_chain, entry);
	if (!id128_equal(&chain, &entry->chain)) {
		return err_set(err, -EINVAL, "entry %" PRIu64 " does not continue the chain",
			       entry->index);
	}
	number_bind(statement, 1, entry->index);
	number_bind(statement, 2, entry->ballot.counter);
	number_bind(statement, 3, entry->ballot.node);
	number_bind(statement, 4, (uint64_t)entry->kind);
	blob_bind(statement, 5, entry->request.bytes, ID128_BYTES);
	blob_bind(statement, 6, entry->chain.bytes, ID128_BYTES);
	blob_bind(statement, 7, entry->data, entry->bytes);
	state->last = (struct position){.ballot = entry->ballot, .index = entry->index};
	state->last_chain = entry->chain;
	return statement_run(db, STORE_APPEND, err);
}

/* The new base is behind the log's end (another node's snapshot): all entries are deleted. */
static int log_restart(struct store_db *db, struct store_state *state,
		       const struct core_persist *persist, struct err *err)
{
	state->base = state->last = persist->base;
	state->base_chain = state->last_chain = persist->base_chain;
	return delete_run(db, STORE_TRUNCATE, 0, err);
}

static bool restarts(const struct store_state *state, const struct core_persist *persist)
{
	return persist->rebase && persist->base.index > state->last.index &&
	       (persist->n_entries == 0 || persist->entries[0].index > state->last.index + 1);
}

static int entries_apply(struct store_db *db, struct store_state *state,
			 const struct core_persist *persist, struct err *err)
{
	int rc = restarts(state, persist) ? log_restart(db, state, persist, err) : 0;

	for (size_t i = 0; rc == 0 && i < persist->n_entries; i++) {
		rc = entry_append(db, state, &persist->entries[i], err);
	}
	return rc;
}

static int snapshot_apply(struct store_db *db, struct store_state *state,
			  const struct core_persist *persist, struct err *err)
{
	if (persist->snapshot == NULL) {
		return 0;
	}
	state->flags |= STORE_SNAPSHOT;
	state->snapshot_index = persist->snapshot_index;
	state->snapshot_bytes = persist->snapshot_bytes;
	state->snapshot_crc = crc32c(persist->snapshot, persist->snapshot_bytes);
	blob_bind(db->statement[STORE_SNAPSHOT_PUT], 1, persist->snapshot, persist->snapshot_bytes);
	return statement_run(db, STORE_SNAPSHOT_PUT, err);
}

static int chain_read(struct store_db *db, const struct store_state *state, uint64_t index,
		      struct id128 *ret, struct err *err)
{
	sqlite3_stmt *row = db->statement[STORE_CHAIN];
	int rc = 0;

	if (index == state->base.index) {
		*ret = state->base_chain;
		return 0;
	}
	number_bind(row, 1, index);
	if (sqlite3_step(row) != SQLITE_ROW || sqlite3_column_bytes(row, 0) != ID128_BYTES) {
		rc = store_db_error(db, "the new base's entry", err);
	} else {
		memcpy(ret->bytes, sqlite3_column_blob(row, 0), ID128_BYTES);
	}
	statement_end(row);
	return rc;
}

static int rebase_apply(struct store_db *db, struct store_state *state,
			const struct core_persist *persist, struct err *err)
{
	struct id128 chain;
	int rc;

	if (!persist->rebase) {
		return 0;
	}
	if (persist->base.index < state->base.index || persist->base.index > state->last.index) {
		return err_set(err, -EINVAL,
			       "the log from %" PRIu64 " to %" PRIu64 " cannot be cut at %" PRIu64,
			       state->base.index, state->last.index, persist->base.index);
	}
	rc = chain_read(db, state, persist->base.index, &chain, err);
	if (rc == 0 && !id128_equal(&chain, &persist->base_chain)) {
		rc = err_set(err, -EINVAL,
			     "the log cannot be cut at entry %" PRIu64 ": its chain hash differs",
			     persist->base.index);
	}
	if (rc < 0) {
		return rc;
	}
	state->base = persist->base;
	state->base_chain = persist->base_chain;
	return delete_run(db, STORE_REBASE, persist->base.index, err);
}

static int persist_apply(struct store_db *db, struct store_state *state,
			 const struct core_persist *persist, struct err *err)
{
	int rc = 0;

	if (ballot_compare(persist->promised, state->promised) < 0) {
		return err_set(err, -EINVAL,
			       "the promised ballot %" PRIu64 ".%u is lower than the stored one, "
			       "%" PRIu64 ".%u",
			       persist->promised.counter, persist->promised.node,
			       state->promised.counter, state->promised.node);
	}
	state->cluster = persist->cluster;
	state->promised = persist->promised;
	state->commit = persist->commit;
	state->n_seen = (uint32_t)persist->n_seen;
	memcpy(state->seen, persist->seen, persist->n_seen * sizeof(state->seen[0]));
	if (persist->truncate) {
		rc = truncate_apply(db, state, persist->truncate_after, err);
	}
	rc = rc < 0 ? rc : entries_apply(db, state, persist, err);
	rc = rc < 0 ? rc : snapshot_apply(db, state, persist, err);
	return rc < 0 ? rc : rebase_apply(db, state, persist, err);
}

static int state_put(struct store_db *db, const struct store_state *state, struct err *err)
{
	uint8_t bytes[STORE_STATE_BYTES_MAX];

	blob_bind(db->statement[STORE_STATE_PUT], 1, bytes, store_state_encode(state, bytes));
	return statement_run(db, STORE_STATE_PUT, err);
}

/* The result of the rollback does not matter: nothing is written after a failed transaction. */
static int transaction_end(struct store_db *db, int rc, struct err *err)
{
	rc = rc < 0 ? rc : statement_run(db, STORE_COMMIT, err);
	if (rc < 0) {
		(void)statement_run(db, STORE_ROLLBACK, NULL);
	}
	return rc;
}

int store_db_write(struct store_db *db, struct store_state *state, const struct store_item *items,
		   struct err *err)
{
	struct store_state next = *state;
	int rc = statement_run(db, STORE_BEGIN, err);

	if (rc < 0) {
		return rc;
	}
	for (; rc == 0 && items != NULL; items = items->next) {
		rc = persist_apply(db, &next, &items->persist, err);
	}
	rc = rc < 0 ? rc : state_put(db, &next, err);
	rc = transaction_end(db, rc, err);
	if (rc == 0) {
		*state = next;
	}
	return rc;
}

int store_db_used(struct store_db *db, uint64_t *ret_bytes, struct err *err)
{
	sqlite3_stmt *row = db->statement[STORE_PAGES_USED];
	int rc = 0;

	if (sqlite3_step(row) != SQLITE_ROW) {
		rc = store_db_error(db, "pages in use", err);
	} else {
		*ret_bytes = (uint64_t)sqlite3_column_int64(row, 0) * STORE_PAGE_BYTES;
	}
	statement_end(row);
	return rc;
}

int store_db_write_state(struct store_db *db, const struct store_state *state, struct err *err)
{
	struct store_state same = *state;

	return store_db_write(db, &same, NULL, err);
}
