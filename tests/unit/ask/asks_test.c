/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "ask/asks.h"

#define VERIFY_ONLY (UINT32_C(1) << JOURNAL_ASK_VERIFY)
#define NOW 1000
#define FIRST_ID 500

struct fixture {
	struct asks *asks;
	GString *ends; /* "TOKEN RC BODY-OR-WHY;" of each */
};

static void on_done(void *user, const struct ask_end *end)
{
	struct fixture *fixture = user;

	g_string_append_printf(fixture->ends, "%d %d %.*s;", (int)end->token, end->rc,
			       end->rc == 0 ? (int)end->bytes : 200,
			       end->rc == 0 ? (const char *)end->body : end->why);
}

static int setup(void **state)
{
	struct fixture *fixture = g_new0(struct fixture, 1);
	static const uint32_t nodes[] = {1, 2, 3};

	fixture->ends = g_string_new(NULL);
	fixture->asks = asks_new(FIRST_ID, on_done, fixture);
	asks_members(fixture->asks, nodes, G_N_ELEMENTS(nodes));
	asks_ready(fixture->asks, 2, VERIFY_ONLY);
	asks_ready(fixture->asks, 3, VERIFY_ONLY);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	asks_free(fixture->asks);
	(void)g_string_free(fixture->ends, TRUE);
	g_free(fixture);
	return 0;
}

static int put(struct fixture *fixture, uint64_t token, uint32_t node, int timeout_ms,
	       uint64_t *ret_id)
{
	const char *why = NULL;
	int rc = asks_put(fixture->asks, NOW, token, node, JOURNAL_ASK_VERIFY, timeout_ms, ret_id,
			  &why);

	assert_true((rc == 0) == (why == NULL));
	return rc;
}

static void take(struct fixture *fixture, uint32_t from, uint64_t id, enum ask_status status,
		 const char *body)
{
	const struct ask_answer answer = {.to = 1,
					  .id = id,
					  .status = status,
					  .body = (const uint8_t *)body,
					  .bytes = strlen(body)};

	asks_take(fixture->asks, from, &answer);
}

static void ended(struct fixture *fixture, const char *ends)
{
	assert_string_equal(fixture->ends->str, ends);
	g_string_truncate(fixture->ends, 0);
}

static void asks__gives_each_answer_to_who_has_asked(void **state)
{
	struct fixture *fixture = *state;
	uint64_t one = 0, other = 0;

	assert_int_equal(put(fixture, 11, 2, 100, &one), 0);
	assert_int_equal(put(fixture, 12, 3, 100, &other), 0);
	assert_int_equal(one, FIRST_ID);
	assert_int_not_equal(one, other);
	take(fixture, 3, other, ASK_ANSWERED, "{3}");
	ended(fixture, "12 0 {3};");
	take(fixture, 2, one, ASK_ANSWERED, "{2}");
	ended(fixture, "11 0 {2};");
	assert_int_equal(asks_open(fixture->asks), 0);
	assert_int_equal(asks_stray(fixture->asks), 0);
}

static void asks__drops_what_nobody_waits_for(void **state)
{
	struct fixture *fixture = *state;
	uint64_t id = 0;

	assert_int_equal(put(fixture, 11, 2, 100, &id), 0);
	take(fixture, 2, id + 1, ASK_ANSWERED, "unknown");
	take(fixture, 3, id, ASK_ANSWERED, "another node's");
	ended(fixture, "");
	take(fixture, 2, id, ASK_ANSWERED, "{}");
	take(fixture, 2, id, ASK_ANSWERED, "twice");
	ended(fixture, "11 0 {};");
	assert_int_equal(asks_stray(fixture->asks), 3);
}

static void asks__forgets_what_is_not_answered_in_time(void **state)
{
	struct fixture *fixture = *state;
	uint64_t id = 0, later = 0;

	assert_true(asks_next_ms(fixture->asks) == INT64_MAX);
	assert_int_equal(put(fixture, 11, 2, 100, &id), 0);
	assert_int_equal(put(fixture, 12, 2, 200, &later), 0);
	assert_int_equal(asks_next_ms(fixture->asks), NOW + 100);
	asks_on_time(fixture->asks, NOW + 99);
	ended(fixture, "");
	asks_on_time(fixture->asks, NOW + 100);
	assert_non_null(strstr(fixture->ends->str, "in time"));
	assert_true(g_str_has_prefix(fixture->ends->str, "11 -110 "));
	assert_int_equal(asks_next_ms(fixture->asks), NOW + 200);
	take(fixture, 2, id, ASK_ANSWERED, "late");
	assert_int_equal(asks_stray(fixture->asks), 1);
	assert_int_equal(asks_open(fixture->asks), 1);
}

