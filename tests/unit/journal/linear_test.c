/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <string.h>

#include "tests/journal/linear.h"
#include "tests/unit/test.h"

/*
 * Histories that the journal must not have are found, and ones that it may have are not. Lines as
 * in event.h; times are ns. a, b... are operations.
 */
static struct linear_figures figures;

static bool good(const char *first, ...) __attribute__((sentinel));

static bool good(const char *first, ...)
{
	struct linear *linear = linear_new();
	GString *report = g_string_new(NULL);
	struct event event;
	bool ret;
	va_list args;

	va_start(args, first);
	for (const char *line = first; line != NULL; line = va_arg(args, const char *)) {
		assert_int_equal(event_from_str(line, &event), 0);
		assert_int_equal(linear_event(linear, &event), 0);
	}
	va_end(args);
	ret = linear_check(linear, report, &figures);
	assert_int_equal(ret, report->len == 0);
	g_string_free(report, TRUE);
	linear_free(linear);
	return ret;
}

/* a makes 1.1 at 10..20, b makes 1.2 of it at 30..40. */
#define A "I 10 a w vm 0.0 0 1.1", "R 20 a done 0 - -"
#define B "I 30 b w vm 1.1 a 1.2", "R 40 b done 0 - -"
#define LAST_A "I 900 f f vm 0.0 0 0.0", "R 901 f done 0 1.1 a"
#define LAST_B "I 900 f f vm 0.0 0 0.0", "R 901 f done 0 1.2 b"

static void linear_check__accepts_writes_in_order(void **state)
{
	(void)state;
	assert_true(good(A, B, LAST_B, NULL));
	assert_int_equal(figures.done, 2);
	assert_int_equal(figures.vms, 1);
}

static void linear_check__finds_a_lost_write(void **state)
{
	(void)state;
	assert_false(good(A, B, LAST_A, NULL));
}

static void linear_check__finds_a_lost_first_write(void **state)
{
	(void)state;
	assert_false(good(A, "I 900 f f vm 0.0 0 0.0", "R 901 f done 0 0.0 0", NULL));
}

static void linear_check__finds_two_winners(void **state)
{
	(void)state;
	assert_false(good(A, B, "I 30 c w vm 1.1 a 1.2", "R 41 c done 0 - -", LAST_B, NULL));
}

static void linear_check__finds_writes_out_of_order(void **state)
{
	(void)state;
	/* b replaced what a was asked to make only after b was acknowledged. */
	assert_false(good("I 50 a w vm 0.0 0 1.1", "R 60 a done 0 - -", B, LAST_B, NULL));
}

static void linear_check__finds_a_read_of_the_past(void **state)
{
	(void)state;
	assert_false(good(A, B, "I 50 e r vm 0.0 0 0.0", "R 60 e done 0 1.1 a", LAST_B, NULL));
	assert_false(good(A, "I 50 e r vm 0.0 0 0.0", "R 60 e done 0 0.0 0", LAST_A, NULL));
}

static void linear_check__accepts_a_read_beside_a_write(void **state)
{
	(void)state;
	assert_true(good(A, B, "I 35 e r vm 0.0 0 0.0", "R 36 e done 0 1.1 a", LAST_B, NULL));
	assert_true(good(A, B, "I 35 e r vm 0.0 0 0.0", "R 36 e done 0 1.2 b", LAST_B, NULL));
}

static void linear_check__finds_reads_that_go_back(void **state)
{
	(void)state;
	assert_false(good(A, "I 30 b w vm 1.1 a 1.2", "R 80 b done 0 - -", "I 40 d r vm 0.0 0 0.0",
			  "R 45 d done 0 1.2 b", "I 50 e r vm 0.0 0 0.0", "R 55 e done 0 1.1 a",
			  LAST_B, NULL));
}

static void linear_check__finds_a_read_of_the_future(void **state)
{
	(void)state;
	assert_false(good(A, B, "I 21 e r vm 0.0 0 0.0", "R 25 e done 0 1.2 b", LAST_B, NULL));
}

static void linear_check__finds_a_read_of_nobodys_write(void **state)
{
	(void)state;
	assert_false(good(A, "I 21 e r vm 0.0 0 0.0", "R 25 e done 0 1.2 cc", LAST_A, NULL));
}

static void linear_check__lets_an_unknown_write_be_either(void **state)
{
	(void)state;
	assert_true(good(A, "I 30 b w vm 1.1 a 1.2", "R 40 b unknown 0 - -", LAST_A, NULL));
	assert_true(good(A, "I 30 b w vm 1.1 a 1.2", "R 40 b unknown 0 - -", LAST_B, NULL));
	assert_int_equal(figures.unknown_done, 1);
	assert_true(good(A, "I 30 b w vm 1.1 a 1.2", LAST_B, NULL));
	/* Seen by one, so it happened. */
	assert_false(good(A, "I 30 b w vm 1.1 a 1.2", "I 50 e r vm 0.0 0 0.0",
			  "R 55 e done 0 1.2 b", LAST_A, NULL));
}

static void linear_check__finds_a_read_of_what_was_dropped(void **state)
{
	(void)state;
	assert_false(good(A, "I 30 b w vm 1.1 a 1.2", "I 5 e r vm 0.0 0 0.0", "R 55 e done 0 1.2 b",
			  LAST_A, NULL));
}

static void linear_check__finds_another_version_than_was_made(void **state)
{
	(void)state;
	assert_false(good(A, "I 900 f f vm 0.0 0 0.0", "R 901 f done 0 1.3 a", NULL));
}

