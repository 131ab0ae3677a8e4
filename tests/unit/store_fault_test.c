/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_fixture.h"
#include "store_vfs.h"

/* The store on disks that fail and lie, and in processes that die. */

#define FLIPS 300
#define WAL_FLIPS 100
#define KILLS 25
#define SWEEP_MAX 400
#define LONG_SNAPSHOT_BYTES (5 << 20) /* more than a log holds before a checkpoint */
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

	assert_int_equal(
		sqlite3_open_v2(file_path("journal.db"), &other, SQLITE_OPEN_READWRITE, "unix"),
		SQLITE_OK);
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
	assert_non_null(strstr(err_text(&err), "is gone"));
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

/* Writes for ever, eight transactions ahead, and says on the pipe what was announced. */
static void child_write(int out)
{
	struct pollfd poll_fd = {.events = POLLIN};
	uint64_t last, sequence, done = 0;

	store_begin_test();
	last = sequence = store_durable(store)->base.index + store_durable(store)->n_entries;
	poll_fd.fd = store_fd(store);
	while (last < LOG_MAX) {
		while (sequence < done + 8 || sequence < last + 8) {
			struct core_persist persist =
				persist_append(sequence + 1, sequence + 1, sequence + 1);

			if (sequence == LOG_MAX || store_persist(store, &persist, NULL) < 0) {
				_exit(1);
			}
			sequence++;
		}
		if (poll(&poll_fd, 1, -1) != 1 || store_done(store, &done, NULL) < 0 ||
		    write(out, &done, sizeof(done)) != sizeof(done)) {
			_exit(2);
		}
		last = done > last ? done : last;
	}
	_exit(3);
}

