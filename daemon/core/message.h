/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_MESSAGE_H
#define LUNMASK_DAEMON_MESSAGE_H

#include "core/types.h"

/*
 * What the nodes' cores tell each other. Every message is multicast; `to` names the only node that
 * it concerns, or 0. Any of them may be lost, repeated, late or out of order: nothing but
 * speed depends on the transport. See docs/journal.md.
 */
enum message_kind {
	MESSAGE_HELLO = 1, /* here I am: flags, seen */
	MESSAGE_PREPARE,   /* ballot, seen: promise me */
	MESSAGE_STATE,     /* ballot, position, chain, seen: promised durably; request: to
			      that disk, for by mistake two nodes can have one id */
	MESSAGE_FETCH,     /* ballot, position, chain: what I have; index: wanted if that is not
			      yours too; offset, total: of the snapshot that ends at total */
	MESSAGE_ENTRIES,   /* reply: ballot, previous, chain, entries; index: messages of this
			      reply still to come */
	MESSAGE_SNAPSHOT,  /* reply: ballot, position, chain, offset, total, blob; index as above */
	MESSAGE_APPEND,    /* the sequencer's: ballot, previous, chain, entries */
	MESSAGE_ACK,       /* ballot, position, chain: durable here up to it */
	MESSAGE_REQUEST,   /* to the sequencer: ballot, request, blob */
	MESSAGE_BARRIER,   /* ballot, nonce: is it still the one you promised? */
	MESSAGE_ECHO,      /* ballot, nonce, position: it is, and so far goes my log */
	MESSAGE_FAILED,    /* my store failed: do not count on me any more */
	MESSAGE_KIND_MAX
};

const char *message_kind_to_str(enum message_kind kind);

/* What a node remembers of another, for it to find out that its disk was set back. */
struct seen {
	uint32_t node;
	struct id128 disk;
	uint64_t boot;
	struct position acked;
};

/* Is more remembered of that disk than it says itself? */
bool seen_exceeds(const struct seen *seen, size_t n, const struct seen *said);

#define MESSAGE_ENTRIES_MAX 256
/* Sum of an APPEND's or ENTRIES' entries with their headers; and of a snapshot's part. */
#define MESSAGE_PAYLOAD_MAX (62 * 1024)
/* One entry on the wire without its data: index, ballot, kind, request, chain, bytes. */
#define MESSAGE_ENTRY_OVERHEAD (8 + 12 + 1 + 16 + 16 + 4)

enum message_flags {
	MESSAGE_BLANK = 1u << 0, /* HELLO: my store was never written */
};

struct message {
	enum message_kind kind;
	uint32_t flags;

	/* Who: filled in by the sender's core, checked by the receiver's transport. */
	struct id128 cluster; /* zero: not a member of a cluster yet */
	uint32_t from;
	struct id128 disk;
	uint64_t boot; /* how often this store was opened */
	uint32_t to;   /* 0: all */

	struct ballot ballot;     /* what the message is about */
	struct position position; /* of the sender's durable log, or as said above */
	struct position previous; /* what the first entry follows */
	struct id128 chain;       /* at position, or at previous where there is one */
	uint64_t index;
	uint64_t nonce;
	struct id128 request;

	uint64_t offset;
	uint64_t total;
	const uint8_t *blob;
	uint32_t blob_bytes;

	const struct entry *entries;
	size_t n_entries;
	struct seen seen[JOURNAL_VOTERS_MAX];
	size_t n_seen;
};

#endif
