/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store_fixture.h"

/* The store after its files were damaged, or its process died. */

#define FLIPS 300
#define WAL_FLIPS 100
#define WAL_HEADER_BYTES 32
#define WAL_FRAME_BYTES (24 + 4096)

/* Ten commits, log 6..30, and a snapshot. */
static void history_write(void)
{
	uint64_t sequence = 0;
	struct core_persist persist;

	store_begin_test();
	for (uint64_t i = 0; i < 9; i++) {
		persist = persist_append(++sequence, 3 * i + 1, 3 * i + 3);
		persist.promised = (struct ballot){1 + LOG_MAX, 1};
		persist_now(&persist);
	}
	persist = persist_rebase(++sequence, 6);
	persist.entries = &log_entries[28];
	persist.n_entries = 3;
	persist_now(&persist);
}

struct image {
	char *db, *wal;
	size_t db_bytes, wal_bytes;
};

static struct image image_take(void)
{
	struct image image;

	image.db = file_read("journal.db", &image.db_bytes);
	image.wal = file_read("journal.db-wal", &image.wal_bytes);
	return image;
}

static void image_put(const struct image *image)
{
	directory_clear();
	file_write("journal.db", image->db, image->db_bytes);
	file_write("journal.db-wal", image->wal, image->wal_bytes);
}

static void image_free(struct image *image)
{
	g_free(image->db);
	g_free(image->wal);
}

/* Opened as it was, and goes on; or put aside and blank; never anything between. */
static enum store_history history_judge(void)
{
	struct core_persist next = persist_append(1, 31, 40);
	enum store_history history = store_begin_test();

	if (history == STORE_OLD) {
		durable_expect(store_durable(store), 6, 30);
		next.promised = (struct ballot){1 + LOG_MAX, 1};
		persist_now(&next);
		store_end_test();
		assert_int_equal(store_begin_test(), STORE_OLD);
		durable_expect(store_durable(store), 6, 40);
	} else {
		assert_int_equal(history, STORE_REPLACED);
		durable_expect(store_durable(store), 0, 0);
	}
	store_end_test();
	return history;
}

/* SQLite's user_version: refused as a newer layout, which is neither. */
static bool is_version(size_t at)
{
	return at >= 60 && at < 64;
}

static void history_crash(struct image *ret)
{
	crash(history_write);
	*ret = image_take();
}

static void history_close(struct image *ret)
{
	history_write();
	store_end_test();
	*ret = image_take();
}

/* A flipped bit in the database: half of them in what was closed, half beside a log. */
static size_t flips_judge(struct image *image)
{
	size_t replaced = 0;

	for (size_t i = 0; i < FLIPS / 2; i++) {
		size_t at = (size_t)rand() % image->db_bytes;
		char bit = (char)(1 << rand() % 8);

		image->db[at] ^= bit;
		image_put(image);
		replaced += !is_version(at) && history_judge() == STORE_REPLACED;
		image->db[at] ^= bit;
	}
	image_put(image);
	assert_int_equal(history_judge(), STORE_OLD);
	image_free(image);
	return replaced;
}

static void store_open__never_believes_a_damaged_database(void **state)
{
	struct image image;

	(void)state;
	history_close(&image);
	assert_in_range(flips_judge(&image), FLIPS / 20, FLIPS / 2);
	directory_clear();
	history_crash(&image);
	assert_in_range(image.wal_bytes, 10 * WAL_FRAME_BYTES, 100 * WAL_FRAME_BYTES);
	/* Most of its pages are in the log as well. */
	assert_in_range(flips_judge(&image), 0, FLIPS / 2);
}

/* The header's 100 bytes are what SQLite believes first. */
static void store_open__never_believes_a_damaged_header(void **state)
{
	struct image image;

	(void)state;
	history_close(&image);
	for (size_t at = 0; at < 100; at++) {
		char bit = (char)(1 << rand() % 8);

		if (!is_version(at)) {
			image.db[at] ^= bit;
			image_put(&image);
			history_judge();
			image.db[at] ^= bit;
		}
	}
	image_free(&image);
}

/* The last commit may look torn, as after a power cut; that is for the other nodes to notice. */
static void log_judge(void)
{
	if (store_begin_test() == STORE_OLD) {
		if (store_durable(store)->base.index == 0) {
			assert_int_equal(store_durable(store)->n_entries, 27);
		} else {
			durable_expect(store_durable(store), 6, 30);
		}
	} else {
		durable_expect(store_durable(store), 0, 0);
	}
	store_end_test();
}

static void store_open__never_believes_a_damaged_log(void **state)
{
	struct image image;

	(void)state;
	history_crash(&image);
	for (size_t i = 0; i < WAL_FLIPS; i++) {
		size_t at = (size_t)rand() % image.wal_bytes;
		char bit = (char)(1 << rand() % 8);

		image.wal[at] ^= bit;
		image_put(&image);
		log_judge();
		image.wal[at] ^= bit;
	}
	image_free(&image);
}

