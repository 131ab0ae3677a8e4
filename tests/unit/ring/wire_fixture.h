/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TEST_WIRE_FIXTURE_H
#define LUNMASK_TEST_WIRE_FIXTURE_H

#include "ring/wire.h"

/* What the tests of sealed messages and notes have in common: one key, and one who receives. */
#define WIRE_FIXTURE_NODE 2

extern struct wire_fixture {
	struct wire_key key;
	struct wire_receiver receiver;
	struct entry entries[MESSAGE_ENTRIES_MAX]; /* of what was decoded */
	struct message decoded;
} wire_fixture;

/* For cmocka: the key of the shortest legal length, and a receiver who has heard nothing. */
int wire_fixture_setup(void **state);

/* A message of the core, without entries. disk: each byte of its id. */
struct message wire_fixture_failed(uint32_t node, uint8_t disk, uint64_t boot);

/* From WIRE_FIXTURE_NODE, and from a copy of just that size, so that a sanitizer sees a step behind
 * the end. */
int wire_fixture_decode(const uint8_t *data, size_t n);

/* As who has the key would seal what was changed. n: with the seal */
void wire_fixture_seal(uint8_t *data, size_t n);

#endif
