/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_ASK_NOTE_H
#define LUNMASK_DAEMON_ASK_NOTE_H

#include <stddef.h>
#include <stdint.h>

#include "journal/journal_ask.h"

/*
 * The data of the notes (wire.h) by which a node asks another one. All nodes of the group receive
 * a note; only `to` acts on it.
 *
 *	ready    = version 1 | kinds 4
 *	question = version 1 | to 4 | id 8 | kind 1 | timeout_ms 4 | body
 *	answer   = version 1 | to 4 | id 8 | status 1 | body
 *
 * A node that answers says so, with the kinds (bit 1 << kind) that it knows, whenever the members
 * of the group change, and after each round of paths. A lunmaskd that says nothing is never asked.
 */
#define ASK_NOTE_HEAD_MAX (1 + 4 + 8 + 1 + 4)
#define ASK_NOTE_BYTES_MAX (ASK_NOTE_HEAD_MAX + JOURNAL_ASK_BYTES_MAX)
#define ASK_WHY_MAX 200 /* characters of a reason */

struct ask_question {
	uint32_t to;
	uint64_t id;  /* the asker chooses it; the answer has the same */
	uint8_t kind; /* decoded: any, for the sender may be newer */
	uint32_t timeout_ms;
	const uint8_t *body;
	size_t bytes;
};

enum ask_status {
	ASK_ANSWERED = 0,
	ASK_BUSY,    /* as many questions are being answered as may be */
	ASK_UNKNOWN, /* no such kind here */
	ASK_FAILED,  /* the body says why, in one line */
	ASK_STATUS_MAX
};

struct ask_answer {
	uint32_t to;
	uint64_t id;
	enum ask_status status;
	const uint8_t *body;
	size_t bytes;
};

/* Return the bytes used. buffer: ASK_NOTE_BYTES_MAX. A body is no longer than its limit. */
size_t ask_ready_encode(uint32_t kinds, uint8_t *buffer);
size_t ask_question_encode(const struct ask_question *question, uint8_t *buffer);
size_t ask_answer_encode(const struct ask_answer *answer, uint8_t *buffer);

/* 0 or -EBADMSG. The bodies point into data. */
int ask_ready_decode(const uint8_t *data, size_t bytes, uint32_t *ret_kinds);
int ask_question_decode(const uint8_t *data, size_t bytes, struct ask_question *ret);
int ask_answer_decode(const uint8_t *data, size_t bytes, struct ask_answer *ret);

#endif
