/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ring/wire.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/little.h"

#define WIRE_VERSION 1

enum offset {
	AT_MAGIC = 0,
	AT_VERSION = 4,
	AT_LENGTH = 8,
	AT_NONCE = 12,
	AT_SEQUENCE = 20,
	AT_BODY = 28,
};

static_assert(AT_BODY == WIRE_SEAL_BYTES, "the body is behind the seal");

#define MAGIC_BYTES 4

static const uint8_t message_magic[MAGIC_BYTES] = {'L', 'M', 'J', '1'};
static const uint8_t note_magic[MAGIC_BYTES] = {'L', 'M', 'N', '1'};

static void hmac_make(const struct wire_key *key, const uint8_t *data, size_t bytes,
		      uint8_t ret[WIRE_HMAC_BYTES])
{
	g_autoptr(GHmac) hmac = g_hmac_new(G_CHECKSUM_SHA256, key->bytes, key->n);
	gsize n = WIRE_HMAC_BYTES;

	g_hmac_update(hmac, data, (gssize)bytes);
	g_hmac_get_digest(hmac, ret, &n);
}

/* Runs in constant time: otherwise an attacker could find the HMAC byte by byte. */
static bool hmac_equal(const uint8_t a[WIRE_HMAC_BYTES], const uint8_t b[WIRE_HMAC_BYTES])
{
	volatile uint8_t difference = 0;

	for (size_t i = 0; i < WIRE_HMAC_BYTES; i++) {
		difference |= a[i] ^ b[i];
	}
	return difference == 0;
}

int wire_sender_init(struct wire_sender *ret)
{
	ssize_t got;

	*ret = (struct wire_sender){0};
	got = TEMP_FAILURE_RETRY(getrandom(&ret->nonce, sizeof(ret->nonce), 0));
	return got == (ssize_t)sizeof(ret->nonce) ? 0 : got < 0 ? -errno : -EIO;
}

/* The body is already in the buffer. Returns the bytes of the message. */
static int seal_put(const uint8_t magic[MAGIC_BYTES], size_t body_bytes, const struct wire_key *key,
		    struct wire_sender *sender, uint8_t buffer[WIRE_BYTES_MAX])
{
	size_t sealed = AT_BODY + body_bytes;

	memcpy(buffer + AT_MAGIC, magic, MAGIC_BYTES);
	little_put32(buffer + AT_VERSION, WIRE_VERSION);
	little_put32(buffer + AT_LENGTH, (uint32_t)(sealed + WIRE_HMAC_BYTES));
	little_put64(buffer + AT_NONCE, sender->nonce);
	little_put64(buffer + AT_SEQUENCE, ++sender->sequence);
	hmac_make(key, buffer, sealed, buffer + sealed);
	return (int)(sealed + WIRE_HMAC_BYTES);
}

int wire_encode(const struct message *message, const struct wire_key *key,
		struct wire_sender *sender, uint8_t buffer[WIRE_BYTES_MAX])
{
	int body_bytes = wire_body_encode(message, buffer + AT_BODY, WIRE_BODY_MAX);

	return body_bytes < 0 ? body_bytes
			      : seal_put(message_magic, (size_t)body_bytes, key, sender, buffer);
}

int wire_note_encode(const struct wire_note *note, const struct wire_key *key,
		     struct wire_sender *sender, uint8_t buffer[WIRE_BYTES_MAX])
{
	uint8_t *at = buffer + AT_BODY;

	if (note->kind <= 0 || note->kind >= WIRE_NOTE_KIND_MAX) {
		return -EINVAL;
	}
	if (note->bytes > WIRE_NOTE_BYTES_MAX) {
		return -EMSGSIZE;
	}
	*at = (uint8_t)note->kind;
	at = little_put32(at + 1, note->from);
	memcpy(at, note->disk.bytes, sizeof(note->disk.bytes));
	at = little_put64(at + sizeof(note->disk.bytes), note->boot);
	if (note->bytes > 0) {
		memcpy(at, note->data, note->bytes);
	}
	return seal_put(note_magic, WIRE_NOTE_HEAD_BYTES + note->bytes, key, sender, buffer);
}

/* A kind that this release does not know is legal: its sender is newer. */
static bool note_decode(const uint8_t *body, size_t bytes, struct wire_note *ret)
{
	if (bytes < WIRE_NOTE_HEAD_BYTES || body[0] == 0) {
		return false;
	}
	*ret = (struct wire_note){.kind = (enum wire_note_kind)body[0],
				  .from = little_get32(body + 1),
				  .data = body + WIRE_NOTE_HEAD_BYTES,
				  .bytes = bytes - WIRE_NOTE_HEAD_BYTES};
	memcpy(ret->disk.bytes, body + 5, sizeof(ret->disk.bytes));
	ret->boot = little_get64(body + 5 + sizeof(ret->disk.bytes));
	return true;
}

static bool seal_ours(const uint8_t *data, size_t bytes, const uint8_t magic[MAGIC_BYTES])
{
	return bytes >= WIRE_SEAL_BYTES + WIRE_HMAC_BYTES && bytes <= WIRE_BYTES_MAX &&
	       memcmp(data + AT_MAGIC, magic, MAGIC_BYTES) == 0 &&
	       little_get32(data + AT_VERSION) == WIRE_VERSION &&
	       little_get32(data + AT_LENGTH) == bytes;
}

