/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal/journal_codec.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#include "base/id128.h"
#include "base/little.h"
#include "names/lun.h"

#define LUN_NAME_BYTES (LUN_NAME_MAX + 1)

static_assert(sizeof(enum journal_field_type) == sizeof(unsigned int), "how enums are stored");

/* Returns the place of the next field, or NULL if text is not legal. */
static uint8_t *text_encode(uint8_t *at, const char *text, size_t max, bool (*legal)(const char *))
{
	size_t length = strnlen(text, max + 1);
	uint16_t prefix = htole16((uint16_t)length);

	if (length > max || !legal(text)) {
		return NULL;
	}
	memcpy(at, &prefix, sizeof(prefix));
	memcpy(at + sizeof(prefix), text, length);
	return at + sizeof(prefix) + length;
}

static uint8_t *luns_encode(uint8_t *at, const struct journal_field *field, const char *record)
{
	const char *name = record + field->offset;
	uint16_t prefix;
	size_t count;

	memcpy(&count, record + field->count_offset, sizeof(count));
	if (count > VM_LUNS_MAX) {
		return NULL;
	}
	prefix = htole16((uint16_t)count);
	memcpy(at, &prefix, sizeof(prefix));
	at += sizeof(prefix);
	for (size_t i = 0; at != NULL && i < count; i++, name += LUN_NAME_BYTES) {
		at = text_encode(at, name, LUN_NAME_MAX, lun_name_valid);
	}
	return at;
}

static uint8_t *enum_encode(uint8_t *at, const struct journal_field *field, const char *from)
{
	unsigned int value;

	memcpy(&value, from, sizeof(value));
	if (value < field->min || value >= field->max) {
		return NULL;
	}
	*at = (uint8_t)value;
	return at + 1;
}

static uint8_t *field_encode(uint8_t *at, const struct journal_field *field, const char *record)
{
	const char *from = record + field->offset;

	switch (field->type) {
	case JOURNAL_FIELD_ID: memcpy(at, from, ID128_BYTES); return at + ID128_BYTES;
	case JOURNAL_FIELD_ENUM: return enum_encode(at, field, from);
	case JOURNAL_FIELD_32: return little_put32(at, *(const uint32_t *)(const void *)from);
	case JOURNAL_FIELD_64: return little_put64(at, *(const uint64_t *)(const void *)from);
	case JOURNAL_FIELD_TEXT: return text_encode(at, from, field->max, field->legal);
	case JOURNAL_FIELD_LUNS: return luns_encode(at, field, record);
	}
	return NULL;
}

size_t journal_fields_encode(const struct journal_field *fields, size_t n, const void *record,
			     uint8_t *buffer)
{
	uint8_t *at = buffer;

	for (size_t i = 0; at != NULL && i < n; i++) {
		at = field_encode(at, &fields[i], record);
	}
	return at == NULL ? 0 : (size_t)(at - buffer);
}

struct reader {
	const uint8_t *data;
	size_t left;
};

static bool bytes_read(struct reader *reader, void *ret, size_t bytes)
{
	if (bytes > reader->left) {
		return false;
	}
	memcpy(ret, reader->data, bytes);
	reader->data += bytes;
	reader->left -= bytes;
	return true;
}

static bool prefix_read(struct reader *reader, size_t max, size_t *ret)
{
	uint16_t prefix;

	if (!bytes_read(reader, &prefix, sizeof(prefix))) {
		return false;
	}
	*ret = le16toh(prefix);
	return *ret <= max;
}

static bool text_read(struct reader *reader, char *ret, size_t max, bool (*legal)(const char *))
{
	size_t length;

	if (!prefix_read(reader, max, &length) || !bytes_read(reader, ret, length)) {
		return false;
	}
	ret[length] = '\0';
	return strlen(ret) == length && legal(ret);
}

static bool luns_read(struct reader *reader, const struct journal_field *field, char *record)
{
	char *name = record + field->offset;
	size_t count;

	if (!prefix_read(reader, VM_LUNS_MAX, &count)) {
		return false;
	}
	for (size_t i = 0; i < count; i++, name += LUN_NAME_BYTES) {
		if (!text_read(reader, name, LUN_NAME_MAX, lun_name_valid)) {
			return false;
		}
	}
	memcpy(record + field->count_offset, &count, sizeof(count));
	return true;
}

static bool number_read(struct reader *reader, void *ret, size_t bytes)
{
	uint8_t number[sizeof(uint64_t)];

	if (!bytes_read(reader, number, bytes)) {
		return false;
	}
	if (bytes == sizeof(uint32_t)) {
		*(uint32_t *)ret = little_get32(number);
	} else {
		*(uint64_t *)ret = little_get64(number);
	}
	return true;
}

static bool enum_read(struct reader *reader, const struct journal_field *field, char *ret)
{
	unsigned int value;
	uint8_t byte;

	if (!bytes_read(reader, &byte, 1) || byte < field->min || byte >= field->max) {
		return false;
	}
	value = byte;
	memcpy(ret, &value, sizeof(value));
	return true;
}

static bool field_read(struct reader *reader, const struct journal_field *field, char *record)
{
	char *ret = record + field->offset;

	switch (field->type) {
	case JOURNAL_FIELD_ID: return bytes_read(reader, ret, ID128_BYTES);
	case JOURNAL_FIELD_ENUM: return enum_read(reader, field, ret);
	case JOURNAL_FIELD_32: return number_read(reader, ret, sizeof(uint32_t));
	case JOURNAL_FIELD_64: return number_read(reader, ret, sizeof(uint64_t));
	case JOURNAL_FIELD_TEXT: return text_read(reader, ret, field->max, field->legal);
	case JOURNAL_FIELD_LUNS: return luns_read(reader, field, record);
	}
	return false;
}

size_t journal_fields_decode(const struct journal_field *fields, size_t n, const uint8_t *data,
			     size_t bytes, void *record)
{
	struct reader reader = {.data = data, .left = bytes};

	for (size_t i = 0; i < n; i++) {
		if (!field_read(&reader, &fields[i], record)) {
			return 0;
		}
	}
	return bytes - reader.left;
}
