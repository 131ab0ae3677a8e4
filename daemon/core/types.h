/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_TYPES_H
#define LUNMASK_DAEMON_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id128.h"

/*
 * The journal's values: ballots, entries, voters. No I/O.
 *
 * A voter is a corosync node id *and* a disk: the UUID that the store got when it was created.
 * After its store was lost or restored from a copy, a node is another voter.
 */
#define JOURNAL_VOTERS_MAX 32
#define JOURNAL_ENTRY_BYTES_MAX (60 * 1024)

/* The right of one node to order entries. Compared by counter, then by node. */
struct ballot {
	uint64_t counter; /* 0: none */
	uint32_t node;    /* corosync node id of the sequencer */
};

/* <0, 0, >0 */
int ballot_compare(struct ballot a, struct ballot b);

/* The end of a log. The better log has the higher ballot, or the same and the higher index. */
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
	struct voter voter[JOURNAL_VOTERS_MAX]; /* ascending by node */
};

/* Index of the voter, or -1. disk NULL: any disk of the node. */
int voters_find(const struct voters *voters, uint32_t node, const struct id128 *disk);
size_t voters_majority(const struct voters *voters);

/* Both keep the order. add: false if the list is full or has the node, with any disk. */
bool voters_add(struct voters *voters, const struct voter *voter);
void voters_remove(struct voters *voters, size_t at);

enum entry_kind {
	ENTRY_VIEW = 1,    /* the first of its ballot; no data */
	ENTRY_VOTERS = 2,  /* data: voters_encode() */
	ENTRY_REQUEST = 3, /* data: the client's request */
};

struct entry {
	uint64_t index; /* 1.. */
	struct ballot ballot;
	enum entry_kind kind;
	struct id128 request; /* zero unless ENTRY_REQUEST */
	struct id128 chain;   /* over the whole log up to here */
	uint32_t bytes;       /* 0..JOURNAL_ENTRY_BYTES_MAX */
	const uint8_t *data;  /* owner: see the function or struct */
};

/* Chain hash of entry after a log whose chain is previous. Does not read entry->chain. */
struct id128 entry_chain(const struct id128 *previous, const struct entry *entry);

#define VOTERS_BYTES_MAX (4 + JOURNAL_VOTERS_MAX * (4 + ID128_BYTES))
size_t voters_encode(const struct voters *voters, uint8_t *ret);
/* 0 or -EBADMSG, which includes a list out of order. */
int voters_decode(const uint8_t *data, size_t bytes, struct voters *ret);

#endif
