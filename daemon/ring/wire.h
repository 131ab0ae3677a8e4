/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_WIRE_H
#define LUNMASK_DAEMON_WIRE_H

#include "base/err.h"
#include "core/message.h"

/*
 * Messages as bytes, little-endian, field by field: a body, sealed by an HMAC-SHA-256 over
 * everything in front of it (RFC 2104).
 *
 *	message = "LMJ1" | version 4 | length 4 | nonce 8 | sequence 8 | body | HMAC 32
 *	body = kind 1 | flags 4 | cluster 16 | from 4 | disk 16 | boot 8 | to 4 | ballot 12 | fields
 *
 * length is the whole message's. Which fields a kind has is one table, and one walk over it both
 * writes and reads. What a message says beyond it (a field that its kind does not have, an unknown
 * flag, bytes behind the end) is refused on both sides, so that a body has one form only.
 *
 * A receiver drops what is of another version, length or key, what says to be from another node
 *than the one that the transport names, and what it has had before. Clusters it does not tell
 * apart: a blank node has none yet, so that is the core's to judge.
 *
 *	wire_key_load(path, &key, &err);
 *	wire_sender_init(&sender);
 *	n = wire_encode(&message, &key, &sender, buffer);      send it; in this order
 *	wire_decode(data, bytes, node, &key, &receiver, entries, &message);
 */
#define WIRE_BYTES_MAX (64 * 1024)
#define WIRE_HMAC_BYTES 32
#define WIRE_SEAL_BYTES (4 + 4 + 4 + 8 + 8) /* in front of the body */
#define WIRE_BODY_MAX (WIRE_BYTES_MAX - WIRE_SEAL_BYTES - WIRE_HMAC_BYTES)
#define WIRE_KEY_BYTES_MIN 32
#define WIRE_KEY_BYTES_MAX 4096

struct wire_key {
	uint8_t bytes[WIRE_KEY_BYTES_MAX];
	size_t n;
};

/*
 * A regular file, no link, of WIRE_KEY_BYTES_MIN.. random bytes, owned by us, mode 0600 or less.
 * -EPERM for any other; -ENOENT and other errors of open(2) and read(2).
 */
int wire_key_load(const char *path, struct wire_key *ret, struct err *err);
void wire_key_wipe(struct wire_key *key);

/* What this process puts into its seals. */
struct wire_sender {
	uint64_t nonce;    /* random, once a process */
	uint64_t sequence; /* of the last message */
};

/* 0 or -errno of getrandom(2). */
int wire_sender_init(struct wire_sender *ret);

/* Bytes used; -EMSGSIZE: too long or too many; -EINVAL: not a message (nothing is used up). */
int wire_encode(const struct message *message, const struct wire_key *key,
		struct wire_sender *sender, uint8_t buffer[WIRE_BYTES_MAX]);

/*
 * What was seen of the others' seals: a row per (node, disk). Zero-initialise.
 *
 * Who has no key can still send again what it recorded, as the node it runs on. A message is new if
 * its boot is higher than its row's, or if boot and nonce are the row's and its sequence is
 * higher. The store counts the boots, so a recording of an earlier process is refused; the
 * same boot under another nonce is a store set back or used twice, and refused too (it hears from
 * the others' `seen` what it is). A new disk has a row of its own and begins at boot 1.
 *
 * When all rows are taken, the node that has the most, the new row counted, loses the one not
 * heard of for the longest time. A row comes from a message sealed by the key, so without it a node
 * gets no more rows than it really had disks, and what it gains others lose only down to its own
 * number: while there are no more than WIRE_SENDERS_MAX / 2 nodes, each keeps two.
 *
 * A receiver that was just started takes a recording for new until it hears from that disk itself.
 * That is a late message, as the network may bring: the core lives with those.
 */
#define WIRE_SENDERS_MAX 64
struct wire_peer {
	uint32_t node;
	struct id128 disk;
	uint64_t boot;
	uint64_t nonce;
	uint64_t sequence;
	uint64_t heard; /* wire_receiver.clock when it was last heard of */
};

struct wire_receiver {
	struct wire_peer peer[WIRE_SENDERS_MAX];
	size_t n;
	uint64_t clock; /* messages taken */
	struct {
		uint64_t foreign; /* wrong magic, version or length */
		uint64_t forged;  /* wrong HMAC or node */
		uint64_t replayed;
		uint64_t malformed; /* sealed by the right key, and yet not a message */
	} dropped;
};

/*
 * ret points into data and into entries (n_entries of MESSAGE_ENTRIES_MAX). from is what the
 * transport says. 0 or -EBADMSG (counted in receiver->dropped).
 */
int wire_decode(const uint8_t *data, size_t bytes, uint32_t from, const struct wire_key *key,
		struct wire_receiver *receiver, struct entry entries[MESSAGE_ENTRIES_MAX],
		struct message *ret);

/* The part between the seal and the HMAC: bytes used, -EMSGSIZE or -EINVAL. */
int wire_body_encode(const struct message *message, uint8_t *buffer, size_t room);
/* 0 or -EBADMSG. What it takes, wire_body_encode() gives back byte by byte. */
int wire_body_decode(const uint8_t *data, size_t bytes, struct entry entries[MESSAGE_ENTRIES_MAX],
		     struct message *ret);

#endif
