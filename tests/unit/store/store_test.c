/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/store_state.h"
#include "store_fixture.h"

int __wrap_fstatvfs(int fd, struct statvfs *ret);
int __real_fstatvfs(int fd, struct statvfs *ret);

static uint64_t room_bytes; /* 0: as it is */

int __wrap_fstatvfs(int fd, struct statvfs *ret)
{
	int rc = __real_fstatvfs(fd, ret);

	if (room_bytes > 0) {
		ret->f_bavail = room_bytes / ret->f_frsize;
	}
	return rc;
}

static int room_restore(void **state)
{
	room_bytes = 0;
	return fixture_teardown(state);
}

static int open_fail(struct err *err)
{
	enum store_history history;
	struct store *none = NULL;
	int rc = store_open(directory, NULL, &none, &history, err);

	assert_null(none);
	return rc;
}

static void store_open__makes_a_new_store_and_finds_it_again(void **state)
{
	struct id128 disk;

	(void)state;
	assert_int_equal(store_begin_test(), STORE_NEW);
	durable_expect(store_durable(store), 0, 0);
	assert_int_equal(store_boot(store), 1);
	disk = *store_disk(store);
	assert_false(id128_is_zero(&disk));
	store_end_test();
	assert_int_equal(store_begin_test(), STORE_OLD);
	assert_int_equal(store_boot(store), 2);
	assert_true(id128_equal(&disk, store_disk(store)));
	assert_false(file_there("journal.db-shm"));
	assert_false(file_there("journal.new"));
}

