/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_fixture.h"

#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MS TEST_LIMIT_MS
#define SNAPSHOT_BYTES 10000

char directory[PATH_MAX];
struct store *store;
struct entry log_entries[LOG_MAX + 1];

static const struct seen seen = {.node = 2, .disk = {{2}}, .boot = 3, .acked = {{4, 5}, 6}};
static uint8_t snapshot[SNAPSHOT_BYTES];

static void log_make(void)
{
	static uint8_t data[LOG_MAX + 1][64];

	for (uint64_t i = 1; i <= LOG_MAX; i++) {
		memset(data[i], (int)i, sizeof(data[i]));
		log_entries[i] = (struct entry){.index = i,
						.ballot = {1 + i / 100, 1},
						.kind = ENTRY_REQUEST,
						.request = {{(uint8_t)i, (uint8_t)(i >> 8), 1}},
						.bytes = i % sizeof(data[i]),
						.data = data[i]};
		log_entries[i].chain = entry_chain(&log_entries[i - 1].chain, &log_entries[i]);
	}
}

/* In memory where that can be had: nothing here cuts the power, and thousands of syncs take long.
 */
int fixture_setup(void **state)
{
	const char *parent = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : g_get_tmp_dir();

	(void)state;
	log_make();
	(void)snprintf(directory, sizeof(directory), "%s/lunmask-store-XXXXXX", parent);
	return mkdtemp(directory) == NULL ? -1 : 0;
}

void directory_clear(void)
{
	GDir *listing = g_dir_open(directory, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(listing)) != NULL) {
		assert_int_equal(unlink(file_path(name)), 0);
	}
	g_dir_close(listing);
}

int fixture_teardown(void **state)
{
	(void)state;
	store_end_test();
	directory_clear();
	return rmdir(directory);
}

const char *file_path(const char *name)
{
	static char path[PATH_MAX + NAME_MAX + 2];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

bool file_there(const char *name)
{
	return access(file_path(name), F_OK) == 0;
}

char *file_read(const char *name, size_t *ret_bytes)
{
	char *data = NULL;

	assert_true(g_file_get_contents(file_path(name), &data, ret_bytes, NULL));
	return data;
}

void file_write(const char *name, const void *data, size_t bytes)
{
	FILE *file = fopen(file_path(name), "w");

	assert_non_null(file);
	assert_int_equal(fchmod(fileno(file), 0600), 0);
	assert_true(bytes == 0 || fwrite(data, bytes, 1, file) == 1);
	assert_int_equal(fclose(file), 0);
}

enum store_history store_begin_test(void)
{
	struct err err = ERR_INIT;
	enum store_history history;
	int rc = store_open(directory, NULL, &store, &history, &err);

	if (rc < 0) {
		fail_msg("%d: %s", rc, err_text(&err));
	}
	return history;
}

void store_end_test(void)
{
	store_close(store);
	store = NULL;
}

struct core_persist persist_append(uint64_t sequence, uint64_t first, uint64_t last)
{
	return (struct core_persist){.sequence = sequence,
				     .cluster = {{9, 8, 7}},
				     .promised = {1 + last, 1},
				     .commit = last,
				     .seen = &seen,
				     .n_seen = 1,
				     .entries = &log_entries[first],
				     .n_entries = last < first ? 0 : last - first + 1};
}

struct core_persist persist_rebase(uint64_t sequence, uint64_t base)
{
	struct core_persist persist = persist_append(sequence, base + 1, base);

	memset(snapshot, (int)base, sizeof(snapshot));
	persist.promised = (struct ballot){1 + LOG_MAX, 1};
	persist.snapshot = snapshot;
	persist.snapshot_bytes = sizeof(snapshot);
	persist.snapshot_index = base;
	persist.rebase = true;
	persist.base = (struct position){log_entries[base].ballot, base};
	persist.base_chain = log_entries[base].chain;
	return persist;
}

void persist_put(const struct core_persist *persist)
{
	struct err err = ERR_INIT;
	int rc = store_persist(store, persist, &err);

	if (rc < 0) {
		fail_msg("%d: %s", rc, err_text(&err));
	}
}

int persist_wait(uint64_t sequence)
{
	struct pollfd poll_fd = {.fd = store_fd(store), .events = POLLIN};
	uint64_t done = 0;
	int rc;

	do {
		assert_int_equal(poll(&poll_fd, 1, WAIT_MS), 1);
		rc = store_done(store, &done, NULL);
	} while (rc == 0 && done < sequence);
	return rc;
}

void persist_now(const struct core_persist *persist)
{
	persist_put(persist);
	assert_int_equal(persist_wait(persist->sequence), 0);
}

static void entry_expect(const struct entry *entry, const struct entry *expected)
{
	assert_int_equal(entry->index, expected->index);
	assert_int_equal(ballot_compare(entry->ballot, expected->ballot), 0);
	assert_int_equal(entry->kind, expected->kind);
	assert_true(id128_equal(&entry->request, &expected->request));
	assert_true(id128_equal(&entry->chain, &expected->chain));
	assert_int_equal(entry->bytes, expected->bytes);
	assert_memory_equal(entry->data, expected->data, entry->bytes);
}

void durable_expect(const struct core_durable *durable, uint64_t base, uint64_t last)
{
	assert_int_equal(durable->cluster.bytes[2], last > 0 ? 7 : 0);
	assert_int_equal(durable->promised.counter, base > 0   ? 1 + LOG_MAX
						    : last > 0 ? 1 + last
							       : 0);
	assert_int_equal(durable->base.index, base);
	assert_true(id128_equal(&durable->base_chain, &log_entries[base].chain));
	assert_int_equal(durable->n_entries, last - base);
	for (size_t i = 0; i < durable->n_entries; i++) {
		entry_expect(&durable->entries[i], &log_entries[base + 1 + i]);
	}
	assert_int_equal(durable->n_seen, last > 0);
	assert_memory_equal(durable->seen, &seen, durable->n_seen * sizeof(seen));
	assert_int_equal(durable->snapshot_index, base);
	assert_int_equal(durable->snapshot_bytes, base > 0 ? sizeof(snapshot) : 0);
	for (size_t i = 0; i < durable->snapshot_bytes; i++) {
		assert_int_equal(durable->snapshot[i], (uint8_t)base);
	}
}

void crash(void (*what)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		what();
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}
