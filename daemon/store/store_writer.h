/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_STORE_WRITER_H
#define LUNMASK_DAEMON_STORE_WRITER_H

#include <pthread.h>

#include "store/store_db.h"
#include "store/store_dir.h"

/*
 * The thread that writes, and its queue. It takes all that waits at once and makes one SQLite
 * transaction of it. It alone uses the database while it runs.
 *
 *	store_writer_start(&writer, &dir, &db, &state)
 *	store_writer_put(), store_writer_done(); writer->event is readable when done has news
 *	store_writer_stop(&writer)      writes what is queued, marks the store as closed
 */
struct store_writer {
	const struct store_dir *dir;
	struct store_db *db;
	struct store_state state; /* the thread's */
	uint64_t bytes_max;
	pthread_t thread;
	bool started;
	int event;

	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t wake;
	struct store_item *head;
	struct store_item **tail;
	size_t n; /* with those that are being written */
	size_t queued_bytes;
	bool stop;
	int failed;        /* -errno; for ever */
	int refused;       /* the same: a later transaction would leave a gap */
	uint64_t sequence; /* of the last one put */
	struct err reason;
	uint64_t done;
	uint64_t bytes; /* on disk */
	uint64_t used;  /* of these, by content */
};

/* The transactions that wait, in memory; one alone may be longer. */
#define STORE_QUEUE_BYTES_MAX ((size_t)256 << 20)

int store_writer_start(struct store_writer *writer, const struct store_dir *dir,
		       struct store_db *db, const struct store_state *state, uint64_t bytes_max,
		       struct err *err);
void store_writer_stop(struct store_writer *writer);

int store_writer_put(struct store_writer *writer, const struct core_persist *persist,
		     struct err *err);
int store_writer_done(struct store_writer *writer, uint64_t *ret_sequence, struct err *err);
size_t store_writer_queued(struct store_writer *writer);
uint64_t store_writer_bytes(struct store_writer *writer);

#endif
