/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ask/answers.h"

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct run {
	struct answers *answers;
	struct program_call *call; /* NULL: this one is free */
	uint32_t from;
	uint64_t id;
	enum journal_ask_kind kind;
};

struct answers {
	qb_loop_t *loop;
	const struct program *program;
	answers_send *send;
	void *user;
	struct run runs[ANSWERS_MAX];
};

struct answers *answers_new(qb_loop_t *loop, const struct program *program, answers_send *send,
			    void *user)
{
	struct answers *answers = g_new0(struct answers, 1);

	answers->loop = loop;
	answers->program = program;
	answers->send = send;
	answers->user = user;
	return answers;
}

static void run_free(struct run *run)
{
	program_call_free(run->call);
	run->call = NULL;
}

void answers_free(struct answers *answers)
{
	for (size_t i = 0; answers != NULL && i < ANSWERS_MAX; i++) {
		run_free(&answers->runs[i]);
	}
	g_free(answers);
}

static void refusal_send(struct answers *answers, uint32_t to, uint64_t id, enum ask_status status,
			 const char *why)
{
	size_t bytes = MIN(strlen(why), ASK_WHY_MAX);
	const struct ask_answer answer = {
		.to = to,
		.id = id,
		.status = status,
		.body = (const uint8_t *)why,
		.bytes = bytes,
	};

	answers->send(answers->user, &answer);
}

static bool is_whole(const char *data, size_t bytes)
{
	const char *body;
	size_t body_bytes;

	return journal_ask_answer_see(data, bytes, &body, &body_bytes) != JOURNAL_ASK_PART;
}

static void on_end(void *user, enum program_end end, const char *data, size_t bytes)
{
	static const char *const reasons[] = {
		[PROGRAM_ANSWERED] = "lunmask-answer there ended without an answer",
		[PROGRAM_TIMED_OUT] = "lunmask-answer there did not answer in time",
		[PROGRAM_FLOODED] = "lunmask-answer there wrote more than an answer may have",
	};
	struct run *run = user;
	struct ask_answer answer = {.to = run->from, .id = run->id, .status = ASK_ANSWERED};
	const char *body;

	if (end == PROGRAM_ANSWERED &&
	    journal_ask_answer_see(data, bytes, &body, &answer.bytes) == JOURNAL_ASK_WHOLE) {
		answer.body = (const uint8_t *)body;
		run->answers->send(run->answers->user, &answer);
	} else {
		refusal_send(run->answers, run->from, run->id, ASK_FAILED, reasons[end]);
	}
	run_free(run);
}

static int run_start(struct run *run, const struct ask_question *question)
{
	struct journal_ask_request request = {.kind = run->kind,
					      .timeout_ms = (int)question->timeout_ms,
					      .bytes = question->bytes};
	g_autofree char *text = g_malloc(JOURNAL_ASK_HEAD_MAX + question->bytes);
	size_t head = journal_ask_request_head(&request, text);
	const struct program_call_options options = {
		.request = text,
		.request_bytes = head + question->bytes,
		.answer_bytes_max = JOURNAL_ASK_HEAD_MAX + JOURNAL_ASK_BYTES_MAX,
		.timeout_ms = request.timeout_ms,
		.whole = is_whole,
	};

	memcpy(text + head, question->body, question->bytes);
	return program_call_new(run->answers->loop, run->answers->program, &options, on_end, run,
				&run->call);
}

/* Where this question can be answered. NULL: it is being answered (*ret_known), or no room. */
static struct run *run_find(struct answers *answers, uint32_t from, uint64_t id, bool *ret_known)
{
	struct run *room = NULL;
	size_t of_node = 0;

	*ret_known = false;
	for (size_t i = 0; i < ANSWERS_MAX; i++) {
		struct run *run = &answers->runs[i];

		if (run->call == NULL) {
			room = room == NULL ? run : room;
		} else if (run->from == from) {
			of_node++;
			*ret_known |= run->id == id;
		}
	}
	return *ret_known || of_node >= ANSWERS_PER_NODE_MAX ? NULL : room;
}

void answers_take(struct answers *answers, uint32_t from, const struct ask_question *question)
{
	bool known;
	struct run *run = run_find(answers, from, question->id, &known);
	int rc;

	if (known) {
		return;
	}
	if (question->kind >= 32 || (ANSWERS_KINDS & (UINT32_C(1) << question->kind)) == 0) {
		refusal_send(answers, from, question->id, ASK_UNKNOWN, "");
		return;
	}
	if (run == NULL) {
		refusal_send(answers, from, question->id, ASK_BUSY, "");
		return;
	}
	*run = (struct run){.answers = answers,
			    .from = from,
			    .id = question->id,
			    .kind = (enum journal_ask_kind)question->kind};
	rc = run_start(run, question);
	if (rc < 0) {
		char why[ASK_WHY_MAX + 1];

		(void)snprintf(why, sizeof(why), "lunmaskd there cannot start lunmask-answer: %s",
			       strerror(-rc));
		refusal_send(answers, from, question->id, ASK_FAILED, why);
	}
}

void answers_members(struct answers *answers, const uint32_t *nodes, size_t n)
{
	for (size_t i = 0; i < ANSWERS_MAX; i++) {
		struct run *run = &answers->runs[i];
		bool member = false;

		for (size_t k = 0; k < n; k++) {
			member |= nodes[k] == run->from;
		}
		if (run->call != NULL && !member) {
			run_free(run);
		}
	}
}

size_t answers_open(const struct answers *answers)
{
	size_t n = 0;

	for (size_t i = 0; i < ANSWERS_MAX; i++) {
		n += answers->runs[i].call != NULL;
	}
	return n;
}