static void asks__asks_nobody_who_has_not_said_that_he_answers(void **state)
{
	struct fixture *fixture = *state;
	const char *why = NULL;
	uint64_t id;

	assert_int_equal(put(fixture, 11, 4, 100, &id), -EOPNOTSUPP);
	assert_int_equal(asks_put(fixture->asks, NOW, 11, 2, JOURNAL_ASK_DOMAIN, 100, &id, &why),
			 -EOPNOTSUPP);
	asks_ready(fixture->asks, 2, 0); /* it was replaced by another release */
	assert_int_equal(put(fixture, 11, 2, 100, &id), -EOPNOTSUPP);
	assert_int_equal(asks_open(fixture->asks), 0);
}

static void asks__ends_the_questions_to_a_node_that_leaves(void **state)
{
	struct fixture *fixture = *state;
	static const uint32_t without_2[] = {1, 3}, all[] = {1, 2, 3};
	uint64_t id, other;

	assert_int_equal(put(fixture, 11, 2, 100, &id), 0);
	assert_int_equal(put(fixture, 12, 3, 100, &other), 0);
	asks_members(fixture->asks, without_2, G_N_ELEMENTS(without_2));
	assert_true(g_str_has_prefix(fixture->ends->str, "11 -112 "));
	assert_int_equal(asks_open(fixture->asks), 1);
	/* Back, perhaps as an older release. */
	asks_members(fixture->asks, all, G_N_ELEMENTS(all));
	assert_int_equal(put(fixture, 13, 2, 100, &id), -EOPNOTSUPP);
	asks_ready(fixture->asks, 2, VERIFY_ONLY);
	assert_int_equal(put(fixture, 13, 2, 100, &id), 0);
}

static void asks__limits_what_is_open(void **state)
{
	struct fixture *fixture = *state;
	uint64_t id = 0;

	for (int i = 0; i < ASKS_PER_NODE_MAX; i++) {
		assert_int_equal(put(fixture, 100 + (uint64_t)i, 2, 100, &id), 0);
	}
	assert_int_equal(put(fixture, 11, 2, 100, &id), -EAGAIN);
	assert_int_equal(put(fixture, 11, 3, 100, &id), 0);
	asks_cancel(fixture->asks, 100);
	assert_int_equal(put(fixture, 12, 2, 100, &id), 0);
	for (uint32_t node = 10; asks_open(fixture->asks) < ASKS_MAX; node++) {
		asks_ready(fixture->asks, node, VERIFY_ONLY);
		assert_int_equal(put(fixture, 20, node, 100, &id), 0);
	}
	assert_int_equal(put(fixture, 21, 3, 100, &id), -EAGAIN);
	ended(fixture, "");
}

static void asks__tells_nobody_about_what_was_cancelled(void **state)
{
	struct fixture *fixture = *state;
	uint64_t id = 0;

	assert_int_equal(put(fixture, 11, 2, 100, &id), 0);
	asks_cancel(fixture->asks, 11);
	asks_cancel(fixture->asks, 12);
	take(fixture, 2, id, ASK_ANSWERED, "{}");
	asks_on_time(fixture->asks, INT64_MAX);
	ended(fixture, "");
}

static void asks__says_why_there_is_no_answer(void **state)
{
	static const struct {
		enum ask_status status;
		const char *body, *end;
	} cases[] = {
		{ASK_BUSY, "", "1 -11 that node answers as many questions as it can;"},
		{ASK_UNKNOWN, "", "1 -95 that node does not know such a question;"},
		{ASK_FAILED, "it \x1b[31mhangs\n", "1 -5 it ?[31mhangs?;"},
		{ASK_FAILED, "", "1 -5 ;"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		uint64_t id = 0;

		assert_int_equal(put(fixture, 1, 2, 100, &id), 0);
		take(fixture, 2, id, cases[i].status, cases[i].body);
		ended(fixture, cases[i].end);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(asks__gives_each_answer_to_who_has_asked),
		TEST(asks__drops_what_nobody_waits_for),
		TEST(asks__forgets_what_is_not_answered_in_time),
		TEST(asks__asks_nobody_who_has_not_said_that_he_answers),
		TEST(asks__ends_the_questions_to_a_node_that_leaves),
		TEST(asks__limits_what_is_open),
		TEST(asks__tells_nobody_about_what_was_cancelled),
		TEST(asks__says_why_there_is_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
