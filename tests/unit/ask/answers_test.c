/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask/answers.h"

struct fixture {
	qb_loop_t *loop;
	char path[40];
	struct program program;
	struct answers *answers;
	int sent;
	struct ask_answer last; /* body NULL */
	char body[ASK_WHY_MAX + 1];
};

static void on_send(void *user, const struct ask_answer *answer)
{
	struct fixture *fixture = user;

	fixture->sent++;
	fixture->last = *answer;
	fixture->last.body = NULL;
	(void)snprintf(fixture->body, sizeof(fixture->body), "%.*s", (int)answer->bytes,
		       (const char *)answer->body);
	qb_loop_stop(fixture->loop);
}

static int setup(void **state)
{
	struct fixture *fixture = g_new0(struct fixture, 1);
	int fd;

	(void)strcpy(fixture->path, "/tmp/answers-XXXXXX");
	fd = mkstemp(fixture->path);
	fixture->program = (struct program){.socket = "/nonexistent/s", .path = fixture->path};
	fixture->loop = qb_loop_create();
	fixture->answers = answers_new(fixture->loop, &fixture->program, on_send, fixture);
	*state = fixture;
	return fd < 0 || close(fd) < 0 || chmod(fixture->path, 0700) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	answers_free(fixture->answers);
	(void)unlink(fixture->path);
	qb_loop_destroy(fixture->loop);
	g_free(fixture);
	return undo_all(state);
}

static void program_make(const struct fixture *fixture, const char *script)
{
	int fd = open(fixture->path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(dprintf(fd, "#!/bin/sh\n%s\n", script) > 0);
	(void)close(fd);
}

static void ask(struct fixture *fixture, uint32_t from, uint64_t id, uint8_t kind,
		uint32_t timeout_ms)
{
	const struct ask_question question = {.to = 1,
					      .id = id,
					      .kind = kind,
					      .timeout_ms = timeout_ms,
					      .body = (const uint8_t *)"{\"a\":1}",
					      .bytes = 7};

	answers_take(fixture->answers, from, &question);
}

static void answers__sends_what_the_program_says(void **state)
{
	struct fixture *fixture = *state;

	program_make(fixture, "read ask kind ms bytes; body=$(head -c \"$bytes\")\n"
			      "out=\"$kind $ms $body\"; printf 'answer %d\\n%s' ${#out} \"$out\"");
	ask(fixture, 2, 77, JOURNAL_ASK_PREFLIGHT, 60000);
	qb_loop_run(fixture->loop);
	assert_int_equal(fixture->sent, 1);
	assert_int_equal(fixture->last.to, 2);
	assert_int_equal(fixture->last.id, 77);
	assert_int_equal(fixture->last.status, ASK_ANSWERED);
	assert_string_equal(fixture->body, "preflight 60000 {\"a\":1}");
	assert_int_equal(answers_open(fixture->answers), 0);
}

static void answers__says_what_is_wrong_with_a_program(void **state)
{
	static const struct {
		const char *script, *why;
	} cases[] = {
		{"exit 0", "ended without an answer"},
		{"echo answer 100; echo {}", "ended without an answer"},
		{"echo garbage; exec sleep 1800", "ended without an answer"},
		{"echo answer 999999999; exec cat /dev/zero", "ended without an answer"},
		{"exec cat /dev/zero", "ended without an answer"},
		{"echo answer -1; exec sleep 1800", "ended without an answer"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		program_make(fixture, cases[i].script);
		ask(fixture, 2, i, JOURNAL_ASK_VERIFY, 60000);
		qb_loop_run(fixture->loop);
		assert_int_equal(fixture->last.id, i);
		assert_int_equal(fixture->last.status, ASK_FAILED);
		assert_non_null(strstr(fixture->body, cases[i].why));
	}
	assert_int_equal(fixture->sent, G_N_ELEMENTS(cases));
}

static void answers__does_not_wait_for_a_program_that_hangs(void **state)
{
	struct fixture *fixture = *state;

	program_make(fixture, "exec sleep 1800");
	ask(fixture, 2, 1, JOURNAL_ASK_VERIFY, 1);
	qb_loop_run(fixture->loop);
	assert_int_equal(fixture->last.status, ASK_FAILED);
	assert_non_null(strstr(fixture->body, "in time"));
	assert_int_equal(answers_open(fixture->answers), 0);
}

static void answers__are_so_many_and_no_more(void **state)
{
	struct fixture *fixture = *state;
	uint64_t id = 0;

	program_make(fixture, "exec sleep 1800");
	for (; id < ANSWERS_PER_NODE_MAX; id++) {
		ask(fixture, 2, id, JOURNAL_ASK_VERIFY, 60000);
	}
	assert_int_equal(fixture->sent, 0);
	ask(fixture, 2, id++, JOURNAL_ASK_VERIFY, 60000);
	assert_int_equal(fixture->sent, 1);
	assert_int_equal(fixture->last.status, ASK_BUSY);
	for (; answers_open(fixture->answers) < ANSWERS_MAX; id++) {
		ask(fixture, 3, id, JOURNAL_ASK_VERIFY, 60000);
	}
	ask(fixture, 4, id++, JOURNAL_ASK_VERIFY, 60000);
	assert_int_equal(fixture->sent, 2);
	assert_int_equal(fixture->last.to, 4);
	assert_int_equal(fixture->last.status, ASK_BUSY);
}

static void answers__answers_a_question_once(void **state)
{
	struct fixture *fixture = *state;

	program_make(fixture, "exec sleep 1800");
	ask(fixture, 2, 1, JOURNAL_ASK_VERIFY, 60000);
	ask(fixture, 2, 1, JOURNAL_ASK_VERIFY, 60000);
	ask(fixture, 3, 1, JOURNAL_ASK_VERIFY, 60000);
	assert_int_equal(answers_open(fixture->answers), 2);
	assert_int_equal(fixture->sent, 0);
}

static void answers__ends_what_nobody_waits_for(void **state)
{
	struct fixture *fixture = *state;
	static const uint32_t nodes[] = {1, 3};

	program_make(fixture, "exec sleep 1800");
	ask(fixture, 2, 1, JOURNAL_ASK_VERIFY, 60000);
	ask(fixture, 3, 1, JOURNAL_ASK_VERIFY, 60000);
	answers_members(fixture->answers, nodes, G_N_ELEMENTS(nodes));
	assert_int_equal(answers_open(fixture->answers), 1);
	assert_int_equal(fixture->sent, 0);
}

static void answers__refuses_what_it_does_not_know(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, 2, 1, 0, 60000);
	assert_int_equal(fixture->last.status, ASK_UNKNOWN);
	ask(fixture, 2, 2, JOURNAL_ASK_KIND_MAX, 60000);
	ask(fixture, 2, 3, 255, 60000);
	assert_int_equal(fixture->last.status, ASK_UNKNOWN);
	assert_int_equal(fixture->sent, 3);
	(void)unlink(fixture->path);
	ask(fixture, 2, 4, JOURNAL_ASK_VERIFY, 60000);
	assert_int_equal(fixture->last.status, ASK_FAILED);
	assert_non_null(strstr(fixture->body, "cannot start lunmask-answer"));
	assert_int_equal(answers_open(fixture->answers), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers__sends_what_the_program_says),
		TEST(answers__says_what_is_wrong_with_a_program),
		TEST(answers__does_not_wait_for_a_program_that_hangs),
		TEST(answers__are_so_many_and_no_more),
		TEST(answers__answers_a_question_once),
		TEST(answers__ends_what_nobody_waits_for),
		TEST(answers__refuses_what_it_does_not_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
