/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ask/ask_note.h"

static uint8_t buffer[ASK_NOTE_BYTES_MAX];

#define BODY ((const uint8_t *)"{}")

static void ask_note__has_these_bytes(void **state)
{
	static const uint8_t question[] = {1, 2, 0, 0, 0,    8, 7, 6, 5,   4,
					   3, 2, 1, 1, 0xe8, 3, 0, 0, '{', '}'};
	static const uint8_t answer[] = {1, 3, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1, 0, '{', '}'};
	static const uint8_t ready[] = {1, 0x0e, 0, 0, 0};
	const struct ask_question ask = {.to = 2,
					 .id = 0x0102030405060708,
					 .kind = JOURNAL_ASK_VERIFY,
					 .timeout_ms = 1000,
					 .body = BODY,
					 .bytes = 2};
	const struct ask_answer said = {.to = 3,
					.id = 0x0102030405060708,
					.status = ASK_ANSWERED,
					.body = BODY,
					.bytes = 2};

	(void)state;
	assert_int_equal(ask_question_encode(&ask, buffer), sizeof(question));
	assert_memory_equal(buffer, question, sizeof(question));
	assert_int_equal(ask_answer_encode(&said, buffer), sizeof(answer));
	assert_memory_equal(buffer, answer, sizeof(answer));
	assert_int_equal(ask_ready_encode(0x0e, buffer), sizeof(ready));
	assert_memory_equal(buffer, ready, sizeof(ready));
}

static void ask_note__decodes_what_it_has_encoded(void **state)
{
	struct ask_question ask = {.to = 2, .id = 7, .kind = 200, .timeout_ms = 60000}, asked;
	struct ask_answer said = {.to = 3, .id = 9, .status = ASK_FAILED}, heard;
	static uint8_t body[JOURNAL_ASK_BYTES_MAX];
	size_t bytes;

	(void)state;
	memset(body, 'x', sizeof(body));
	ask.body = body;
	ask.bytes = sizeof(body);
	bytes = ask_question_encode(&ask, buffer);
	assert_int_equal(bytes, ASK_NOTE_BYTES_MAX);
	assert_int_equal(ask_question_decode(buffer, bytes, &asked), 0);
	assert_int_equal(asked.kind, 200); /* of a newer sender */
	assert_int_equal(asked.bytes, sizeof(body));
	assert_memory_equal(asked.body, body, sizeof(body));
	bytes = ask_answer_encode(&said, buffer);
	assert_int_equal(ask_answer_decode(buffer, bytes, &heard), 0);
	assert_int_equal(heard.status, ASK_FAILED);
	assert_int_equal(heard.bytes, 0);
}

/* Cut at each byte, and copied so that a sanitizer sees what is behind it. */
static void ask_note__refuses_what_is_cut(void **state)
{
	const struct ask_question ask = {
		.to = 2, .id = 7, .kind = 1, .timeout_ms = 1, .body = BODY, .bytes = 1};
	size_t bytes = ask_question_encode(&ask, buffer);
	struct ask_question asked;
	struct ask_answer heard;
	uint32_t kinds;

	(void)state;
	for (size_t i = 0; i < bytes; i++) {
		uint8_t *copy = malloc(i + 1);

		memcpy(copy, buffer, i);
		assert_int_equal(ask_question_decode(copy, i, &asked), -EBADMSG);
		free(copy);
	}
	assert_int_equal(ask_answer_decode(buffer, 13, &heard), -EBADMSG);
	assert_int_equal(ask_ready_decode(buffer, 4, &kinds), -EBADMSG);
}

static void ask_note__refuses_what_is_not_legal(void **state)
{
	struct ask_question ask = {
		.to = 2, .id = 7, .kind = 1, .timeout_ms = 0, .body = BODY, .bytes = 2};
	struct ask_answer said = {.status = ASK_ANSWERED}, heard;
	struct ask_question asked;
	static uint8_t body[ASK_WHY_MAX + 1];
	size_t bytes = ask_question_encode(&ask, buffer);

	(void)state;
	assert_int_equal(ask_question_decode(buffer, bytes, &asked), -EBADMSG);
	ask.timeout_ms = JOURNAL_ASK_TIMEOUT_MAX_MS + 1;
	bytes = ask_question_encode(&ask, buffer);
	assert_int_equal(ask_question_decode(buffer, bytes, &asked), -EBADMSG);
	ask.timeout_ms = 1;
	bytes = ask_question_encode(&ask, buffer);
	assert_int_equal(ask_question_decode(buffer, bytes, &asked), 0);
	buffer[0] = 2; /* another version */
	assert_int_equal(ask_question_decode(buffer, bytes, &asked), -EBADMSG);
	bytes = ask_answer_encode(&said, buffer); /* answered, and nothing said */
	assert_int_equal(ask_answer_decode(buffer, bytes, &heard), -EBADMSG);
	said = (struct ask_answer){.status = ASK_FAILED, .body = body, .bytes = sizeof(body)};
	bytes = ask_answer_encode(&said, buffer);
	assert_int_equal(ask_answer_decode(buffer, bytes, &heard), -EBADMSG);
	buffer[13] = ASK_STATUS_MAX;
	assert_int_equal(ask_answer_decode(buffer, 14, &heard), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ask_note__has_these_bytes),
		cmocka_unit_test(ask_note__decodes_what_it_has_encoded),
		cmocka_unit_test(ask_note__refuses_what_is_cut),
		cmocka_unit_test(ask_note__refuses_what_is_not_legal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
