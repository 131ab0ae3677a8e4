/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_STORE_WRITER_H
#define LUNMASK_DAEMON_STORE_WRITER_H

#include <pthread.h>

#include "store/store_db.h"
#include "store/store_dir.h"

/*
 * The writer thread and its queue. The thread takes all waiting transactions at once and writes
 * them as one SQLite transaction. While it runs, only it may use the database.
 *
 *	store_writer_start(&writer, &dir, &db, &state, ...)
 *	store_writer_put(), store_writer_done(); writer->event is readable when done has changed
 *	store_writer_stop(&writer)      writes the queued transactions, marks the store as closed
 *
 * The caller owns dir and db, which must stay valid until store_writer_stop(). The writer copies
 * state and the transactions. store_writer_stop() must be called even if store_writer_start()
 * failed. Errors are those of store_persist() and store_done() in store.h.
 */
struct store_writer {
	const struct store_dir *dir;
	struct store_db *db;
	struct store_state state; /* used by the thread only */
	uint64_t bytes_max;
	pthread_t thread;
	bool started;
	int event;

	pthread_mutex_t lock; /* protects all fields below */
	pthread_cond_t wake;
	struct store_item *head;
	struct store_item **tail;
	size_t n; /* number of items queued or being written */
	size_t queued_bytes;
	bool stop;
	int failed;        /* -errno; permanent */
	int refused;       /* -errno; permanent, because a later transaction would leave a gap */
	uint64_t sequence; /* of the last transaction queued */
	struct err reason;
	uint64_t done;
	uint64_t bytes; /* on disk */
	uint64_t used;  /* of these, in use; equal to bytes up to bytes_max */
};

/* Limit for the waiting transactions in memory. A single transaction may be larger. */
#define STORE_QUEUE_BYTES_MAX ((size_t)256 << 20)

int store_writer_start(struct store_writer *writer, const struct store_dir *dir,
		       struct store_db *db, const struct store_state *state, uint64_t bytes_max,
		       struct err *err);
void store_writer_stop(struct store_writer *writer);

int store_writer_put(struct store_writer *writer, const struct core_persist *persist,
		     struct err *err);
int store_writer_done(struct store_writer *writer, uint64_t *ret_sequence, struct err *err);
uint64_t store_writer_bytes(struct store_writer *writer);

#endif
