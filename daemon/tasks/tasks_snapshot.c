/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/little.h"
#include "tasks/tasks_table.h"

/*
 * The encoding of the tables, little-endian:
 *
 *	1  version
 *	4  number of tasks; then the tasks in the order in which they began, each encoded by
 *	   journal_task_encode()
 *	4  number of ended tasks; then the index of each in the list above, 4 bytes each, in the
 *	   order in which they ended
 *	4  number of releases; then the releases, each encoded by journal_release_encode()
 *
 * Equal tables have equal encodings, even if one of them was loaded from a snapshot.
 */
#define SNAPSHOT_VERSION 1
#define COUNT_BYTES 4

struct writer {
	uint8_t *data;
	size_t used;
	size_t room;
};

static bool writer_reserve(struct writer *writer, size_t bytes)
{
	size_t room = writer->room * 2 + JOURNAL_RECORD_BYTES_MAX;
	uint8_t *data;

	if (writer->room - writer->used >= bytes) {
		return true;
	}
	data = realloc(writer->data, room);
	if (data == NULL) {
		return false;
	}
	writer->data = data;
	writer->room = room;
	return true;
}

static bool number_write(struct writer *writer, size_t number)
{
	if (!writer_reserve(writer, COUNT_BYTES)) {
		return false;
	}
	(void)little_put32(writer->data + writer->used, (uint32_t)number);
	writer->used += COUNT_BYTES;
	return true;
}

static bool tasks_write(struct writer *writer, const struct tasks *tasks)
{
	bool ok = number_write(writer, tasks->all->len);

	for (guint i = 0; ok && i < tasks->all->len; i++) {
		ok = writer_reserve(writer, JOURNAL_RECORD_BYTES_MAX);
		if (ok) {
			writer->used += journal_task_encode(g_ptr_array_index(tasks->all, i),
							    writer->data + writer->used);
		}
	}
	return ok;
}

static bool ended_write(struct writer *writer, const struct tasks *tasks)
{
	g_autoptr(GHashTable) numbers = g_hash_table_new(g_direct_hash, g_direct_equal);
	bool ok = number_write(writer, tasks->ended->len);

	for (guint i = 0; i < tasks->all->len; i++) {
		g_hash_table_insert(numbers, g_ptr_array_index(tasks->all, i), GUINT_TO_POINTER(i));
	}
	for (guint i = 0; ok && i < tasks->ended->len; i++) {
		gpointer task = g_ptr_array_index(tasks->ended, i);

		ok = number_write(writer, GPOINTER_TO_UINT(g_hash_table_lookup(numbers, task)));
	}
	return ok;
}

static bool releases_write(struct writer *writer, const struct tasks *tasks)
{
	bool ok = number_write(writer, tasks->releases->len);

	for (guint i = 0; ok && i < tasks->releases->len; i++) {
		ok = writer_reserve(writer, JOURNAL_RECORD_BYTES_MAX);
		if (ok) {
			writer->used += journal_release_encode(
				g_ptr_array_index(tasks->releases, i), writer->data + writer->used);
		}
	}
	return ok;
}

int tasks_save(void *machine, uint8_t **ret_data, size_t *ret_bytes)
{
	struct writer writer = {0};

	if (!writer_reserve(&writer, 1)) {
		return -ENOMEM;
	}
	writer.data[writer.used++] = SNAPSHOT_VERSION;
	if (!tasks_write(&writer, machine) || !ended_write(&writer, machine) ||
	    !releases_write(&writer, machine)) {
		free(writer.data);
		return -ENOMEM;
	}
	*ret_data = writer.data;
	*ret_bytes = writer.used;
	return 0;
}

struct reader {
	const uint8_t *data;
	size_t left;
};

static bool number_read(struct reader *reader, size_t max, size_t *ret)
{
	if (reader->left < COUNT_BYTES) {
		return false;
	}
	*ret = little_get32(reader->data);
	reader->data += COUNT_BYTES;
	reader->left -= COUNT_BYTES;
	return *ret <= max;
}