static void store_open__takes_a_damaged_commit_for_damage(void **state)
{
	static const size_t places[] = {0, 17, WAL_HEADER_BYTES, WAL_HEADER_BYTES + 9,
					WAL_HEADER_BYTES + WAL_FRAME_BYTES + 3000};
	struct image image;

	(void)state;
	history_crash(&image);
	for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
		image.wal[places[i]] ^= 1;
		image_put(&image);
		assert_int_equal(store_begin_test(), STORE_REPLACED);
		store_end_test();
		image.wal[places[i]] ^= 1;
	}
	image_free(&image);
}

static void database_change(const char *sql)
{
	sqlite3 *other;

	assert_int_equal(sqlite3_open(file_path("journal.db"), &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

/* Whole rows lost, doubled or taken from elsewhere: to SQLite all of that is a good database. */
static void store_open__notices_changed_rows(void **state)
{
	static const char *const changes[] = {
		"DELETE FROM entry WHERE idx = 30",
		"DELETE FROM entry WHERE idx = 7",
		"DELETE FROM entry WHERE idx = 12",
		"UPDATE entry SET idx = 31 WHERE idx = 30",
		"UPDATE entry SET data = x'00' WHERE idx = 20",
		"UPDATE entry SET request = 'sixteen letters.' WHERE idx = 20",
		"UPDATE entry SET chain = zeroblob(16) WHERE idx = 30",
		"INSERT INTO entry VALUES (31, 1, 1, 1, zeroblob(16), zeroblob(16), x'')",
		"DELETE FROM snapshot",
		"UPDATE snapshot SET data = zeroblob(10000)",
		"INSERT INTO snapshot VALUES (2, x'')",
		"DELETE FROM state",
		"UPDATE state SET bytes = zeroblob(212)",
		"INSERT INTO state SELECT 2, bytes FROM state",
	};
	struct image image;

	(void)state;
	history_close(&image);
	for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
		image_put(&image);
		database_change(changes[i]);
		assert_int_equal(history_judge(), STORE_REPLACED);
	}
	image_free(&image);
}

/* Nothing that we read is wrong in it, yet: pages would be given out that are in use. */
static void store_open__notices_a_wrong_list_of_free_pages(void **state)
{
	struct image image;

	(void)state;
	history_close(&image);
	image.db[39] ^= 4;
	image_put(&image);
	assert_int_equal(history_judge(), STORE_REPLACED);
	image_free(&image);
}

static void store_open__takes_a_torn_commit_for_torn(void **state)
{
	struct image image;

	(void)state;
	history_crash(&image);
	image.wal_bytes -= 100;
	image_put(&image);
	assert_int_equal(store_begin_test(), STORE_OLD);
	assert_int_equal(store_durable(store)->n_entries, 27);
	image_free(&image);
}

static void store_open__misses_a_deleted_log(void **state)
{
	struct image image;
	struct err err = ERR_INIT;
	enum store_history history;

	(void)state;
	history_crash(&image);
	image_free(&image);
	assert_int_equal(unlink(file_path("journal.db-wal")), 0);
	assert_int_equal(store_open(directory, NULL, &store, &history, &err), 0);
	assert_int_equal(history, STORE_REPLACED);
	assert_non_null(strstr(err_text(&err), "is missing"));
}

static void store_open__needs_no_log_after_closing(void **state)
{
	(void)state;
	history_write();
	store_end_test();
	assert_int_equal(unlink(file_path("journal.db-wal")), 0);
	assert_int_equal(history_judge(), STORE_OLD);
}

static void store_open__misses_a_deleted_database(void **state)
{
	struct image image;

	(void)state;
	history_crash(&image);
	image_free(&image);
	assert_int_equal(unlink(file_path("journal.db")), 0);
	assert_int_equal(store_begin_test(), STORE_REPLACED);
}

static void store_open__goes_on_after_a_crash(void **state)
{
	struct image image;
	struct store_report report;

	(void)state;
	history_crash(&image);
	image_free(&image);
	assert_int_equal(store_check(directory, &report, NULL), 0);
	assert_false(report.closed);
	durable_expect(&report.durable, 6, 30);
	store_report_release(&report);
	assert_int_equal(history_judge(), STORE_OLD);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(store_open__never_believes_a_damaged_database),
		CASE(store_open__never_believes_a_damaged_header),
		CASE(store_open__never_believes_a_damaged_log),
		CASE(store_open__takes_a_damaged_commit_for_damage),
		CASE(store_open__notices_changed_rows),
		CASE(store_open__notices_a_wrong_list_of_free_pages),
		CASE(store_open__takes_a_torn_commit_for_torn),
		CASE(store_open__misses_a_deleted_log),
		CASE(store_open__needs_no_log_after_closing),
		CASE(store_open__misses_a_deleted_database),
		CASE(store_open__goes_on_after_a_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
