/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ask/ask_note.h"

#include <errno.h>
#include <string.h>

#include "base/little.h"

#define NOTE_VERSION 1
#define READY_BYTES (1 + 4)
#define QUESTION_HEAD (1 + 4 + 8 + 1 + 4)
#define ANSWER_HEAD (1 + 4 + 8 + 1)

size_t ask_ready_encode(uint32_t kinds, uint8_t *buffer)
{
	buffer[0] = NOTE_VERSION;
	(void)little_put32(buffer + 1, kinds);
	return READY_BYTES;
}

/* Newer versions may say more than that. */
int ask_ready_decode(const uint8_t *data, size_t bytes, uint32_t *ret_kinds)
{
	if (bytes < READY_BYTES || data[0] != NOTE_VERSION) {
		return -EBADMSG;
	}
	*ret_kinds = little_get32(data + 1);
	return 0;
}

static size_t body_put(uint8_t *buffer, const uint8_t *at, const uint8_t *body, size_t bytes)
{
	size_t head = (size_t)(at - buffer);

	if (bytes > 0) {
		memcpy(buffer + head, body, bytes);
	}
	return head + bytes;
}

size_t ask_question_encode(const struct ask_question *question, uint8_t *buffer)
{
	uint8_t *at = buffer;

	*at++ = NOTE_VERSION;
	at = little_put32(at, question->to);
	at = little_put64(at, question->id);
	*at++ = question->kind;
	at = little_put32(at, question->timeout_ms);
	return body_put(buffer, at, question->body, question->bytes);
}

int ask_question_decode(const uint8_t *data, size_t bytes, struct ask_question *ret)
{
	if (bytes <= QUESTION_HEAD || bytes - QUESTION_HEAD > JOURNAL_ASK_BYTES_MAX ||
	    data[0] != NOTE_VERSION) {
		return -EBADMSG;
	}
	*ret = (struct ask_question){.to = little_get32(data + 1),
				     .id = little_get64(data + 5),
				     .kind = data[13],
				     .timeout_ms = little_get32(data + 14),
				     .body = data + QUESTION_HEAD,
				     .bytes = bytes - QUESTION_HEAD};
	return ret->timeout_ms == 0 || ret->timeout_ms > JOURNAL_ASK_TIMEOUT_MAX_MS ? -EBADMSG : 0;
}

size_t ask_answer_encode(const struct ask_answer *answer, uint8_t *buffer)
{
	uint8_t *at = buffer;

	*at++ = NOTE_VERSION;
	at = little_put32(at, answer->to);
	at = little_put64(at, answer->id);
	*at++ = (uint8_t)answer->status;
	return body_put(buffer, at, answer->body, answer->bytes);
}

/* What was answered has a body; a reason may be missing, and is short. */
int ask_answer_decode(const uint8_t *data, size_t bytes, struct ask_answer *ret)
{
	if (bytes < ANSWER_HEAD || bytes - ANSWER_HEAD > JOURNAL_ASK_BYTES_MAX ||
	    data[0] != NOTE_VERSION || data[13] >= ASK_STATUS_MAX) {
		return -EBADMSG;
	}
	*ret = (struct ask_answer){.to = little_get32(data + 1),
				   .id = little_get64(data + 5),
				   .status = (enum ask_status)data[13],
				   .body = data + ANSWER_HEAD,
				   .bytes = bytes - ANSWER_HEAD};
	return ret->status == ASK_ANSWERED ? (ret->bytes > 0 ? 0 : -EBADMSG)
	       : ret->bytes <= ASK_WHY_MAX ? 0
					   : -EBADMSG;
}
