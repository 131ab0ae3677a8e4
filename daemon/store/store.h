/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_STORE_H
#define LUNMASK_DAEMON_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/core.h"

/*
 * The journal's durable half: one SQLite database, one connection, WAL, synchronous=FULL, held
 * exclusively. Transactions are written by a thread of their own, in order, several under one fsync
 * when they have gathered; nothing here blocks the caller but opening and closing.
 *
 *	store_open(directory, &options, &store, &history, &err);   checks everything, counts the
 *boot store_durable(store)                          what core_new() wants store_persist(store,
 *&persist);               copies, enqueues poll store_fd(store); store_done(store, &sequence);
 *	store_close(store);
 *
 * An error of the disk is for ever: after it nothing is written or said to be durable any more
 * (store_done() is -EIO), and a mark is left, if the disk takes it, that makes the next
 * store_open() put the old file aside and begin a new one with a new disk uuid. So does a store
 * that fails its checks. Files are 0600 and the directory 0700: anything wider is refused.
 *
 * A full disk, and what the store was refused by store_persist(), is for ever too in this process,
 * but leaves no mark: all that was announced is there, so the next store_open() goes on with it. It
 * is met early, while the file system still has STORE_ROOM_MIN left. The log is SQLite's WAL,
 * never longer than 4 MiB and what one group of transactions writes.
 *
 * -EAGAIN: another process has it open. -EPERM: owner or mode. -EIO: the disk. -ENOSPC.
 * -ENOTSUP: a newer lunmaskd wrote it. -ENOMEM. Otherwise what open(2) says of the directory.
 */
#define STORE_ROOM_MIN (UINT64_C(16) << 20)
#define STORE_BYTES_MAX (UINT64_C(512) << 20)

struct store;

struct store_options {
	bool make_new;      /* put aside whatever is there: this disk was set back */
	uint64_t bytes_max; /* of log and snapshot; 0: STORE_BYTES_MAX */
};

enum store_history { STORE_OLD, STORE_NEW, STORE_REPLACED };

/* *ret_history: REPLACED says that an old file was put aside, err then says why and where it is. */
int store_open(const char *directory, const struct store_options *options, struct store **ret,
	       enum store_history *ret_history, struct err *err);
void store_close(struct store *store); /* writes what is queued; NULL is fine */

const struct id128 *store_disk(const struct store *store);
uint64_t store_boot(const struct store *store);
/* Valid until the first store_persist(). */
const struct core_durable *store_durable(const struct store *store);

/*
 * -EIO after a failure. -ENOBUFS when STORE_QUEUE_MAX transactions wait, -ENOSPC when the file
 * system has less than STORE_ROOM_MIN left or the store holds bytes_max (and this one does not cut
 * the log), -EINVAL, -ENOMEM: this one is not taken, and none after it: what was taken before is
 * still written and announced.
 */
#define STORE_QUEUE_MAX 1024
int store_persist(struct store *store, const struct core_persist *persist, struct err *err);

/* Readable when store_done() has something new to say. */
int store_fd(const struct store *store);
/*
 * The highest sequence that is durable; 0: none yet. Negative for ever once writing has failed,
 * with the reason: -EIO the disk, -ENOSPC, -ENOMEM, -EINVAL a transaction that contradicts the
 * store: a log with a gap, a chain hash that does not continue it, a promise taken back.
 */
int store_done(struct store *store, uint64_t *ret_sequence, struct err *err);

/* Bytes on disk, and transactions not yet durable. */
uint64_t store_bytes(struct store *store);
size_t store_queued(struct store *store);

/* What a store holds, for people; see store_check(). */
struct store_report {
	struct id128 disk;
	uint64_t boot;
	bool closed; /* it was closed in order: not by a crash */
	bool failed; /* the mark is there: it will be put aside */
	uint64_t bytes;
	struct position last;
	struct core_durable durable;
	struct store_content *content; /* what durable points into */
};

/*
 * Reads the store of a lunmaskd that is down, with all the checks of store_open(), and changes
 * nothing: a copy is made in the directory for temporary files and looked at.
 * -EAGAIN: lunmaskd is up. -ENOENT: no store. -EBADMSG: damaged, err says where. Else as
 * store_open().
 */
int store_check(const char *directory, struct store_report *ret, struct err *err);
void store_report_release(struct store_report *report);

#endif
