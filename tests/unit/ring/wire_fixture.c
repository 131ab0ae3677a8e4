/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/ring/wire_fixture.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

struct wire_fixture wire_fixture;

int wire_fixture_setup(void **state)
{
	(void)state;
	memset(&wire_fixture, 0, sizeof(wire_fixture));
	for (size_t i = 0; i < WIRE_KEY_BYTES_MIN; i++) {
		wire_fixture.key.bytes[i] = (uint8_t)i;
	}
	wire_fixture.key.n = WIRE_KEY_BYTES_MIN;
	return 0;
}

struct message wire_fixture_failed(uint32_t node, uint8_t disk, uint64_t boot)
{
	struct message message = {
		.kind = MESSAGE_FAILED, .from = node, .boot = boot, .to = 1, .ballot = {5, 2}};

	memset(&message.cluster, 0xaa, sizeof(message.cluster));
	memset(&message.disk, disk, sizeof(message.disk));
	return message;
}

int wire_fixture_decode(const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);
	int rc;

	memcpy(copy, data, n);
	rc = wire_decode(copy, n, WIRE_FIXTURE_NODE, &wire_fixture.key, &wire_fixture.receiver,
			 wire_fixture.entries, &wire_fixture.decoded);
	free(copy);
	return rc;
}

void wire_fixture_seal(uint8_t *data, size_t n)
{
	GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, wire_fixture.key.bytes, wire_fixture.key.n);
	gsize bytes = WIRE_HMAC_BYTES;

	g_hmac_update(hmac, data, (gssize)(n - WIRE_HMAC_BYTES));
	g_hmac_get_digest(hmac, data + n - WIRE_HMAC_BYTES, &bytes);
	g_hmac_unref(hmac);
}
