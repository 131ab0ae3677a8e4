/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_ANSWERS_H
#define LUNMASK_DAEMON_ANSWERS_H

#include <stddef.h>
#include <stdint.h>

#include <qb/qbloop.h>

#include "ask/ask_note.h"
#include "launch/program_call.h"

/*
 * Answers the questions of other nodes: each by a program of its own, lunmask-answer
 * (program_call.h), which looks and changes nothing. How many run, for how long, and what they may
 * write is limited; a question beyond that is answered with BUSY, so that the asker loses no time.
 *
 *	answers = answers_new(loop, &program, send, user);
 *	answers_take(answers, from, &question);
 *	send(user, &answer)                 once for each, from the loop or at once
 *	answers_members(answers, nodes, n);
 *
 * A question that was received twice is answered once.
 */
#define ANSWERS_MAX 16 /* lunmask-answer.socket has it, too */
#define ANSWERS_PER_NODE_MAX 8

/* The kinds that answers_take() knows, as ask_note.h has them. */
#define ANSWERS_KINDS                                                                              \
	((UINT32_C(1) << JOURNAL_ASK_VERIFY) | (UINT32_C(1) << JOURNAL_ASK_DOMAIN) |               \
	 (UINT32_C(1) << JOURNAL_ASK_PREFLIGHT))

typedef void answers_send(void *user, const struct ask_answer *answer);

struct answers;

/* program is borrowed. */
struct answers *answers_new(qb_loop_t *loop, const struct program *program, answers_send *send,
			    void *user);
/* Ends the programs; sends nothing. NULL is allowed. */
void answers_free(struct answers *answers);

void answers_take(struct answers *answers, uint32_t from, const struct ask_question *question);
/* Nobody waits for the answers to nodes that are not among these. */
void answers_members(struct answers *answers, const uint32_t *nodes, size_t n);

size_t answers_open(const struct answers *answers);

#endif
