/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_fixture.h"
#include "store_vfs.h"

/* The store on disks that fail and hang, and in processes that are killed. */

#define KILLS 25
#define SWEEP_MAX 400
#define LONG_SNAPSHOT_BYTES (5 << 20) /* more than a log holds before a checkpoint */

/* Writes for ever, eight transactions ahead, and says on the pipe what was announced. */
static void child_write(int out)
{
	struct pollfd poll_fd = {.events = POLLIN};
	uint64_t last, sequence, limit, done = 0;

	store_begin_test();
	last = sequence = store_durable(store)->base.index + store_durable(store)->n_entries;
	/* Enough is left for the rounds to come, however late the kill is. */
	limit = last + LOG_MAX / (KILLS + 1);
	poll_fd.fd = store_fd(store);
	while (last < limit) {
		while (sequence < limit && (sequence < done + 8 || sequence < last + 8)) {
			struct core_persist persist =
				persist_append(sequence + 1, sequence + 1, sequence + 1);

			if (store_persist(store, &persist, NULL) < 0) {
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
	close(out);
	for (;;) {
		pause();
	}
}

/* What the child had announced when it was killed, some announcements after it began. */
static uint64_t writer_kill(void)
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
	assert_int_equal(wanted <= 0 ? 0 : kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	return announced;
}

static void store_done__is_believed_after_kill(void **state)
{
	(void)state;
	for (int i = 0; i < KILLS; i++) {
		uint64_t announced = writer_kill();
		uint64_t last;

		assert_int_equal(store_begin_test(), STORE_OLD);
		last = store_durable(store)->n_entries;
		assert_in_range(last, announced, announced + 16);
		durable_expect(store_durable(store), 0, last);
		assert_int_equal(store_boot(store), 2 * i + 2);
		store_end_test();
	}
}

/* A log that begins is synced in any case: only the second transaction tells. */
static void store_done__comes_after_the_sync(void **state)
{
	(void)state;
	store_begin_test();
	for (uint64_t i = 1; i <= 50; i++) {
		struct core_persist persist = persist_append(i, i, i);

		persist_now(&persist);
		assert_int_equal(vfs_unsynced(), 0);
	}
}

static void store_done__comes_once_for_many(void **state)
{
	struct core_persist persist = persist_append(1, 1, 1);

	(void)state;
	store_begin_test();
	persist_now(&persist);
	vfs_arm(0, false, VFS_IOERR);
	vfs_hold();
	for (uint64_t i = 2; i <= 1000; i++) {
		persist = persist_append(i, i, i);
		persist_put(&persist);
	}
	vfs_let_go();
	assert_int_equal(persist_wait(1000), 0);
	assert_in_range(vfs_syncs(), 1, 2);
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

		assert_true(id128_equal(&entry->chain, &log_entries[entry->index].chain));
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
		CASE(store_done__is_believed_after_kill),
		CASE(store_done__comes_after_the_sync),
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
