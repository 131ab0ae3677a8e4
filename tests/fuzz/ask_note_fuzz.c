/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * libFuzzer target: questions and answers of a node that has the key, and what lunmask-answer may
 * write. The first byte says which of them it is.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ask/asks.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t ends;

static void on_done(void *user, const struct ask_end *end)
{
	(void)user;
	ends++;
	must(end->token == 1);
	must(end->rc == 0 ? end->bytes > 0 && end->bytes <= JOURNAL_ASK_BYTES_MAX
			  : strlen(end->why) <= ASK_WHY_MAX);
}

static void answer(const uint8_t *data, size_t size)
{
	struct asks *asks = asks_new(0, on_done, NULL);
	struct ask_answer said;
	const char *why;
	uint64_t id;

	ends = 0;
	asks_ready(asks, 2, UINT32_MAX);
	must(asks_put(asks, 0, 1, 2, JOURNAL_ASK_VERIFY, 10, &id, &why) == 0);
	if (ask_answer_decode(data, size, &said) == 0) {
		static uint8_t again[ASK_NOTE_BYTES_MAX];

		must(ask_answer_encode(&said, again) == size && memcmp(again, data, size) == 0);
		asks_take(asks, 2, &said);
		asks_take(asks, 2, &said);
	}
	asks_on_time(asks, 10);
	must(ends == 1);
	asks_free(asks);
}

static void question(const uint8_t *data, size_t size)
{
	static uint8_t again[ASK_NOTE_BYTES_MAX];
	struct ask_question asked;
	uint32_t kinds;

	if (ask_question_decode(data, size, &asked) == 0) {
		must(ask_question_encode(&asked, again) == size && memcmp(again, data, size) == 0);
	}
	(void)ask_ready_decode(data, size, &kinds);
}

static void program(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct journal_ask_request request;
	const char *body;
	size_t bytes;

	memcpy(text, data, size);
	if (journal_ask_answer_see(text, size, &body, &bytes) == JOURNAL_ASK_WHOLE) {
		must(body >= text && body + bytes <= text + size && bytes > 0);
	}
	if (journal_ask_request_see(text, size, &request) == JOURNAL_ASK_WHOLE) {
		must(request.body >= text && request.body + request.bytes <= text + size);
		must(journal_ask_kind_to_str(request.kind) != NULL && request.timeout_ms > 0);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const targets[])(const uint8_t *data, size_t size) = {answer, question,
									    program};

	if (size > 0) {
		targets[data[0] % 3](data + 1, size - 1);
	}
	return 0;
}
