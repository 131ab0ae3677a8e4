/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_WIRE_H
#define LUNMASK_DAEMON_WIRE_H

#include "base/err.h"
#include "core/message.h"

/*
 * The encoding of messages: little-endian, field by field. A body is authenticated by an
 * HMAC-SHA-256 over everything before the HMAC (RFC 2104).
 *
 *	message = "LMJ1" | version 4 | length 4 | nonce 8 | sequence 8 | body | HMAC 32
 *	body = kind 1 | flags 4 | cluster 16 | from 4 | disk 16 | boot 8 | to 4 | ballot 12 | fields
 *
 * length is that of the whole message. One table says which fields a kind has, and the same code
 * walks it to write and to read. Both sides refuse a message that contains anything else: a field
 * that its kind does not have, an unknown flag, or bytes after the end. A body therefore has
 * exactly one encoding.
 *
 * A receiver drops a message that has another version, length or key, that names a sender other
 * than the node that the transport reports, or that it has received before. It does not check the
 * cluster's uuid: a blank node does not have one yet, so the core judges that.
 *
 *	wire_key_load(path, &key, &err);
 *	wire_sender_init(&sender);
 *	n = wire_encode(&message, &key, &sender, buffer);      send it; in this order
 *	wire_decode(data, bytes, node, &key, &receiver, entries, &message);
 *	wire_key_wipe(&key);
 *
 * The caller owns all structs and buffers. Nothing is allocated.
 */
#define WIRE_BYTES_MAX (64 * 1024)
#define WIRE_HMAC_BYTES 32
#define WIRE_SEAL_BYTES (4 + 4 + 4 + 8 + 8) /* header before the body */
#define WIRE_BODY_MAX (WIRE_BYTES_MAX - WIRE_SEAL_BYTES - WIRE_HMAC_BYTES)
#define WIRE_KEY_BYTES_MIN 32
#define WIRE_KEY_BYTES_MAX 4096

struct wire_key {
	uint8_t bytes[WIRE_KEY_BYTES_MAX];
	size_t n;
};

/*
 * Loads the key. The file must be a regular file, not a symbolic link, with WIRE_KEY_BYTES_MIN to
 * WIRE_KEY_BYTES_MAX random bytes, owned by the user of this process, with mode 0600 or less.
 * -EPERM if it is not; -ENOENT and other errors of open(2) and read(2).
 */
int wire_key_load(const char *path, struct wire_key *ret, struct err *err);
void wire_key_wipe(struct wire_key *key);

/* The nonce and sequence number that this process puts into its messages. */
struct wire_sender {
	uint64_t nonce;    /* random, chosen once for each process */
	uint64_t sequence; /* of the last message */
};

/* 0 or -errno of getrandom(2). */
int wire_sender_init(struct wire_sender *ret);

/*
 * Returns the bytes used. -EMSGSIZE: the message, or a list in it, is too long. -EINVAL: not a
 * legal message. After an error no sequence number has been used.
 */
int wire_encode(const struct message *message, const struct wire_key *key,
		struct wire_sender *sender, uint8_t buffer[WIRE_BYTES_MAX]);

/*
 * The last message seen from each sender: one row for each (node, disk). Zero-initialise it.
 *
 * An attacker without the key can still send recorded messages again, as the node that it runs on.
 * A message is new if its boot is higher than that of its row, or if its boot and nonce equal those
 * of the row and its sequence is higher. The store counts the boots, so recorded messages of an
 * earlier process are refused. The same boot with another nonce means that a store was set back or
 * is used twice; such a message is refused too. (That node learns of the problem from the `seen` of
 * the other nodes.) A new disk gets a new row and starts at boot 1.
 *
 * When all rows are in use, the node with the most rows, including the new one, loses the row that
 * was not heard of for the longest time. A row is only created by a message that is authenticated
 * by the key. Without the key a node therefore gets no more rows than it really had disks, and
 * other nodes lose rows to it only down to its own number of rows. With at most WIRE_SENDERS_MAX /
 * 2 nodes, each node keeps two rows.
 *
 * A receiver that was just started accepts a recorded message as new until it hears from that disk
 * itself. To the core that is a late message, which the network may deliver too, and which the core
 * tolerates.
 */
#define WIRE_SENDERS_MAX 64
struct wire_peer {
	uint32_t node;
	struct id128 disk;
	uint64_t boot;
	uint64_t nonce;
	uint64_t sequence;
	uint64_t heard; /* wire_receiver.clock at the last message from this row */
};

struct wire_receiver {
	struct wire_peer peer[WIRE_SENDERS_MAX];
	size_t n;
	uint64_t clock; /* number of messages accepted */
	struct {
		uint64_t foreign; /* wrong magic, version or length */
		uint64_t forged;  /* wrong HMAC or node */
		uint64_t replayed;
		uint64_t malformed; /* the HMAC is right, but the body is not a legal message */
	} dropped;
};

/*
 * Checks and decodes a message. ret points into data and into entries (n_entries of
 * MESSAGE_ENTRIES_MAX). from is the sender that the transport reports. 0, or -EBADMSG (counted in
 * receiver->dropped).
 */
int wire_decode(const uint8_t *data, size_t bytes, uint32_t from, const struct wire_key *key,
		struct wire_receiver *receiver, struct entry entries[MESSAGE_ENTRIES_MAX],
		struct message *ret);

/*
 * A note: what a node tells the others besides the journal. The core never sees it, nothing depends
 * on it, and a lost one is not sent again. Its seal is that of a message, with "LMN1":
 *
 *	note body = kind 1 | from 4 | disk 16 | boot 8 | data
 *
 * The data is checked by whoever knows the kind. A note of a kind that is not known here is legal:
 * the sender is of a newer release. One of an older release counts notes as `foreign`.
 */
enum wire_note_kind {
	WIRE_NOTE_PATHS = 1, /* paths_peers.h */
	/* ask_note.h */
	WIRE_NOTE_READY,
	WIRE_NOTE_QUESTION,
	WIRE_NOTE_ANSWER,
	WIRE_NOTE_KIND_MAX
};

#define WIRE_NOTE_HEAD_BYTES (1 + 4 + 16 + 8)
#define WIRE_NOTE_BYTES_MAX (WIRE_BODY_MAX - WIRE_NOTE_HEAD_BYTES)

struct wire_note {
	enum wire_note_kind kind; /* decoded: any number from 1 to 255 */
	uint32_t from;
	struct id128 disk;
	uint64_t boot;
	const uint8_t *data;
	size_t bytes;
};

/* As wire_encode(), and with the same sender: notes and messages share its numbers. */
int wire_note_encode(const struct wire_note *note, const struct wire_key *key,
		     struct wire_sender *sender, uint8_t buffer[WIRE_BYTES_MAX]);
/* Which of the two decoders is for it. */
bool wire_is_note(const uint8_t *data, size_t bytes);
/* As wire_decode(), and with the same receiver. ret->data points into data. */
int wire_note_decode(const uint8_t *data, size_t bytes, uint32_t from, const struct wire_key *key,
		     struct wire_receiver *receiver, struct wire_note *ret);

/*
 * Encodes the body, which is the part between header and HMAC. Returns the bytes used, -EMSGSIZE or
 * -EINVAL.
 */
int wire_body_encode(const struct message *message, uint8_t *buffer, size_t room);
/* 0 or -EBADMSG. wire_body_encode() encodes every accepted message to the same bytes again. */
int wire_body_decode(const uint8_t *data, size_t bytes, struct entry entries[MESSAGE_ENTRIES_MAX],
		     struct message *ret);

#endif
