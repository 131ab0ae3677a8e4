/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ring/wire.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Writes to out, or reads from in if out is NULL. After an error it does neither. */
struct cursor {
	uint8_t *out;
	const uint8_t *in;
	size_t left;
	struct entry *entries; /* when reading: the decoded entries */
	int rc;
};

/* If good is false: when writing, rc is returned to the caller; when reading, -EBADMSG. */
static bool cursor_check(struct cursor *cursor, bool good, int rc)
{
	if (cursor->rc == 0 && !good) {
		cursor->rc = cursor->out != NULL ? rc : -EBADMSG;
	}
	return cursor->rc == 0;
}

static void cursor_skip(struct cursor *cursor, size_t n)
{
	if (cursor->out != NULL) {
		cursor->out += n;
	} else {
		cursor->in += n;
	}
	cursor->left -= n;
}

static void bytes_walk(struct cursor *cursor, void *value, size_t n)
{
	if (!cursor_check(cursor, n <= cursor->left, -EMSGSIZE)) {
		return;
	}
	if (cursor->out != NULL) {
		memcpy(cursor->out, value, n);
	} else {
		memcpy(value, cursor->in, n);
	}
	cursor_skip(cursor, n);
}

/* When reading, the data is not copied: *data then points into the message. */
static void data_walk(struct cursor *cursor, const uint8_t **data, uint32_t n)
{
	if (n == 0 || !cursor_check(cursor, n <= cursor->left, -EMSGSIZE)) {
		return;
	}
	if (cursor->out != NULL) {
		memcpy(cursor->out, *data, n);
	} else {
		*data = cursor->in;
	}
	cursor_skip(cursor, n);
}

/* The lowest n bytes. When writing, the whole value is returned, for the check of its range. */
static uint64_t uint_walk(struct cursor *cursor, uint64_t value, size_t n)
{
	uint64_t little = cursor->out != NULL ? htole64(value) : 0;

	bytes_walk(cursor, &little, n);
	return le64toh(little);
}

static void u32_walk(struct cursor *cursor, void *value)
{
	uint32_t *u32 = value;

	*u32 = (uint32_t)uint_walk(cursor, *u32, sizeof(*u32));
}

static void u64_walk(struct cursor *cursor, void *value)
{
	uint64_t *u64 = value;

	*u64 = uint_walk(cursor, *u64, sizeof(*u64));
}

static void id_walk(struct cursor *cursor, void *value)
{
	struct id128 *id = value;

	bytes_walk(cursor, id->bytes, sizeof(id->bytes));
}

static void ballot_walk(struct cursor *cursor, void *value)
{
	struct ballot *ballot = value;

	u64_walk(cursor, &ballot->counter);
	u32_walk(cursor, &ballot->node);
}

static void position_walk(struct cursor *cursor, void *value)
{
	struct position *position = value;

	ballot_walk(cursor, &position->ballot);
	u64_walk(cursor, &position->index);
}

static void blob_walk(struct cursor *cursor, void *value);
static void entries_walk(struct cursor *cursor, void *value);
static void seen_walk(struct cursor *cursor, void *value);

/* In wire order: entries and blob use the values of fields before them. */
enum field {
	FIELD_POSITION,
	FIELD_PREVIOUS,
	FIELD_CHAIN,
	FIELD_INDEX,
	FIELD_NONCE,
	FIELD_REQUEST,
	FIELD_OFFSET,
	FIELD_TOTAL,
	FIELD_BLOB,
	FIELD_ENTRIES,
	FIELD_SEEN,
	FIELD_MAX
};

static const struct {
	void (*walk)(struct cursor *cursor, void *value);
	size_t at;
} fields[FIELD_MAX] = {
	[FIELD_POSITION] = {position_walk, offsetof(struct message, position)},
	[FIELD_PREVIOUS] = {position_walk, offsetof(struct message, previous)},
	[FIELD_CHAIN] = {id_walk, offsetof(struct message, chain)},
	[FIELD_INDEX] = {u64_walk, offsetof(struct message, index)},
	[FIELD_NONCE] = {u64_walk, offsetof(struct message, nonce)},
	[FIELD_REQUEST] = {id_walk, offsetof(struct message, request)},
	[FIELD_OFFSET] = {u64_walk, offsetof(struct message, offset)},
	[FIELD_TOTAL] = {u64_walk, offsetof(struct message, total)},
	[FIELD_BLOB] = {blob_walk, 0},
	[FIELD_ENTRIES] = {entries_walk, 0},
	[FIELD_SEEN] = {seen_walk, 0},
};

