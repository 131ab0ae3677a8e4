/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/store_writer.h"

#include <inttypes.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/thread.h"
#include "store/store.h"

static void event_signal(const struct store_writer *writer)
{
	const uint64_t one = 1;

	/* It fails only if the counter is at its maximum; then the eventfd is readable too. */
	(void)!write(writer->event, &one, sizeof(one));
}

static uint64_t bytes_on_disk(const struct store_writer *writer)
{
	return store_dir_bytes(writer->dir, STORE_DB) +
	       store_dir_bytes(writer->dir, STORE_DB "-wal");
}

/*
 * A full disk refuses writes and leaves everything that was written before intact. The same holds
 * if memory runs out or the core contradicts itself. After any other error the contents of the disk
 * are unknown, whatever it reports later: that requires the mark.
 */
static bool leaves_doubt(int rc)
{
	return rc != -ENOSPC && rc != -ENOMEM && rc != -EINVAL;
}

/* The mark is written first: a caller that learns of the failure may exit at once. */
static void writer_fail(struct store_writer *writer, int rc, const struct err *why)
{
	if (leaves_doubt(rc)) {
		(void)store_dir_mark(writer->dir, err_text(why));
		rc = -EIO;
	}
	pthread_mutex_lock(&writer->lock);
	writer->failed = rc;
	writer->reason = *why;
	pthread_mutex_unlock(&writer->lock);
	event_signal(writer);
}

/* Waits for items. NULL: the thread has to stop. */
static struct store_item *queue_take(struct store_writer *writer)
{
	struct store_item *items;

	pthread_mutex_lock(&writer->lock);
	while (writer->head == NULL && !writer->stop) {
		pthread_cond_wait(&writer->wake, &writer->lock);
	}
	items = writer->head;
	writer->head = NULL;
	writer->tail = &writer->head;
	pthread_mutex_unlock(&writer->lock);
	return items;
}

static void group_announce(struct store_writer *writer, const struct store_item *items)
{
	pthread_mutex_lock(&writer->lock);
	for (; items != NULL; items = items->next) {
		writer->n--;
		writer->queued_bytes -= items->bytes;
		writer->done = items->persist.sequence;
	}
	pthread_mutex_unlock(&writer->lock);
	event_signal(writer);
}

/* The size of the files is enough while it does not exceed bytes_max. */
static int size_note(struct store_writer *writer, struct err *err)
{
	uint64_t bytes = bytes_on_disk(writer);
	uint64_t used = bytes;
	int rc = bytes > writer->bytes_max ? store_db_used(writer->db, &used, err) : 0;

	pthread_mutex_lock(&writer->lock);
	writer->bytes = bytes;
	writer->used = used;
	pthread_mutex_unlock(&writer->lock);
	return rc;
}

/* The checkpoint follows the announcement, because the log is durable without it. */
static int group_write(struct store_writer *writer, const struct store_item *items, struct err *err)
{
	int rc = store_db_write(writer->db, &writer->state, items, err);

	if (rc < 0) {
		return rc;
	}
	group_announce(writer, items);
	if (writer->db->wal_pages >= STORE_WAL_PAGES) {
		rc = store_db_checkpoint(writer->db, false, err);
	}
	return rc < 0 ? rc : size_note(writer, err);
}

static void *writer_run(void *opaque)
{
	struct store_writer *writer = opaque;
	struct err err = ERR_INIT;
	struct store_item *items;
	int rc = 0;

	while (rc == 0 && (items = queue_take(writer)) != NULL) {
		rc = group_write(writer, items, &err);
		store_item_free(items);
	}
	if (rc < 0) {
		writer_fail(writer, rc, &err);
	}
	return NULL;
}

static int writer_start(struct store_writer *writer, struct err *err)
{
	int rc = thread_start(&writer->thread, writer_run, writer);

	writer->started = rc == 0;
	return rc == 0 ? 0 : err_set(err, -ENOMEM, "cannot start a thread: %s", strerror(-rc));
}

int store_writer_start(struct store_writer *writer, const struct store_dir *dir,
		       struct store_db *db, const struct store_state *state, uint64_t bytes_max,
		       struct err *err)
{
	*writer = (struct store_writer){.dir = dir, .db = db, .state = *state, .event = -1};
	writer->bytes_max = bytes_max;
	writer->tail = &writer->head;
	pthread_mutex_init(&writer->lock, NULL);
	pthread_cond_init(&writer->wake, NULL);
	if (size_note(writer, err) < 0) {
		return -EIO;
	}
	writer->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (writer->event < 0) {
		return err_set(err, -errno, "eventfd: %s", strerror(errno));
	}
	return writer_start(writer, err);
}

