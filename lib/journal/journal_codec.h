/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_JOURNAL_CODEC_H
#define LUNMASK_JOURNAL_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Encodes a struct as bytes and decodes it, by a table with one row for each field. Numbers are
 * little-endian. An enum is one byte. A text is its length in two bytes, followed by its
 * characters. A list of LUN names is their number in two bytes, followed by that many texts.
 */
enum journal_field_type {
	JOURNAL_FIELD_ID,
	JOURNAL_FIELD_ENUM,
	JOURNAL_FIELD_32,
	JOURNAL_FIELD_64,
	JOURNAL_FIELD_TEXT,
	JOURNAL_FIELD_LUNS,
};

struct journal_field {
	enum journal_field_type type;
	size_t offset;
	unsigned int min; /* ENUM: smallest legal value */
	unsigned int max; /* ENUM: first illegal value; TEXT: most characters, without the NUL */
	bool (*legal)(const char *text); /* TEXT */
	size_t count_offset;             /* LUNS: offset of the size_t that holds their number */
};

/* Rows of a table. bits: ID, 32 or 64. */
/* clang-format off */
#define FIELD_PLAIN(record, member, bits) \
	{.type = JOURNAL_FIELD_##bits, .offset = offsetof(record, member)}
#define FIELD_ENUM(record, member, low, high) \
	{.type = JOURNAL_FIELD_ENUM, .offset = offsetof(record, member), .min = (low), .max = (high)}
#define FIELD_TEXT(record, member, check) \
	{.type = JOURNAL_FIELD_TEXT, .offset = offsetof(record, member), \
	 .max = sizeof(((record *)NULL)->member) - 1, .legal = (check)}
#define FIELD_LUNS(record) \
	{.type = JOURNAL_FIELD_LUNS, .offset = offsetof(record, luns), \
	 .count_offset = offsetof(record, n_luns)}
/* clang-format on */

/* The bytes used; 0: a field is not legal. buffer must hold all fields at their longest. */
size_t journal_fields_encode(const struct journal_field *fields, size_t n, const void *record,
			     uint8_t *buffer);
/* The bytes read; 0: truncated, or a field is not legal. The caller zeroes record before. */
size_t journal_fields_decode(const struct journal_field *fields, size_t n, const uint8_t *data,
			     size_t bytes, void *record);

#endif