#define BIT(field) (1u << FIELD_##field)

/*
 * The fields of each kind in addition to the common ones, the flags it may have and the largest
 * blob. The blob of a REQUEST becomes one log entry, hence its limit.
 */
static const struct {
	uint32_t fields;
	uint32_t flags;
	uint32_t blob_max;
} kinds[MESSAGE_KIND_MAX] = {
	[MESSAGE_HELLO] = {.fields = BIT(SEEN), .flags = MESSAGE_BLANK},
	[MESSAGE_PREPARE] = {.fields = BIT(SEEN)},
	[MESSAGE_STATE] = {.fields = BIT(POSITION) | BIT(CHAIN) | BIT(REQUEST) | BIT(SEEN)},
	[MESSAGE_FETCH] = {.fields = BIT(POSITION) | BIT(CHAIN) | BIT(INDEX) | BIT(OFFSET) |
				     BIT(TOTAL)},
	[MESSAGE_ENTRIES] = {.fields = BIT(PREVIOUS) | BIT(CHAIN) | BIT(INDEX) | BIT(ENTRIES)},
	[MESSAGE_SNAPSHOT] = {.fields = BIT(POSITION) | BIT(CHAIN) | BIT(INDEX) | BIT(OFFSET) |
					BIT(TOTAL) | BIT(BLOB),
			      .blob_max = MESSAGE_PAYLOAD_MAX},
	[MESSAGE_APPEND] = {.fields = BIT(PREVIOUS) | BIT(CHAIN) | BIT(ENTRIES)},
	[MESSAGE_ACK] = {.fields = BIT(POSITION) | BIT(CHAIN)},
	[MESSAGE_REQUEST] = {.fields = BIT(REQUEST) | BIT(BLOB),
			     .blob_max = JOURNAL_ENTRY_BYTES_MAX},
	[MESSAGE_BARRIER] = {.fields = BIT(NONCE)},
	[MESSAGE_ECHO] = {.fields = BIT(POSITION) | BIT(NONCE)},
	[MESSAGE_FAILED] = {.fields = 0},
};

static_assert(FIELD_MAX <= 32, "a kind's fields are bits");

/* A part of a snapshot must lie within the snapshot. */
static void blob_walk(struct cursor *cursor, void *value)
{
	struct message *message = value;
	bool part = message->kind == MESSAGE_SNAPSHOT;

	u32_walk(cursor, &message->blob_bytes);
	cursor_check(cursor, message->blob_bytes <= kinds[message->kind].blob_max, -EMSGSIZE);
	cursor_check(cursor,
		     !part || (message->offset <= message->total &&
			       message->blob_bytes <= message->total - message->offset),
		     -EINVAL);
	data_walk(cursor, &message->blob, message->blob_bytes);
}

static void entry_walk(struct cursor *cursor, struct entry *entry)
{
	u64_walk(cursor, &entry->index);
	ballot_walk(cursor, &entry->ballot);
	entry->kind = (enum entry_kind)uint_walk(cursor, entry->kind, 1);
	id_walk(cursor, &entry->request);
	id_walk(cursor, &entry->chain);
	u32_walk(cursor, &entry->bytes);
	cursor_check(cursor, entry->bytes <= JOURNAL_ENTRY_BYTES_MAX, -EMSGSIZE);
	data_walk(cursor, &entry->data, entry->bytes);
}

/* Only a request entry may have an id. Without one it is legal here; its receiver refuses it. */
static bool entry_legal(const struct entry *entry)
{
	switch (entry->kind) {
	case ENTRY_VIEW:
	case ENTRY_VOTERS: return id128_is_zero(&entry->request);
	case ENTRY_REQUEST: return true;
	}
	return false;
}

