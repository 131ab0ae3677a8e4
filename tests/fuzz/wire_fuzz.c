/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * libFuzzer target: the body of a message, as one who has the key may send it. What is taken has
 * one form only: it must encode to the same bytes.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ring/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An entry's data lies in the input, and behind that of the one before. */
static void entries_check(const struct message *message, const uint8_t *data, size_t size)
{
	const uint8_t *behind = data;

	for (size_t i = 0; i < message->n_entries; i++) {
		const struct entry *entry = &message->entries[i];

		if (entry->bytes == 0) {
			continue;
		}
		if (entry->data < behind || entry->bytes > (size_t)(data + size - entry->data)) {
			abort();
		}
		behind = entry->data + entry->bytes;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct entry entries[MESSAGE_ENTRIES_MAX];
	static uint8_t again[WIRE_BODY_MAX];
	struct message message;

	if (size > WIRE_BODY_MAX || wire_body_decode(data, size, entries, &message) < 0) {
		return 0;
	}
	entries_check(&message, data, size);
	if (wire_body_encode(&message, again, sizeof(again)) != (int)size ||
	    memcmp(again, data, size) != 0) {
		abort();
	}
	return 0;
}
