/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_TYPES_H
#define LUNMASK_DAEMON_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id128.h"

/*
 * What the replicated journal is made of: ballots, entries, voters. Plain values; no I/O.
 *
 * A node is known by its corosync node id *and* by its disk: the uuid that its store got when it
 * was made. A node whose store was lost or restored from a copy is another voter.
 */
#define JOURNAL_VOTERS_MAX 32
#define JOURNAL_ENTRY_BYTES_MAX (60 * 1024)

/* Who may put entries in order, and since when. Ordered by counter, then by node. */
struct ballot {
	uint64_t counter; /* 0: none */
	uint32_t node;    /* corosync node id of the sequencer */
};

/* <0, 0, >0 */
int ballot_compare(struct ballot a, struct ballot b);

/* How far a log goes. The better log has the later ballot; with equal ballots, the higher index. */
struct position {
	struct ballot ballot; /* of the entry at index */
	uint64_t index;       /* 0: empty */
};

int position_compare(struct position a, struct position b);

struct voter {
	uint32_t node;
	struct id128 disk;
};

struct voters {
	size_t n;
	struct voter voter[JOURNAL_VOTERS_MAX]; /* by node, ascending */
};

/* Index of the voter, or -1. With disk NULL any disk of the node. */
int voters_find(const struct voters *voters, uint32_t node, const struct id128 *disk);
size_t voters_majority(const struct voters *voters);

/* Keeps the order. add: false when it is full or the node is there with any disk. */
bool voters_add(struct voters *voters, const struct voter *voter);
void voters_remove(struct voters *voters, size_t at);

enum entry_kind {
	ENTRY_VIEW = 1,    /* the first of its ballot; no data */
	ENTRY_VOTERS = 2,  /* data: voters_encode() */
	ENTRY_REQUEST = 3, /* data: what a client asked for */
};

struct entry {
	uint64_t index; /* 1.. */
	struct ballot ballot;
	enum entry_kind kind;
	struct id128 request; /* zero unless ENTRY_REQUEST */
	struct id128 chain;   /* of the whole log up to here */
	uint32_t bytes;       /* 0..JOURNAL_ENTRY_BYTES_MAX */
	const uint8_t *data;  /* owned by whoever says so */
};

/* The chain hash of entry (its .chain is not read) behind a log that ends in previous. */
struct id128 entry_chain(const struct id128 *previous, const struct entry *entry);

#define VOTERS_BYTES_MAX (4 + JOURNAL_VOTERS_MAX * (4 + ID128_BYTES))
size_t voters_encode(const struct voters *voters, uint8_t *ret);
/* 0 or -EBADMSG: also for a list out of order. */
int voters_decode(const uint8_t *data, size_t bytes, struct voters *ret);

#endif