static bool seal_true(const uint8_t *data, size_t bytes, const struct wire_key *key)
{
	uint8_t hmac[WIRE_HMAC_BYTES];

	hmac_make(key, data, bytes - WIRE_HMAC_BYTES, hmac);
	return hmac_equal(hmac, data + bytes - WIRE_HMAC_BYTES);
}

/* Who has sent a message or a note, as it says itself. */
struct origin {
	uint32_t node;
	struct id128 disk;
	uint64_t boot;
};

static struct wire_peer *peer_find(struct wire_receiver *receiver, const struct origin *origin)
{
	for (size_t i = 0; i < receiver->n; i++) {
		struct wire_peer *peer = &receiver->peer[i];

		if (peer->node == origin->node && id128_equal(&peer->disk, &origin->disk)) {
			return peer;
		}
	}
	return NULL;
}

static size_t node_rows(const struct wire_receiver *receiver, uint32_t node)
{
	size_t rows = 0;

	for (size_t i = 0; i < receiver->n; i++) {
		rows += receiver->peer[i].node == node;
	}
	return rows;
}

/* The row to replace by a new one of `node`: see wire.h. */
static struct wire_peer *peer_evict(struct wire_receiver *receiver, uint32_t node)
{
	struct wire_peer *victim = NULL;
	size_t most = 0;

	for (size_t i = 0; i < receiver->n; i++) {
		struct wire_peer *peer = &receiver->peer[i];
		size_t rows = node_rows(receiver, peer->node) + (peer->node == node);

		if (rows > most || (rows == most && peer->heard < victim->heard)) {
			most = rows;
			victim = peer;
		}
	}
	return victim;
}

static struct wire_peer *peer_add(struct wire_receiver *receiver, const struct origin *origin)
{
	struct wire_peer *peer = receiver->n < WIRE_SENDERS_MAX
					 ? &receiver->peer[receiver->n++]
					 : peer_evict(receiver, origin->node);

	*peer = (struct wire_peer){.node = origin->node, .disk = origin->disk};
	return peer;
}

static bool peer_fresh(const struct wire_peer *peer, uint64_t boot, uint64_t nonce,
		       uint64_t sequence)
{
	if (boot != peer->boot) {
		return boot > peer->boot;
	}
	return nonce == peer->nonce && sequence > peer->sequence;
}

/* False: the message is a repetition, or may be one. */
static bool receiver_take(struct wire_receiver *receiver, const struct origin *origin,
			  uint64_t nonce, uint64_t sequence)
{
	struct wire_peer *peer = peer_find(receiver, origin);

	if (peer != NULL && !peer_fresh(peer, origin->boot, nonce, sequence)) {
		return false;
	}
	if (peer == NULL) {
		peer = peer_add(receiver, origin);
	}
	peer->boot = origin->boot;
	peer->nonce = nonce;
	peer->sequence = sequence;
	peer->heard = ++receiver->clock;
	return true;
}

static int message_drop(uint64_t *counter)
{
	++*counter;
	return -EBADMSG;
}

/* Is the seal one of ours, with our key? */
static int seal_check(const uint8_t *data, size_t bytes, const uint8_t magic[MAGIC_BYTES],
		      const struct wire_key *key, struct wire_receiver *receiver)
{
	if (!seal_ours(data, bytes, magic)) {
		return message_drop(&receiver->dropped.foreign);
	}
	return seal_true(data, bytes, key) ? 0 : message_drop(&receiver->dropped.forged);
}

/* Is the origin the node that the transport reports, and is this new from it? */
static int origin_check(const uint8_t *data, uint32_t from, const struct origin *origin,
			struct wire_receiver *receiver)
{
	if (origin->node != from) {
		return message_drop(&receiver->dropped.forged);
	}
	return receiver_take(receiver, origin, little_get64(data + AT_NONCE),
			     little_get64(data + AT_SEQUENCE))
		       ? 0
		       : message_drop(&receiver->dropped.replayed);
}

int wire_decode(const uint8_t *data, size_t bytes, uint32_t from, const struct wire_key *key,
		struct wire_receiver *receiver, struct entry entries[MESSAGE_ENTRIES_MAX],
		struct message *ret)
{
	struct origin origin;
	int rc = seal_check(data, bytes, message_magic, key, receiver);

	if (rc < 0) {
		return rc;
	}
	if (wire_body_decode(data + AT_BODY, bytes - AT_BODY - WIRE_HMAC_BYTES, entries, ret) < 0) {
		return message_drop(&receiver->dropped.malformed);
	}
	origin = (struct origin){ret->from, ret->disk, ret->boot};
	return origin_check(data, from, &origin, receiver);
}

bool wire_is_note(const uint8_t *data, size_t bytes)
{
	return bytes >= MAGIC_BYTES && memcmp(data, note_magic, MAGIC_BYTES) == 0;
}

int wire_note_decode(const uint8_t *data, size_t bytes, uint32_t from, const struct wire_key *key,
		     struct wire_receiver *receiver, struct wire_note *ret)
{
	struct origin origin;
	int rc = seal_check(data, bytes, note_magic, key, receiver);

	if (rc < 0) {
		return rc;
	}
	if (!note_decode(data + AT_BODY, bytes - AT_BODY - WIRE_HMAC_BYTES, ret)) {
		return message_drop(&receiver->dropped.malformed);
	}
	origin = (struct origin){ret->from, ret->disk, ret->boot};
	return origin_check(data, from, &origin, receiver);
}