static void store_open__makes_the_directory_for_its_owner_only(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(rmdir(directory), 0);
	assert_int_equal(store_begin_test(), STORE_NEW);
	assert_int_equal(stat(directory, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(file_path("journal.db"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(file_path("journal.db-wal"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void store_open__refuses_a_second_process(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	store_begin_test();
	assert_int_equal(open_fail(&err), -EAGAIN);
	assert_non_null(strstr(err_text(&err), "in use"));
	store_end_test();
	assert_int_equal(store_begin_test(), STORE_OLD);
}

static void store_open__refuses_what_others_can_read(void **state)
{
	static const char *const names[] = {"", "journal.db", "journal.lock", "journal.db-wal"};
	struct err err = ERR_INIT;

	(void)state;
	store_begin_test();
	store_end_test();
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		mode_t legal = i == 0 ? 0700 : 0600;

		assert_int_equal(chmod(file_path(names[i]), legal | 0040), 0);
		assert_int_equal(open_fail(&err), -EPERM);
		assert_non_null(strstr(err_text(&err), "chmod"));
		assert_int_equal(chmod(file_path(names[i]), legal), 0);
	}
	assert_int_equal(store_begin_test(), STORE_OLD);
}

static void store_open__refuses_what_is_another_users(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	if (geteuid() != 0) {
		skip();
	}
	store_begin_test();
	store_end_test();
	assert_int_equal(chown(file_path("journal.db"), 1, 0), 0);
	assert_int_equal(open_fail(&err), -EPERM);
	assert_non_null(strstr(err_text(&err), "belongs to user 1"));
}

static void store_open__refuses_a_symbolic_link(void **state)
{
	(void)state;
	store_begin_test();
	store_end_test();
	assert_int_equal(symlink("/nowhere", file_path("journal.failed")), 0);
	assert_int_equal(open_fail(NULL), -EPERM);
}

static void store_open__leaves_a_newer_layout_alone(void **state)
{
	struct err err = ERR_INIT;
	sqlite3 *other;

	(void)state;
	store_begin_test();
	store_end_test();
	assert_int_equal(sqlite3_open(file_path("journal.db"), &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "PRAGMA user_version = 2", NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(other);
	assert_int_equal(open_fail(&err), -ENOTSUP);
	assert_non_null(strstr(err_text(&err), "newer"));
	assert_true(file_there("journal.db"));
	assert_false(file_there("journal.failed"));
}

/* What another program added to the schema would run in our transactions. */
static void store_open__puts_a_foreign_schema_aside(void **state)
{
	sqlite3 *other;

	(void)state;
	store_begin_test();
	store_end_test();
	assert_int_equal(sqlite3_open(file_path("journal.db"), &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other,
				      "CREATE TRIGGER t AFTER INSERT ON entry BEGIN "
				      "DELETE FROM entry; END",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(other);
	assert_int_equal(store_begin_test(), STORE_REPLACED);
}

static void store_open__makes_a_new_one_when_asked(void **state)
{
	struct store_options options = {.make_new = true};
	struct core_persist persist = persist_append(1, 1, 5);
	struct err err = ERR_INIT;
	enum store_history history;
	struct id128 disk;

	(void)state;
	store_begin_test();
	disk = *store_disk(store);
	persist_now(&persist);
	store_end_test();
	assert_int_equal(store_open(directory, &options, &store, &history, &err), 0);
	assert_int_equal(history, STORE_REPLACED);
	assert_non_null(strstr(err_text(&err), "journal-bad-"));
	assert_false(id128_equal(&disk, store_disk(store)));
	durable_expect(store_durable(store), 0, 0);
	store_end_test();
	assert_int_equal(store_begin_test(), STORE_OLD);
}

static size_t aside_count(void)
{
	char command[PATH_MAX + 64];
	char line[16] = "";
	FILE *listing;

	(void)snprintf(command, sizeof(command), "ls %s | grep -c 'journal-bad-[0-9]*.db$'",
		       directory);
	listing = popen(command, "r");
	assert_non_null(listing);
	assert_non_null(fgets(line, sizeof(line), listing));
	pclose(listing);
	return (size_t)atoi(line);
}

static void store_open__keeps_three_old_ones(void **state)
{
	(void)state;
	for (size_t i = 0; i < 6; i++) {
		file_write("journal.failed", "dust", 4);
		assert_int_equal(store_begin_test(), i == 0 ? STORE_NEW : STORE_REPLACED);
		assert_false(file_there("journal.failed"));
		store_end_test();
	}
	assert_int_equal(aside_count(), 3);
}

static void store_open__says_why_it_was_marked(void **state)
{
	struct err err = ERR_INIT;
	enum store_history history;

	(void)state;
	store_begin_test();
	store_end_test();
	file_write("journal.failed", "the disk has dust", 17);
	assert_int_equal(store_open(directory, NULL, &store, &history, &err), 0);
	assert_int_equal(history, STORE_REPLACED);
	assert_non_null(strstr(err_text(&err), "the disk has dust"));
}

static void store_persist__is_there_after_closing(void **state)
{
	struct core_persist persist = persist_append(1, 1, 300);

	(void)state;
	store_begin_test();
	persist_now(&persist);
	store_end_test();
	store_begin_test();
	durable_expect(store_durable(store), 0, 300);
	assert_int_equal(store_durable(store)->commit, 300);
}

/* The caller's memory may change at once; closing writes what waits. */
static void store_persist__copies_what_it_is_given(void **state)
{
	struct entry entries[2] = {log_entries[1], log_entries[2]};
	uint8_t data[64];
	struct core_persist persist = persist_append(1, 1, 2);

	(void)state;
	memcpy(data, entries[1].data, sizeof(data));
	entries[1].data = data;
	persist.entries = entries;
	store_begin_test();
	persist_put(&persist);
	memset(data, 'x', sizeof(data));
	memset(entries, 0, sizeof(entries));
	store_end_test();
	store_begin_test();
	durable_expect(store_durable(store), 0, 2);
}

static void store_persist__truncates_before_it_appends(void **state)
{
	struct core_persist first = persist_append(1, 1, 10);
	struct core_persist second = persist_append(2, 7, 12);
	struct entry other = log_entries[7];
	struct core_persist tail = persist_append(1, 1, 6);

	(void)state;
	store_begin_test();
	tail.promised.counter = 1;
	persist_now(&tail);
	other.kind = ENTRY_VIEW;
	other.chain = entry_chain(&log_entries[6].chain, &other);
	first = persist_append(2, 7, 7);
	first.promised.counter = 1;
	first.entries = &other;
	persist_now(&first);
	second.sequence = 3;
	second.truncate = true;
	second.truncate_after = 6;
	persist_now(&second);
	store_end_test();
	store_begin_test();
	durable_expect(store_durable(store), 0, 12);
}

static void store_persist__cuts_the_log_behind_a_snapshot(void **state)
{
	struct core_persist append = persist_append(1, 1, 50);
	struct core_persist rebase = persist_rebase(2, 40);

	(void)state;
	store_begin_test();
	persist_now(&append);
	persist_now(&rebase);
	store_end_test();
	store_begin_test();
	durable_expect(store_durable(store), 40, 50);
	store_end_test();
	store_begin_test();
	rebase = persist_rebase(3, 50);
	rebase.seen = store_durable(store)->seen; /* copied before it is gone */
	persist_now(&rebase);
	store_end_test();
	store_begin_test();
	durable_expect(store_durable(store), 50, 50);
}

/* A learner that gets a snapshot ahead of all it has, and what follows it. */
static void store_persist__starts_over_behind_a_snapshot(void **state)
{
	struct core_persist append = persist_append(1, 1, 10);
	struct core_persist rebase = persist_rebase(2, 40);

	(void)state;
	store_begin_test();
	persist_now(&append);
	rebase.entries = &log_entries[41];
	rebase.n_entries = 10;
	persist_now(&rebase);
	store_end_test();
	store_begin_test();
	durable_expect(store_durable(store), 40, 50);
}

static void contradiction_expect(const struct core_persist *persist)
{
	struct err err = ERR_INIT;
	uint64_t done;

	persist_put(persist);
	assert_int_equal(persist_wait(persist->sequence), -EINVAL);
	assert_int_equal(store_done(store, &done, &err), -EINVAL);
	assert_true(*err_text(&err) != '\0');
	assert_int_equal(store_persist(store, persist, NULL), -EINVAL);
	store_end_test();
	assert_int_equal(store_begin_test(), STORE_OLD);
	durable_expect(store_durable(store), 0, 10);
}

static void store_persist__writes_nothing_that_contradicts_the_log(void **state)
{
	struct core_persist append = persist_append(1, 1, 10);
	struct entry forged = log_entries[11];
	struct core_persist bad[5];

	(void)state;
	forged.ballot.node++;
	bad[0] = persist_append(2, 12, 13);
	bad[1] = persist_append(2, 11, 11);
	bad[1].entries = &forged;
	bad[2] = persist_append(2, 11, 11);
	bad[2].promised.counter = 3;
	bad[3] = persist_rebase(2, 5);
	bad[3].base_chain = log_entries[6].chain;
	bad[4] = persist_append(2, 10, 11);
	store_begin_test();
	persist_now(&append);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		contradiction_expect(&bad[i]);
	}
}

static void store_persist__takes_sequences_in_order_only(void **state)
{
	struct core_persist first = persist_append(7, 1, 1);
	struct core_persist second = persist_append(7, 2, 2);
	struct err err = ERR_INIT;

	(void)state;
	store_begin_test();
	persist_now(&first);
	assert_int_equal(store_persist(store, &second, &err), -EINVAL);
	second.sequence = 8;
	assert_int_equal(store_persist(store, &second, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "gap"));
	store_end_test();
	store_begin_test();
	durable_expect(store_durable(store), 0, 1);
}

static void store_persist__meets_a_full_disk_early(void **state)
{
	struct core_persist first = persist_append(1, 1, 1);
	struct core_persist second = persist_append(2, 2, 2);
	struct err err = ERR_INIT;

	(void)state;
	store_begin_test();
	persist_put(&first);
	room_bytes = STORE_ROOM_MIN - 1;
	assert_int_equal(store_persist(store, &second, &err), -ENOSPC);
	assert_non_null(strstr(err_text(&err), "make room"));
	assert_int_equal(persist_wait(1), 0);
	store_end_test();
	assert_int_equal(open_fail(&err), -ENOSPC);
	room_bytes = 0;
	assert_int_equal(store_begin_test(), STORE_OLD);
	durable_expect(store_durable(store), 0, 1);
}

/* It starts over some three times in this. */
static void store_persist__keeps_its_log_short(void **state)
{
	uint64_t sequence = 0, last = 0;
	struct stat st;

	(void)state;
	store_begin_test();
	while (last < 4000) {
		struct core_persist append = persist_append(++sequence, last + 1, last + 10);
		struct core_persist rebase = persist_rebase(++sequence, last + 5);

		append.promised = rebase.promised;
		persist_now(&append);
		persist_now(&rebase);
		last += 10;
	}
	assert_int_equal(stat(file_path("journal.db-wal"), &st), 0);
	assert_in_range(st.st_size, 1, (1000 + 20) * 4120);
	store_end_test();
	store_begin_test();
	durable_expect(store_durable(store), last - 5, last);
	assert_in_range(store_bytes(store), 4096, 100 * 4096);
}

#define QUOTA_BYTES (1 << 20)

static void quota_open(void)
{
	struct store_options options = {.bytes_max = QUOTA_BYTES};
	enum store_history history;

	store_end_test();
	assert_int_equal(store_open(directory, &options, &store, &history, NULL), 0);
}

/* Only what cuts the log is taken then; and after that, all, though the file is as long as ever. */
static void store_persist__takes_no_more_than_legal(void **state)
{
	static uint8_t snapshot[QUOTA_BYTES];
	struct core_persist persist = persist_append(1, 1, 1);
	struct core_persist next = persist_append(2, 2, 2);
	struct core_persist rebase = persist_rebase(2, 1);

	(void)state;
	quota_open();
	persist.snapshot = snapshot;
	persist.snapshot_bytes = sizeof(snapshot);
	persist_now(&persist);
	quota_open();
	assert_int_equal(store_persist(store, &next, NULL), -ENOSPC);
	quota_open();
	persist_now(&rebase);
	quota_open();
	assert_true(store_bytes(store) > QUOTA_BYTES);
	next.promised = rebase.promised;
	persist_now(&next);
	quota_open();
	durable_expect(store_durable(store), 1, 2);
}

static void store_check__reads_without_changing_anything(void **state)
{
	struct core_persist append = persist_append(1, 1, 50);
	struct core_persist rebase = persist_rebase(2, 40);
	struct store_report report;
	g_autofree char *before = NULL, *after = NULL;
	size_t bytes, bytes_after;

	(void)state;
	store_begin_test();
	persist_now(&append);
	persist_now(&rebase);
	assert_int_equal(store_check(directory, &report, NULL), -EAGAIN);
	store_end_test();
	before = file_read("journal.db", &bytes);
	assert_int_equal(store_check(directory, &report, NULL), 0);
	durable_expect(&report.durable, 40, 50);
	assert_int_equal(report.boot, 1);
	assert_true(report.closed);
	assert_false(report.failed);
	assert_int_equal(report.last.index, 50);
	store_report_release(&report);
	after = file_read("journal.db", &bytes_after);
	assert_int_equal(bytes, bytes_after);
	assert_memory_equal(before, after, bytes);
}

static void store_check__says_what_is_wrong(void **state)
{
	struct store_report report;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(store_check(directory, &report, &err), -ENOENT);
	store_begin_test();
	store_end_test();
	file_write("journal.db", "SQLite no more", 14);
	assert_int_equal(store_check(directory, &report, &err), -EBADMSG);
	assert_true(*err_text(&err) != '\0');
	assert_false(file_there("journal.failed"));
}

/* The layout must not change unnoticed: the next version reads it. */
static void store_state_encode__writes_the_golden_bytes(void **state)
{
	static const struct store_state golden = {
		.flags = STORE_IN_USE,
		.disk = {{0xd1}},
		.boot = 2,
		.cluster = {{0xc1}},
		.promised = {3, 4},
		.commit = 5,
		.base = {{6, 7}, 8},
		.base_chain = {{0xb1}},
		.last = {{9, 10}, 11},
		.last_chain = {{0xe1}},
		.snapshot_index = 12,
		.snapshot_bytes = 13,
		.snapshot_crc = 14,
		.n_seen = 1,
		.seen = {{.node = 15, .disk = {{0xd2}}, .boot = 16, .acked = {{17, 18}, 19}}}};
	static const uint8_t at[] = {0,   4,   20,  28,  44,  52,  56,  64,  72,
				     76,  84,  100, 108, 112, 120, 136, 144, 152,
				     156, 160, 164, 180, 188, 196, 200};
	static const uint8_t value[] = {1,  0xd1, 2,  0xc1, 3,  4, 5,  6,    7,  8,  0xb1, 9, 10,
					11, 0xe1, 12, 13,   14, 1, 15, 0xd2, 16, 17, 18,   19};
	uint8_t expected[208] = {0}, bytes[STORE_STATE_BYTES_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(at); i++) {
		expected[at[i]] = value[i];
	}
	assert_int_equal(store_state_encode(&golden, bytes), sizeof(expected) + 4);
	assert_memory_equal(bytes, expected, sizeof(expected));
	assert_memory_equal(bytes + 208, "\x21\x48\x10\xd0", 4);
}

static void store_state_decode__notices_every_changed_bit(void **state)
{
	static struct store_state full = {.boot = 1, .n_seen = JOURNAL_VOTERS_MAX}, back;
	uint8_t bytes[STORE_STATE_BYTES_MAX];

	(void)state;
	assert_int_equal(store_state_encode(&full, bytes), sizeof(bytes));
	assert_int_equal(store_state_decode(bytes, sizeof(bytes), &back), 0);
	assert_memory_equal(&full, &back, sizeof(full));
	for (size_t bit = 0; bit < sizeof(bytes) * 8; bit += 3) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(store_state_decode(bytes, sizeof(bytes), &back), -EBADMSG);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t n = 0; n < sizeof(bytes); n++) {
		assert_int_equal(store_state_decode(bytes, n, &back), -EBADMSG);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, room_restore)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(store_open__makes_a_new_store_and_finds_it_again),
		CASE(store_open__makes_the_directory_for_its_owner_only),
		CASE(store_open__refuses_a_second_process),
		CASE(store_open__refuses_what_others_can_read),
		CASE(store_open__refuses_what_is_another_users),
		CASE(store_open__refuses_a_symbolic_link),
		CASE(store_open__leaves_a_newer_layout_alone),
		CASE(store_open__puts_a_foreign_schema_aside),
		CASE(store_open__makes_a_new_one_when_asked),
		CASE(store_open__keeps_three_old_ones),
		CASE(store_open__says_why_it_was_marked),
		CASE(store_persist__is_there_after_closing),
		CASE(store_persist__copies_what_it_is_given),
		CASE(store_persist__truncates_before_it_appends),
		CASE(store_persist__cuts_the_log_behind_a_snapshot),
		CASE(store_persist__starts_over_behind_a_snapshot),
		CASE(store_persist__writes_nothing_that_contradicts_the_log),
		CASE(store_persist__takes_sequences_in_order_only),
		CASE(store_persist__meets_a_full_disk_early),
		CASE(store_persist__keeps_its_log_short),
		CASE(store_persist__takes_no_more_than_legal),
		CASE(store_check__reads_without_changing_anything),
		CASE(store_check__says_what_is_wrong),
		CASE(store_state_encode__writes_the_golden_bytes),
		CASE(store_state_decode__notices_every_changed_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