/* The entries must have consecutive indexes, starting after previous. */
static void entries_walk(struct cursor *cursor, void *value)
{
	struct message *message = value;
	uint32_t n = (uint32_t)message->n_entries;

	if (!cursor_check(cursor, message->n_entries <= MESSAGE_ENTRIES_MAX, -EMSGSIZE)) {
		return;
	}
	u32_walk(cursor, &n);
	cursor_check(cursor, n <= MESSAGE_ENTRIES_MAX, -EMSGSIZE);
	cursor_check(cursor, n <= UINT64_MAX - message->previous.index, -EINVAL);
	for (uint32_t i = 0; i < n && cursor->rc == 0; i++) {
		struct entry entry = {0};

		if (cursor->out != NULL) {
			entry = message->entries[i];
		}
		entry_walk(cursor, &entry);
		cursor_check(cursor, entry.index == message->previous.index + 1 + i, -EINVAL);
		cursor_check(cursor, entry_legal(&entry), -EINVAL);
		if (cursor->out == NULL) {
			cursor->entries[i] = entry;
		}
	}
	if (cursor->out == NULL) {
		message->entries = cursor->entries;
		message->n_entries = n;
	}
}

static void seen_walk(struct cursor *cursor, void *value)
{
	struct message *message = value;
	uint32_t n = (uint32_t)message->n_seen;

	if (!cursor_check(cursor, message->n_seen <= JOURNAL_VOTERS_MAX, -EMSGSIZE)) {
		return;
	}
	u32_walk(cursor, &n);
	cursor_check(cursor, n <= JOURNAL_VOTERS_MAX, -EMSGSIZE);
	for (uint32_t i = 0; i < n && cursor->rc == 0; i++) {
		struct seen *seen = &message->seen[i];

		u32_walk(cursor, &seen->node);
		id_walk(cursor, &seen->disk);
		u64_walk(cursor, &seen->boot);
		position_walk(cursor, &seen->acked);
	}
	message->n_seen = n;
}

static void field_walk(struct cursor *cursor, struct message *message, size_t field)
{
	fields[field].walk(cursor, (uint8_t *)message + fields[field].at);
}

static bool kind_legal(uint64_t kind)
{
	return kind > 0 && kind < MESSAGE_KIND_MAX;
}

static void message_walk(struct cursor *cursor, struct message *message)
{
	uint64_t kind = uint_walk(cursor, message->kind, 1);

	if (!cursor_check(cursor, kind_legal(kind), -EINVAL)) {
		return;
	}
	message->kind = (enum message_kind)kind;
	u32_walk(cursor, &message->flags);
	cursor_check(cursor, (message->flags & ~kinds[kind].flags) == 0, -EINVAL);
	id_walk(cursor, &message->cluster);
	u32_walk(cursor, &message->from);
	id_walk(cursor, &message->disk);
	u64_walk(cursor, &message->boot);
	u32_walk(cursor, &message->to);
	ballot_walk(cursor, &message->ballot);
	for (size_t i = 0; i < FIELD_MAX; i++) {
		if ((kinds[kind].fields & 1u << i) != 0) {
			field_walk(cursor, message, i);
		}
	}
}

/* True if the field is not set: its encoding consists of zero bytes only. */
static bool field_empty(struct message *message, size_t field)
{
	static const uint8_t zero[sizeof(struct position)];
	uint8_t bytes[sizeof(zero)] = {0};
	struct cursor cursor = {.out = bytes, .left = sizeof(bytes)};

	field_walk(&cursor, message, field);
	return cursor.rc == 0 && memcmp(bytes, zero, sizeof(bytes)) == 0;
}

/* False if a field is set that the message's kind does not carry: it would be lost silently. */
static bool message_told(struct message *message)
{
	for (size_t i = 0; i < FIELD_MAX; i++) {
		if ((kinds[message->kind].fields & 1u << i) == 0 && !field_empty(message, i)) {
			return false;
		}
	}
	return true;
}

int wire_body_encode(const struct message *message, uint8_t *buffer, size_t room)
{
	struct cursor cursor = {.out = buffer, .left = room};
	struct message copy = *message;

	if (!kind_legal(copy.kind) || !message_told(&copy)) {
		return -EINVAL;
	}
	message_walk(&cursor, &copy);
	return cursor.rc < 0 ? cursor.rc : (int)(room - cursor.left);
}

int wire_body_decode(const uint8_t *data, size_t bytes, struct entry entries[MESSAGE_ENTRIES_MAX],
		     struct message *ret)
{
	struct cursor cursor = {.in = data, .left = bytes, .entries = entries};

	memset(ret, 0, sizeof(*ret));
	message_walk(&cursor, ret);
	cursor_check(&cursor, cursor.left == 0, -EBADMSG);
	return cursor.rc;
}
