/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_WIRE_H
#define LUNMASK_DAEMON_WIRE_H

#include "err.h"
#include "message.h"

/*
 * Messages as bytes, little-endian, field by field: magic, version, length, kind, then the
 * fields that the kind has (one table row each), sealed by an HMAC-SHA-256 over everything.
 *
 *	seal = magic "LMJ1" | version | kind | length | sender's boot nonce | sequence | ... | HMAC
 *
 * A receiver drops what is of another version, length, key or cluster, what says to be
 * from another node than the one that the transport names, and what it has had before (the
 * sequence per sender and boot nonce only grows).
 */
#define WIRE_BYTES_MAX (64 * 1024)
#define WIRE_KEY_BYTES_MIN 32
#define WIRE_KEY_BYTES_MAX 4096

struct wire_key {
	uint8_t bytes[WIRE_KEY_BYTES_MAX];
	size_t n;
};

/* File of WIRE_KEY_BYTES_MIN.. random bytes, owned by us, mode 0600 or less. -EPERM otherwise. */
int wire_key_load(const char *path, struct wire_key *ret, struct err *err);
void wire_key_wipe(struct wire_key *key);

/* What this process puts into its seals. */
struct wire_sender {
	uint64_t nonce;    /* random, once a process */
	uint64_t sequence; /* of the last message */
};

/* Bytes used, or -EMSGSIZE. */
int wire_encode(const struct message *message, const struct wire_key *key,
		struct wire_sender *sender, uint8_t buffer[WIRE_BYTES_MAX]);

/* What was seen of the others' seals. Zero-initialise. */
#define WIRE_SENDERS_MAX 64
struct wire_receiver {
	struct {
		uint32_t node;
		uint64_t nonce;
		uint64_t sequence;
		uint64_t boot;
	} sender[WIRE_SENDERS_MAX];
	size_t n;
	struct {
		uint64_t foreign;   /* wrong magic, version or length */
		uint64_t forged;    /* wrong HMAC or node */
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

/* The part behind the seal's check, for fuzzing: 0 or -EBADMSG. */
int wire_body_decode(const uint8_t *data, size_t bytes, struct entry entries[MESSAGE_ENTRIES_MAX],
		     struct message *ret);

#endif
