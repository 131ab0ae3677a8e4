/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_STORE_H
#define LUNMASK_DAEMON_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/core.h"

/*
 * The durable part of the journal: one SQLite database, used through one connection that locks it
 * exclusively, in WAL mode with synchronous=FULL. A separate thread writes the transactions in
 * their order. It writes all transactions that have gathered meanwhile under one fsync. Only
 * store_open() and store_close() block the caller.
 *
 *	store_open(directory, &options, &store, &history, &err);
 *	                                     checks everything, counts the boot
 *	store_durable(store)                 the state that core_new() starts from
 *	store_persist(store, &persist);      copies the transaction and queues it
 *	poll store_fd(store);
 *	store_done(store, &sequence);        which transactions are durable
 *	store_close(store);
 *
 * The store owns the copies that it makes; the caller owns the arguments.
 *
 * A disk error is permanent. After it the store writes nothing and reports nothing as durable:
 * store_done() returns -EIO. If the disk still allows it, the store leaves a mark. The next
 * store_open() that finds the mark puts the old database aside and creates a new one with a new
 * disk uuid. It does the same with a database that fails its checks. Files have mode 0600 and the
 * directory has mode 0700; wider modes are refused.
 *
 * A full disk, or a transaction that store_persist() refused, also stops the store until the
 * process ends, but leaves no mark. Everything that was reported as durable is on disk, so the next
 * store_open() continues with that database. The store stops early, when the file system has less
 * than STORE_ROOM_MIN left. The log is SQLite's WAL. It is never longer than 4 MiB plus one group
 * of transactions.
 *
 * -EAGAIN: another process has the store open. -EPERM: wrong owner or mode. -EIO: disk error.
 * -ENOSPC: less than STORE_ROOM_MIN is left. -ENOTSUP: a newer lunmaskd wrote the store. -ENOMEM.
 * Otherwise the error of open(2) for the directory.
 */
#define STORE_ROOM_MIN (UINT64_C(16) << 20)
#define STORE_BYTES_MAX (UINT64_C(512) << 20)

struct store;

struct store_options {
	bool make_new;      /* put an existing store aside: its disk was set back */
	uint64_t bytes_max; /* limit for log and snapshot; 0: STORE_BYTES_MAX */
};

enum store_history { STORE_OLD, STORE_NEW, STORE_REPLACED };

/* STORE_OLD; STORE_NEW: none existed; STORE_REPLACED: put aside, err has reason and old name. */
int store_open(const char *directory, const struct store_options *options, struct store **ret,
	       enum store_history *ret_history, struct err *err);
void store_close(struct store *store); /* writes the queued transactions first; NULL is allowed */

const struct id128 *store_disk(const struct store *store);
uint64_t store_boot(const struct store *store);
/* Valid until the first store_persist(). */
const struct core_durable *store_durable(const struct store *store);

/*
 * 0, or one of:
 *
 * - -EIO: after a failure of the disk; after any other failure the error of that failure.
 * - -ENOBUFS: STORE_QUEUE_MAX transactions, or too many bytes of them, are waiting.
 * - -ENOSPC: the file system has less than STORE_ROOM_MIN left in addition to the space for the
 *   queued transactions, or the store holds bytes_max and this transaction does not truncate the
 *   log (rebase).
 * - -EINVAL: the sequence does not increase, or there are too many voters or too large a snapshot.
 *
 * A refused transaction is not queued, and no later one is accepted. The transactions that were
 * accepted before are still written and reported.
 */
#define STORE_QUEUE_MAX 1024
int store_persist(struct store *store, const struct core_persist *persist, struct err *err);

/* Readable when store_done() has a new result. */
int store_fd(const struct store *store);
/*
 * The highest sequence that is durable; 0: none yet. After a failed write it is negative for good,
 * and err gives the reason: -EIO: disk error; -ENOSPC; -ENOMEM; -EINVAL: a transaction contradicts
 * the store (a gap in the log, a chain hash that does not continue the chain, or a lower promised
 * ballot).
 */
int store_done(struct store *store, uint64_t *ret_sequence, struct err *err);

/* Bytes on disk. */
uint64_t store_bytes(struct store *store);

/* The contents of a store, for display; see store_check(). */
struct store_report {
	struct id128 disk;
	uint64_t boot;
	bool closed; /* it was closed by store_close(), not left by a crash */
	bool failed; /* the mark is present: the next store_open() puts the store aside */
	uint64_t bytes;
	struct position last;
	struct core_durable durable;
	struct store_content *content; /* durable points into this */
};

/*
 * Reads the store of a stopped lunmaskd with all the checks of store_open(). It changes nothing: it
 * copies the database into the directory for temporary files and reads the copy. The caller
 * releases ret after 0.
 *
 * -EAGAIN: lunmaskd is running. -ENOENT: there is no store. -EBADMSG: the store is damaged, err
 * says where. Otherwise as store_open().
 */
int store_check(const char *directory, struct store_report *ret, struct err *err);
void store_report_release(struct store_report *report);

#endif