static void reader_skip(struct reader *reader, size_t bytes)
{
	reader->data += bytes;
	reader->left -= bytes;
}

/* Accepts only tasks that the rules of tasks.c can produce. */
static bool task_plausible(const struct tasks *tasks, const struct journal_task *task)
{
	return !id128_is_zero(&task->uuid) && task->revision > 0 && task->tries > 0 &&
	       (task->state == JOURNAL_RUNNING) == (task->actor.node[0] != '\0') &&
	       tasks_get(tasks, &task->uuid) == NULL &&
	       !(journal_state_open(task->state) && tasks_get_open(tasks, task->vm) != NULL);
}

static bool tasks_read(struct reader *reader, struct tasks *tasks)
{
	struct journal_task task;
	size_t count, used;

	if (!number_read(reader, TASKS_MAX, &count)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		int rc = journal_task_decode(reader->data, reader->left, &task, &used);

		tasks->newer = rc == -ENOTSUP;
		if (rc != 0 || !task_plausible(tasks, &task)) {
			return false;
		}
		reader_skip(reader, used);
		tasks_insert(tasks, &task);
	}
	return true;
}

static size_t ended_count(const struct tasks *tasks)
{
	size_t count = 0;

	for (guint i = 0; i < tasks->all->len; i++) {
		count += !journal_state_open(tasks_at(tasks, i)->state);
	}
	return count;
}

static bool ended_read(struct reader *reader, struct tasks *tasks)
{
	g_autoptr(GHashTable) had = g_hash_table_new(g_direct_hash, g_direct_equal);
	size_t all = tasks->all->len, count, number;

	if (!number_read(reader, all, &count) || count != ended_count(tasks)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		struct journal_task *task;

		if (!number_read(reader, all, &number) || number == all) {
			return false;
		}
		task = g_ptr_array_index(tasks->all, number);
		if (journal_state_open(task->state) || !g_hash_table_add(had, task)) {
			return false;
		}
		tasks_end(tasks, task);
		if (tasks->all->len != all) {
			return false; /* more ended tasks of one VM than are kept */
		}
	}
	return true;
}

static bool releases_read(struct reader *reader, struct tasks *tasks)
{
	struct journal_release release;
	size_t count, used;

	if (!number_read(reader, TASKS_RELEASES_MAX, &count)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		int rc = journal_release_decode(reader->data, reader->left, &release, &used);

		tasks->newer = rc == -ENOTSUP;
		if (rc != 0 || release.array[0] == '\0' || release.n_luns == 0 ||
		    tasks_get_release(tasks, release.vm, release.node) != NULL) {
			return false;
		}
		reader_skip(reader, used);
		tasks_insert_release(tasks, &release);
	}
	return true;
}

static bool snapshot_read(struct reader *reader, struct tasks *tasks)
{
	if (reader->left == 0 || reader->data[0] != SNAPSHOT_VERSION) {
		tasks->newer = reader->left > 0 && reader->data[0] > SNAPSHOT_VERSION;
		return false;
	}
	reader_skip(reader, 1);
	return tasks_read(reader, tasks) && ended_read(reader, tasks) &&
	       releases_read(reader, tasks) && reader->left == 0;
}

/* If the new state cannot be read, the old one is kept. */
int tasks_load(void *machine, const uint8_t *data, size_t bytes)
{
	struct reader reader = {.data = data, .left = bytes};
	struct tasks *tasks = machine;
	struct tasks loaded;

	tasks_tables_init(&loaded);
	if (bytes > 0 && !snapshot_read(&reader, &loaded)) {
		tasks->newer = loaded.newer;
		tasks_tables_release(&loaded);
		return tasks->newer ? -ENOTSUP : -EBADMSG;
	}
	tasks_tables_release(tasks);
	*tasks = loaded;
	return 0;
}