static void linear_check__finds_an_effect_that_was_denied(void **state)
{
	(void)state;
	assert_false(good(A, "I 30 b w vm 1.1 a 1.2", "R 40 b never 0 - -", LAST_B, NULL));
	assert_false(good(A, "I 30 b w vm 1.1 a 1.2", "R 40 b refused -116 - -", LAST_B, NULL));
}

static void linear_check__finds_a_refusal_without_a_reason(void **state)
{
	(void)state;
	assert_false(good(A, "I 30 b w vm 1.1 a 1.2", "R 40 b refused -116 - -", LAST_A, NULL));
	assert_true(good(A, B, "I 35 c w vm 1.1 a 1.2", "R 40 c refused -116 - -", LAST_B, NULL));
	assert_false(good(A, B, "I 50 c w vm 1.2 b 1.3", "R 55 c refused -22 - -", LAST_B, NULL));
}

static void linear_check__finds_nodes_that_differ(void **state)
{
	(void)state;
	assert_false(good(A, "I 30 b w vm 1.1 a 1.2", LAST_A, "I 910 d f vm 0.0 0 0.0",
			  "R 911 d done 0 1.2 b", NULL));
	assert_false(good(A, "I 30 b w vm 1.1 a 1.2", "I 30 c w vm 1.1 a 1.2", LAST_B,
			  "I 910 d f vm 0.0 0 0.0", "R 911 d done 0 1.2 c", NULL));
}

static void linear_check__goes_on_behind_a_final_read(void **state)
{
	(void)state;
	assert_true(good(A, "I 25 e f vm 0.0 0 0.0", "R 26 e done 0 1.1 a", B, LAST_B, NULL));
	assert_false(good(A, "I 25 e f vm 0.0 0 0.0", "R 26 e done 0 0.0 0", B, LAST_B, NULL));
}

static void linear_check__wants_a_final_read(void **state)
{
	(void)state;
	assert_false(good(A, B, NULL));
}

static void linear_check__takes_vms_one_by_one(void **state)
{
	(void)state;
	assert_true(good(A, "I 1 c w other 0.0 0 1.1", "R 2 c done 0 - -", LAST_A,
			 "I 900 d f other 0.0 0 0.0", "R 901 d done 0 1.1 c", NULL));
	assert_int_equal(figures.vms, 2);
	/* Another VM's write is no write of this one. */
	assert_false(good("I 1 c w other 0.0 0 1.1", "R 2 c done 0 - -",
			  "I 900 d f other 0.0 0 0.0", "R 901 d done 0 1.1 c",
			  "I 900 f f vm 0.0 0 0.0", "R 901 f done 0 1.1 c", NULL));
}

static void linear_event__refuses_what_is_told_twice(void **state)
{
	struct linear *linear = linear_new();
	struct event event;

	(void)state;
	assert_int_equal(event_from_str("R 20 a done 0 - -", &event), 0);
	assert_int_equal(linear_event(linear, &event), 0);
	assert_int_equal(linear_event(linear, &event), -EBADMSG);
	linear_free(linear);
}

static void event_to_str__is_read_back(void **state)
{
	static const char *const lines[] = {
		"I 10 000000000000000a w load-s1 3.7 00000000000000ff 3.8\n",
		"R 11 000000000000000a refused -116 3.9 00000000000000fe\n",
		"R 11 000000000000000a done 0 - -\n",
	};
	char line[EVENT_LINE_MAX];
	struct event event;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		assert_int_equal(event_from_str(lines[i], &event), 0);
		event_to_str(&event, line);
		assert_string_equal(line, lines[i]);
	}
	assert_int_equal(event_from_str("I 10 a x vm 0.0 0 1.1", &event), -EBADMSG);
	assert_int_equal(event_from_str("R 10 a maybe 0 - -", &event), -EBADMSG);
	assert_int_equal(event_from_str("", &event), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(linear_check__accepts_writes_in_order),
		cmocka_unit_test(linear_check__finds_a_lost_write),
		cmocka_unit_test(linear_check__finds_a_lost_first_write),
		cmocka_unit_test(linear_check__finds_two_winners),
		cmocka_unit_test(linear_check__finds_writes_out_of_order),
		cmocka_unit_test(linear_check__finds_a_read_of_the_past),
		cmocka_unit_test(linear_check__accepts_a_read_beside_a_write),
		cmocka_unit_test(linear_check__finds_reads_that_go_back),
		cmocka_unit_test(linear_check__finds_a_read_of_the_future),
		cmocka_unit_test(linear_check__finds_a_read_of_nobodys_write),
		cmocka_unit_test(linear_check__lets_an_unknown_write_be_either),
		cmocka_unit_test(linear_check__finds_a_read_of_what_was_dropped),
		cmocka_unit_test(linear_check__finds_another_version_than_was_made),
		cmocka_unit_test(linear_check__finds_an_effect_that_was_denied),
		cmocka_unit_test(linear_check__finds_a_refusal_without_a_reason),
		cmocka_unit_test(linear_check__finds_nodes_that_differ),
		cmocka_unit_test(linear_check__goes_on_behind_a_final_read),
		cmocka_unit_test(linear_check__wants_a_final_read),
		cmocka_unit_test(linear_check__takes_vms_one_by_one),
		cmocka_unit_test(linear_event__refuses_what_is_told_twice),
		cmocka_unit_test(event_to_str__is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
