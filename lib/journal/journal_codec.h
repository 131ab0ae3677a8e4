/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_JOURNAL_CODEC_H
#define LUNMASK_JOURNAL_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A struct as bytes by a table of its fields, one row each, walked by encoder and decoder. Numbers
 * are little-endian; an enum is one byte; a text is its length in two bytes and its characters; a
 * list of LUN names is their number in two bytes and as many texts.
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
	unsigned int min; /* ENUM: the first legal value */
	unsigned int max; /* ENUM: the first illegal one; TEXT: characters without the NUL */
	bool (*legal)(const char *text); /* TEXT */
	size_t count_offset;             /* LUNS: of the size_t that counts them */
};

/* Bytes used, or 0 if a field is not legal. buffer is as long as all fields at their longest. */
size_t journal_fields_encode(const struct journal_field *fields, size_t n, const void *record,
			     uint8_t *buffer);
/* Bytes read, or 0 if they are cut off or a field is not legal. record was zeroed. */
size_t journal_fields_decode(const struct journal_field *fields, size_t n, const uint8_t *data,
			     size_t bytes, void *record);

#endif
