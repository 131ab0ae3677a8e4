/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_MESSAGE_H
#define LUNMASK_DAEMON_MESSAGE_H

#include "core/types.h"

/*
 * The messages between the cores. Every message is multicast; `to` names the only node that it
 * concerns, or 0. A message may be lost, repeated, late or out of order: only speed depends on the
 * transport. See docs/journal.md.
 */
enum message_kind {
	MESSAGE_HELLO = 1, /* flags, seen: presence */
	MESSAGE_PREPARE,   /* ballot, seen: asks for a promise */
	MESSAGE_STATE,     /* ballot, position, chain, seen: promised durably; request: the disk
			      addressed, because two nodes may share an id by mistake */
	MESSAGE_FETCH,     /* ballot, position, chain: end of my log; index: wanted if you lack that
			      entry; offset, total: of the snapshot that ends at total */
	MESSAGE_ENTRIES,   /* reply: ballot, previous, chain, entries; index: messages of this reply
			      that follow */
	MESSAGE_SNAPSHOT, /* reply: ballot, position, chain, offset, total, blob; index: likewise */
	MESSAGE_APPEND,   /* from the sequencer: ballot, previous, chain, entries */
	MESSAGE_ACK,      /* ballot, position, chain: durable here up to position */
	MESSAGE_REQUEST,  /* to the sequencer: ballot, request, blob */
	MESSAGE_BARRIER,  /* ballot, nonce: is your promise still this ballot? */
	MESSAGE_ECHO,     /* ballot, nonce, position: yes, and my log ends there */
	MESSAGE_FAILED,   /* my store failed: do not count me any more */
	MESSAGE_KIND_MAX
};

const char *message_kind_to_str(enum message_kind kind);

/* What a node remembers of another, which can thus detect that its disk was reset. */
struct seen {
	uint32_t node;
	struct id128 disk;
	uint64_t boot;
	struct position acked;
};

/* Is a newer state of that disk remembered than `said`? */
bool seen_exceeds(const struct seen *seen, size_t n, const struct seen *said);

#define MESSAGE_ENTRIES_MAX 256
/* Limit for the entries of APPEND or ENTRIES with their headers, and for a part of a snapshot. */
#define MESSAGE_PAYLOAD_MAX (62 * 1024)
/* Size of an entry on the wire without its data: index, ballot, kind, request, chain, bytes. */
#define MESSAGE_ENTRY_OVERHEAD (8 + 12 + 1 + 16 + 16 + 4)

enum message_flags {
	MESSAGE_BLANK = 1u << 0, /* HELLO: my store was never written */
};

struct message {
	enum message_kind kind;
	uint32_t flags;

	/* The sender: set by its core, checked by the receiver's transport. */
	struct id128 cluster; /* zero: not in a cluster yet */
	uint32_t from;
	struct id128 disk;
	uint64_t boot; /* number of times that this store was opened */
	uint32_t to;   /* 0: all */

	struct ballot ballot;     /* that the message refers to */
	struct position position; /* of the sender's durable log, or see above */
	struct position previous; /* before the first entry */
	struct id128 chain;       /* at position, or at previous if that is used */
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
