/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_STORE_H
#define LUNMASK_DAEMON_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "core.h"
#include "err.h"

/*
 * The journal's durable half: one SQLite database, one connection, WAL, synchronous=FULL, held
 * exclusively. Transactions are written by a thread of their own, in order, several under one fsync when
 * they have gathered; nothing here blocks the caller but opening and closing.
 *
 *	store_open(path, &options, &store, &err);     checks everything, counts the boot
 *	store_durable(store)                          what core_new() wants
 *	store_persist(store, &persist);               copies, enqueues
 *	poll store_fd(store); store_done(store, &sequence);
 *	store_close(store);
 *
 * An error of the disk is for ever: after it nothing is written or said to be durable any more
 * (store_done() is -EIO), and a mark is left, if the disk takes it, that makes the next
 * store_open() put the old file aside and begin a new one with a new disk uuid. So does a store
 * that fails its checks. Files are 0600 and the directory 0700: anything wider is refused.
 *
 * -EAGAIN: another process has it open. -EPERM: owner or mode. -EIO: the disk. -ENOSPC.
 */
struct store;

struct store_options {
	bool make_new; /* put aside whatever is there: this disk was set back */
};

enum store_history { STORE_OLD, STORE_NEW, STORE_REPLACED };

/* *ret_history: REPLACED says that an old file was put aside, err then says why and where it is. */
int store_open(const char *directory, const struct store_options *options, struct store **ret,
	       enum store_history *ret_history, struct err *err);
void store_close(struct store *store); /* writes what is queued; NULL is fine */

const struct journal_id *store_disk(const struct store *store);
uint64_t store_boot(const struct store *store);
/* Valid until the first store_persist(). */
const struct core_durable *store_durable(const struct store *store);

/* -EIO after a failure, -ENOBUFS when STORE_QUEUE_MAX transactions wait. */
#define STORE_QUEUE_MAX 1024
int store_persist(struct store *store, const struct core_persist *persist, struct err *err);

/* Readable when store_done() has something new to say. */
int store_fd(const struct store *store);
/* The highest sequence that is durable. 0, or -EIO with the reason. */
int store_done(struct store *store, uint64_t *ret_sequence, struct err *err);

/* Bytes on disk, and transactions not yet durable. */
uint64_t store_bytes(const struct store *store);
size_t store_queued(const struct store *store);

#endif