/* Clears STORE_IN_USE. Otherwise the next open takes a missing write-ahead log for damage. */
static void state_close(struct store_writer *writer)
{
	struct err err = ERR_INIT;
	int rc;

	writer->state.flags &= ~(uint32_t)STORE_IN_USE;
	rc = store_db_write_state(writer->db, &writer->state, &err);
	rc = rc < 0 ? rc : store_db_checkpoint(writer->db, true, &err);
	if (rc < 0) {
		writer_fail(writer, rc, &err);
	}
}

void store_writer_stop(struct store_writer *writer)
{
	if (writer->started) {
		pthread_mutex_lock(&writer->lock);
		writer->stop = true;
		pthread_cond_signal(&writer->wake);
		pthread_mutex_unlock(&writer->lock);
		pthread_join(writer->thread, NULL);
		if (writer->failed == 0) {
			state_close(writer);
		}
	}
	if (writer->event >= 0) {
		close(writer->event);
	}
	store_item_free(writer->head);
	pthread_cond_destroy(&writer->wake);
	pthread_mutex_destroy(&writer->lock);
}

static int room_check(struct store_writer *writer, const struct core_persist *persist, size_t bytes,
		      struct err *err)
{
	if (writer->n >= STORE_QUEUE_MAX ||
	    (writer->n > 0 && writer->queued_bytes + bytes > STORE_QUEUE_BYTES_MAX)) {
		return err_set(err, -ENOBUFS,
			       "the disk does not keep up: %zu transactions, %zu bytes are waiting",
			       writer->n, writer->queued_bytes);
	}
	if (writer->used > writer->bytes_max && !persist->rebase) {
		return err_set(err, -ENOSPC,
			       "the store holds %" PRIu64 " bytes, the limit is %" PRIu64
			       ": no snapshot has let it cut its log for too long",
			       writer->used, writer->bytes_max);
	}
	/* Each byte is written twice: to the write-ahead log and to the database. */
	return store_dir_room(writer->dir, STORE_ROOM_MIN + 2 * (writer->queued_bytes + bytes),
			      err);
}

static int persist_check(const struct store_writer *writer, const struct core_persist *persist,
			 struct err *err)
{
	if (persist->sequence <= writer->sequence) {
		return err_set(err, -EINVAL, "transaction %" PRIu64 " after %" PRIu64,
			       persist->sequence, writer->sequence);
	}
	if (persist->n_seen > JOURNAL_VOTERS_MAX ||
	    (persist->snapshot != NULL && persist->snapshot_bytes > STORE_SNAPSHOT_BYTES_MAX)) {
		return err_set(err, -EINVAL,
			       "%zu voters, a snapshot of %zu bytes: legal are %d and %u",
			       persist->n_seen, persist->snapshot_bytes, JOURNAL_VOTERS_MAX,
			       STORE_SNAPSHOT_BYTES_MAX);
	}
	return 0;
}

static void item_append(struct store_writer *writer, struct store_item *item)
{
	*writer->tail = item;
	writer->tail = &item->next;
	writer->n++;
	writer->queued_bytes += item->bytes;
	writer->sequence = item->persist.sequence;
	pthread_cond_signal(&writer->wake);
}

static int persist_put(struct store_writer *writer, const struct core_persist *persist,
		       struct err *err)
{
	struct store_item *item;
	int rc = persist_check(writer, persist, err);

	if (rc < 0) {
		return rc;
	}
	item = store_item_new(persist);
	rc = room_check(writer, persist, item->bytes, err);
	if (rc < 0) {
		store_item_free(item);
		return rc;
	}
	item_append(writer, item);
	return 0;
}

int store_writer_put(struct store_writer *writer, const struct core_persist *persist,
		     struct err *err)
{
	int rc;

	pthread_mutex_lock(&writer->lock);
	if (writer->failed < 0) {
		rc = err_set(err, writer->failed, "%s", err_text(&writer->reason));
	} else if (writer->refused < 0) {
		rc = err_set(err, writer->refused,
			     "an earlier transaction was refused: none is accepted after a gap");
	} else {
		rc = writer->refused = persist_put(writer, persist, err);
	}
	pthread_mutex_unlock(&writer->lock);
	return rc;
}

int store_writer_done(struct store_writer *writer, uint64_t *ret_sequence, struct err *err)
{
	uint64_t count;
	int rc;

	/* Drained before `done` is read, so that a later change of `done` signals again. */
	(void)!read(writer->event, &count, sizeof(count));
	pthread_mutex_lock(&writer->lock);
	rc = writer->failed;
	if (rc < 0) {
		err_set(err, rc, "%s", err_text(&writer->reason));
	} else {
		*ret_sequence = writer->done;
	}
	pthread_mutex_unlock(&writer->lock);
	return rc;
}

uint64_t store_writer_bytes(struct store_writer *writer)
{
	uint64_t bytes;

	pthread_mutex_lock(&writer->lock);
	bytes = writer->bytes;
	pthread_mutex_unlock(&writer->lock);
	return bytes;
}
