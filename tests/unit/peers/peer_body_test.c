/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "peers/peer_body.h"

static void question__is_what_was_asked(void **state)
{
	static const struct peer_needs needs = {.flash = true};
	char *text = peer_question_encode("web1", "<domain/>", &needs);
	struct peer_question question;

	(void)state;
	assert_string_equal(
		text,
		"{\"vm\":\"web1\",\"definition\":\"<domain/>\",\"flash\":true,\"tpm\":false}");
	assert_int_equal(peer_question_decode(text, strlen(text), &question, NULL), 0);
	assert_string_equal(question.vm, "web1");
	assert_string_equal(question.definition, "<domain/>");
	assert_true(question.needs.flash);
	assert_false(question.needs.tpm);
	peer_question_release(&question);
	free(text);
	text = peer_question_encode("web1", NULL, NULL);
	assert_int_equal(peer_question_decode(text, strlen(text), &question, NULL), 0);
	assert_null(question.definition);
	free(text);
	assert_null(peer_question_encode("\xff", NULL, NULL));
}

static void question__that_is_not_legal_is_refused(void **state)
{
	static const char *const texts[] = {"",
					    "[]",
					    "{",
					    "{}",
					    "{\"vm\":\"\"}",
					    "{\"vm\":1}",
					    "{\"vm\":\"a\",\"definition\":1}"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		struct peer_question question;
		struct err err = ERR_INIT;

		assert_int_equal(peer_question_decode(texts[i], strlen(texts[i]), &question, &err),
				 -EINVAL);
		assert_true(strlen(err_text(&err)) > 0);
		peer_question_release(&question);
	}
}

static void reply__says_what_was_seen(void **state)
{
	struct peer_reply reply = {.host = "node2 -", .state = DOMAIN_STATE_MAX}, back;

	(void)state;
	for (int i = 0; i <= DOMAIN_STATE_MAX; i++) {
		char *text;

		reply.state = (enum domain_state)i;
		text = peer_reply_encode(&reply);
		assert_int_equal(peer_reply_decode(text, strlen(text), &back, NULL), 0);
		assert_int_equal(back.state, i);
		assert_int_equal(back.rc, 0);
		assert_string_equal(back.host, "node2 -");
		free(text);
	}
	reply.state = DOMAIN_PAUSED_IO_ERROR;
	{
		char *text = peer_reply_encode(&reply);

		assert_string_equal(
			text, "{\"ok\":true,\"host\":\"node2 -\",\"state\":\"PAUSED_IO_ERROR\"}");
		free(text);
	}
}

static void reply__says_what_went_wrong(void **state)
{
	static const int errors[] = {EEXIST, ENOSPC, ENOTSUP, EIO, ECONNREFUSED, ETIMEDOUT, EINVAL};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(errors); i++) {
		struct peer_reply reply = {.rc = -errors[i], .text = "not\nso \xff"}, back;
		char *text = peer_reply_encode(&reply);

		assert_int_equal(peer_reply_decode(text, strlen(text), &back, NULL), 0);
		assert_int_equal(back.rc, -errors[i]);
		assert_string_equal(back.text, "not?so ?");
		assert_int_equal(back.state, DOMAIN_STATE_MAX);
		free(text);
	}
}

static void reply__that_is_not_legal_is_no_answer(void **state)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{}",
		"{\"ok\":true}",
		"{\"ok\":1,\"host\":\"\"}",
		"{\"ok\":true,\"host\":\"\",\"state\":\"FLYING\"}",
		"{\"ok\":true,\"host\":\"\",\"state\":1}",
		"{\"ok\":false,\"host\":\"\"}",
		"{\"ok\":false,\"host\":\"\",\"error\":\"x\",\"errno_name\":\"ENONE\"}",
		"{\"ok\":true,\"ok\":false,\"host\":\"\"}",
	};
	struct peer_reply reply;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		assert_int_equal(peer_reply_decode(texts[i], strlen(texts[i]), &reply, NULL),
				 -EPROTO);
	}
	/* What a newer one adds is none of ours. */
	assert_int_equal(
		peer_reply_decode("{\"ok\":true,\"host\":\"\",\"new\":1}", 29, &reply, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(question__is_what_was_asked),
		cmocka_unit_test(question__that_is_not_legal_is_refused),
		cmocka_unit_test(reply__says_what_was_seen),
		cmocka_unit_test(reply__says_what_went_wrong),
		cmocka_unit_test(reply__that_is_not_legal_is_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
