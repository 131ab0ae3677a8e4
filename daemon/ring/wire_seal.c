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

static const uint8_t magic[4] = {'L', 'M', 'J', '1'};

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

int wire_encode(const struct message *message, const struct wire_key *key,
		struct wire_sender *sender, uint8_t buffer[WIRE_BYTES_MAX])
{
	int body_bytes = wire_body_encode(message, buffer + AT_BODY, WIRE_BODY_MAX);
	size_t sealed;

	if (body_bytes < 0) {
		return body_bytes;
	}
	sealed = AT_BODY + (size_t)body_bytes;
	memcpy(buffer + AT_MAGIC, magic, sizeof(magic));
	little_put32(buffer + AT_VERSION, WIRE_VERSION);
	little_put32(buffer + AT_LENGTH, (uint32_t)(sealed + WIRE_HMAC_BYTES));
	little_put64(buffer + AT_NONCE, sender->nonce);
	little_put64(buffer + AT_SEQUENCE, ++sender->sequence);
	hmac_make(key, buffer, sealed, buffer + sealed);
	return (int)(sealed + WIRE_HMAC_BYTES);
}

static bool seal_ours(const uint8_t *data, size_t bytes)
{
	return bytes >= WIRE_SEAL_BYTES + WIRE_HMAC_BYTES && bytes <= WIRE_BYTES_MAX &&
	       memcmp(data + AT_MAGIC, magic, sizeof(magic)) == 0 &&
	       little_get32(data + AT_VERSION) == WIRE_VERSION &&
	       little_get32(data + AT_LENGTH) == bytes;
}

static bool seal_true(const uint8_t *data, size_t bytes, const struct wire_key *key)
{
	uint8_t hmac[WIRE_HMAC_BYTES];

	hmac_make(key, data, bytes - WIRE_HMAC_BYTES, hmac);
	return hmac_equal(hmac, data + bytes - WIRE_HMAC_BYTES);
}

static struct wire_peer *peer_find(struct wire_receiver *receiver, const struct message *message)
{
	for (size_t i = 0; i < receiver->n; i++) {
		struct wire_peer *peer = &receiver->peer[i];

		if (peer->node == message->from && id128_equal(&peer->disk, &message->disk)) {
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

static struct wire_peer *peer_add(struct wire_receiver *receiver, const struct message *message)
{
	struct wire_peer *peer = receiver->n < WIRE_SENDERS_MAX
					 ? &receiver->peer[receiver->n++]
					 : peer_evict(receiver, message->from);

	*peer = (struct wire_peer){.node = message->from, .disk = message->disk};
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
static bool receiver_take(struct wire_receiver *receiver, const struct message *message,
			  uint64_t nonce, uint64_t sequence)
{
	struct wire_peer *peer = peer_find(receiver, message);

	if (peer != NULL && !peer_fresh(peer, message->boot, nonce, sequence)) {
		return false;
	}
	if (peer == NULL) {
		peer = peer_add(receiver, message);
	}
	peer->boot = message->boot;
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

int wire_decode(const uint8_t *data, size_t bytes, uint32_t from, const struct wire_key *key,
		struct wire_receiver *receiver, struct entry entries[MESSAGE_ENTRIES_MAX],
		struct message *ret)
{
	if (!seal_ours(data, bytes)) {
		return message_drop(&receiver->dropped.foreign);
	}
	if (!seal_true(data, bytes, key)) {
		return message_drop(&receiver->dropped.forged);
	}
	if (wire_body_decode(data + AT_BODY, bytes - AT_BODY - WIRE_HMAC_BYTES, entries, ret) < 0) {
		return message_drop(&receiver->dropped.malformed);
	}
	if (ret->from != from) {
		return message_drop(&receiver->dropped.forged);
	}
	if (!receiver_take(receiver, ret, little_get64(data + AT_NONCE),
			   little_get64(data + AT_SEQUENCE))) {
		return message_drop(&receiver->dropped.replayed);
	}
	return 0;
}