/* What the child had announced when it was killed, some announcements after it began. */
static uint64_t child_kill(void)
{
	uint64_t announced = 0, got = 0;
	int pipe_fds[2], status;
	int wanted = 1 + rand() % 12;
	pid_t pid;

	assert_int_equal(pipe(pipe_fds), 0);
	pid = fork();
	if (pid == 0) {
		close(pipe_fds[0]);
		child_write(pipe_fds[1]);
	}
	close(pipe_fds[1]);
	while (read(pipe_fds[0], &got, sizeof(got)) == sizeof(got)) {
		announced = got > announced ? got : announced;
		if (--wanted == 0) {
			kill(pid, SIGKILL);
		}
	}
	close(pipe_fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	return announced;
}

static void store_done__is_believed_after_kill(void **state)
{
	(void)state;
	for (int i = 0; i < KILLS; i++) {
		uint64_t announced = child_kill();
		uint64_t last;

		assert_int_equal(store_begin_test(), STORE_OLD);
		last = store_durable(store)->n_entries;
		assert_in_range(last, announced, announced + 16);
		durable_expect(store_durable(store), 0, last);
		assert_int_equal(store_boot(store), 2 * i + 2);
		store_end_test();
	}
}

static void store_done__comes_once_for_many(void **state)
{
	(void)state;
	store_begin_test();
	vfs_arm(0, false, VFS_IOERR);
	vfs_hold();
	for (uint64_t i = 1; i <= 1000; i++) {
		struct core_persist persist = persist_append(i, i, i);

		persist_put(&persist);
	}
	assert_int_equal(store_queued(store), 1000);
	vfs_let_go();
	assert_int_equal(persist_wait(1000), 0);
	assert_in_range(vfs_syncs(), 1, 4);
	store_end_test();
	store_begin_test();
	durable_expect(store_durable(store), 0, 1000);
}

static void store_persist__refuses_when_the_disk_hangs(void **state)
{
	struct core_persist persist;

	(void)state;
	store_begin_test();
	vfs_hold();
	for (uint64_t i = 1; i <= STORE_QUEUE_MAX; i++) {
		persist = persist_append(i, i, i);
		persist_put(&persist);
	}
	persist = persist_append(STORE_QUEUE_MAX + 1, STORE_QUEUE_MAX + 1, STORE_QUEUE_MAX + 1);
	assert_int_equal(store_persist(store, &persist, NULL), -ENOBUFS);
	vfs_let_go();
	assert_int_equal(persist_wait(STORE_QUEUE_MAX), 0);
	assert_int_equal(store_persist(store, &persist, NULL), -ENOBUFS);
	store_end_test();
	assert_int_equal(store_begin_test(), STORE_OLD);
	durable_expect(store_durable(store), 0, STORE_QUEUE_MAX);
}

/* Three transactions on a disk that may fail. Returns the last one announced. */
static uint64_t sweep_run(void)
{
	struct core_persist persist[3];
	enum store_history history;
	uint64_t announced = 0;

	if (store_open(directory, NULL, &store, &history, NULL) < 0) {
		return 0;
	}
	persist[0] = persist_append(1, 1, 3);
	persist[1] = persist_append(2, 4, 6);
	persist[2] = persist_rebase(3, 5);
	for (int i = 0; i < 3; i++) {
		int rc = store_persist(store, &persist[i], NULL);

		if (rc == 0) {
			rc = persist_wait(persist[i].sequence);
		}
		assert_true(rc == 0 || vfs_fired());
		/* Nothing is announced once the disk has failed. */
		assert_true(rc < 0 || !vfs_fired());
		announced = rc == 0 ? persist[i].sequence : announced;
	}
	store_end_test();
	return announced;
}

static void announced_expect(uint64_t announced)
{
	static const uint64_t bases[] = {0, 0, 0, 5};
	static const uint64_t lasts[] = {0, 3, 6, 6};
	size_t n = store_durable(store)->n_entries + store_durable(store)->base.index;

	assert_true(n >= lasts[announced]);
	assert_true(store_durable(store)->base.index >= bases[announced]);
	for (size_t i = 0; i < store_durable(store)->n_entries; i++) {
		const struct entry *entry = &store_durable(store)->entries[i];

		assert_true(journal_id_equal(&entry->chain, &log_entries[entry->index].chain));
	}
}

/* false: the disk did not come to the nth operation. */
static bool sweep_fail_nth(int nth, bool forever, enum vfs_fault fault, bool begun)
{
	enum store_history history;
	uint64_t announced;

	directory_clear();
	if (begun) {
		store_begin_test();
		store_end_test();
	}
	vfs_arm(nth, forever, fault);
	announced = sweep_run();
	vfs_disarm();
	if (fault == VFS_IOERR && begun) {
		assert_int_equal(file_there("journal.failed"), vfs_fired());
	}
	history = store_begin_test();
	if (!vfs_fired() || (fault == VFS_FULL && begun)) {
		assert_int_equal(history, STORE_OLD);
		announced_expect(announced);
	} else if (begun) {
		assert_int_equal(history, STORE_REPLACED);
	}
	store_end_test();
	return vfs_fired();
}

static void sweep(enum vfs_fault fault, bool begun)
{
	for (int forever = 0; forever <= 1; forever++) {
		int nth = 1;

		while (sweep_fail_nth(nth, forever, fault, begun)) {
			nth++;
			assert_in_range(nth, 1, SWEEP_MAX);
		}
		print_message("%d operations failed in turn\n", nth - 1);
		assert_true(nth > 10);
	}
}

static void store_done__says_nothing_after_an_error(void **state)
{
	(void)state;
	sweep(VFS_IOERR, true);
}

static void store_open__begins_again_after_an_error(void **state)
{
	(void)state;
	sweep(VFS_IOERR, false);
}

static void store_done__says_nothing_when_the_disk_is_full(void **state)
{
	(void)state;
	sweep(VFS_FULL, true);
}

/*
 * The first sync of the database itself comes when the log is moved into it. SQLite's own automatic
 * checkpoint forgets such an error, and the next sync would seem to succeed.
 */
static void store_done__fails_with_the_checkpoint(void **state)
{
	struct core_persist persist = persist_append(1, 1, 1);
	g_autofree uint8_t *snapshot = g_malloc0(LONG_SNAPSHOT_BYTES);

	(void)state;
	persist.snapshot = snapshot;
	persist.snapshot_bytes = LONG_SNAPSHOT_BYTES;
	store_begin_test();
	vfs_arm(1, false, VFS_DATABASE_SYNC);
	persist_put(&persist);
	assert_int_equal(persist_wait(UINT64_MAX), -EIO);
	assert_true(vfs_fired());
	vfs_disarm();
	assert_int_equal(store_persist(store, &persist, NULL), -EIO);
	store_end_test();
	assert_true(file_there("journal.failed"));
	assert_int_equal(store_begin_test(), STORE_REPLACED);
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
		CASE(store_done__is_believed_after_kill),
		CASE(store_done__comes_once_for_many),
		CASE(store_persist__refuses_when_the_disk_hangs),
		CASE(store_done__says_nothing_after_an_error),
		CASE(store_open__begins_again_after_an_error),
		CASE(store_done__says_nothing_when_the_disk_is_full),
		CASE(store_done__fails_with_the_checkpoint),
	};

	vfs_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
