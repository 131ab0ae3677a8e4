/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "cutoff/cutoff.h"

/* The clock goes on to what is due next, which must be this. */
static void due(const struct cutoff *cutoff, int64_t *now_ms, enum cutoff_act act, int64_t in_ms)
{
	int64_t at_ms;
	enum cutoff_act now = cutoff_next(cutoff, *now_ms, &at_ms);

	if (now == CUTOFF_WAIT) {
		assert_int_equal(at_ms - *now_ms, in_ms);
		*now_ms = at_ms;
		now = cutoff_next(cutoff, *now_ms, &at_ms);
	} else {
		assert_int_equal(0, in_ms);
	}
	assert_int_equal(now, act);
}

static void looked(struct cutoff *cutoff, int64_t *now_ms, int64_t in_ms, enum cutoff_answer answer)
{
	due(cutoff, now_ms, CUTOFF_QUERY, in_ms);
	cutoff_queried(cutoff, answer, true, answer == CUTOFF_FENCED, *now_ms);
}

/* Open, and nothing has happened for long. */
static struct cutoff quiet(int64_t *now_ms)
{
	struct cutoff cutoff;

	cutoff_init(&cutoff, *now_ms);
	looked(&cutoff, now_ms, 0, CUTOFF_OPEN);
	looked(&cutoff, now_ms, CUTOFF_BUSY_MS, CUTOFF_OPEN);
	*now_ms += 5000;
	return cutoff;
}

static void cutoff__looks_at_once_after_an_event_and_then_more_and_more_seldom(void **state)
{
	static const int64_t waits[] = {0, 1000, 2000, 4000, 8000, CUTOFF_BUSY_MS, CUTOFF_BUSY_MS};

	(void)state;
	for (int event = 0; event < CUTOFF_EVENT_MAX; event++) {
		int64_t now_ms = 77;
		struct cutoff cutoff = quiet(&now_ms);

		assert_non_null(cutoff_event_to_str((enum cutoff_event)event));
		cutoff_event(&cutoff, (enum cutoff_event)event, now_ms);
		for (size_t i = 0; i < G_N_ELEMENTS(waits); i++) {
			looked(&cutoff, &now_ms, waits[i], CUTOFF_OPEN);
		}
	}
}

static void cutoff__looks_less_often_where_no_lun_is_used(void **state)
{
	int64_t now_ms = 0;
	struct cutoff cutoff;

	(void)state;
	cutoff_init(&cutoff, now_ms);
	cutoff_queried(&cutoff, CUTOFF_OPEN, false, false, now_ms);
	due(&cutoff, &now_ms, CUTOFF_QUERY, CUTOFF_IDLE_MS);
}

static void cutoff__many_events_are_one_look_a_second(void **state)
{
	int64_t now_ms = 1000;
	struct cutoff cutoff = quiet(&now_ms);

	(void)state;
	cutoff_event(&cutoff, CUTOFF_SESSION_LOST, now_ms);
	looked(&cutoff, &now_ms, 0, CUTOFF_OPEN);
	for (int i = 0; i < 5; i++) {
		now_ms += 10;
		cutoff_event(&cutoff, CUTOFF_SESSION_LOST, now_ms);
		cutoff_event(&cutoff, CUTOFF_IO_ERROR, now_ms);
	}
	looked(&cutoff, &now_ms, CUTOFF_QUERY_MIN_MS - 50, CUTOFF_OPEN);
}

static void cutoff__tells_what_is_rare_and_that_not_often(void **state)
{
	int64_t now_ms = 1000;
	struct cutoff cutoff = quiet(&now_ms);

	(void)state;
	assert_true(cutoff_event(&cutoff, CUTOFF_IO_ERROR, now_ms));
	assert_true(cutoff_event(&cutoff, CUTOFF_STALLED, now_ms));
	assert_false(cutoff_event(&cutoff, CUTOFF_SESSION_LOST, now_ms));
	assert_false(cutoff_event(&cutoff, CUTOFF_STARTED, now_ms));
	assert_false(cutoff_event(&cutoff, CUTOFF_IO_ERROR, now_ms + CUTOFF_TELL_MS - 1));
	assert_true(cutoff_event(&cutoff, CUTOFF_IO_ERROR, now_ms + CUTOFF_TELL_MS));
	assert_false(cutoff_event(&cutoff, CUTOFF_IO_ERROR, now_ms + CUTOFF_TELL_MS + 1));
}

static void cutoff__is_patient_with_a_silent_array(void **state)
{
	static const int64_t waits[] = {0, 1000, 2000, 4000, 8000, 16000, 30000, 30000};
	int64_t now_ms = 0;
	struct cutoff cutoff;

	(void)state;
	cutoff_init(&cutoff, now_ms);
	for (size_t i = 0; i < G_N_ELEMENTS(waits); i++) {
		looked(&cutoff, &now_ms, waits[i], CUTOFF_UNKNOWN);
	}
	/* An event is a reason to ask again at once. */
	cutoff_event(&cutoff, CUTOFF_IO_ERROR, now_ms + 1500);
	now_ms += 1500;
	looked(&cutoff, &now_ms, 0, CUTOFF_UNKNOWN);
	looked(&cutoff, &now_ms, 1000, CUTOFF_OPEN);
}

/* Silent or fenced: a new answer, and something that had to be ended, begin it anew. */
static void cutoff__is_patient_with_being_fenced(void **state)
{
	int64_t now_ms = 0;
	struct cutoff cutoff = quiet(&now_ms);

	(void)state;
	cutoff_event(&cutoff, CUTOFF_SESSION_LOST, now_ms);
	looked(&cutoff, &now_ms, 0, CUTOFF_UNKNOWN);
	looked(&cutoff, &now_ms, 1000, CUTOFF_UNKNOWN);
	looked(&cutoff, &now_ms, 2000, CUTOFF_UNKNOWN);
	/* It does not end; it has ended. */
	due(&cutoff, &now_ms, CUTOFF_QUERY, 4000);
	cutoff_queried(&cutoff, CUTOFF_FENCED, true, false, now_ms);
	due(&cutoff, &now_ms, CUTOFF_QUERY, 1000);
	cutoff_queried(&cutoff, CUTOFF_FENCED, true, false, now_ms);
	due(&cutoff, &now_ms, CUTOFF_QUERY, 2000);
	cutoff_queried(&cutoff, CUTOFF_FENCED, true, true, now_ms);
	cutoff.return_ms = INT64_MAX;
	due(&cutoff, &now_ms, CUTOFF_QUERY, 1000);
	cutoff_queried(&cutoff, CUTOFF_FENCED, false, true, now_ms);
	cutoff.return_ms = INT64_MAX;
	due(&cutoff, &now_ms, CUTOFF_QUERY, 2000);
}

/* Between two tries it looks, and goes on looking. */
static int64_t return_next(struct cutoff *cutoff, int64_t *now_ms)
{
	int64_t began_ms = *now_ms;
	int64_t at_ms;

	while (true) {
		enum cutoff_act act = cutoff_next(cutoff, *now_ms, &at_ms);

		if (act == CUTOFF_UNFENCE) {
			return *now_ms - began_ms;
		}
		if (act == CUTOFF_QUERY) {
			cutoff_queried(cutoff, CUTOFF_FENCED, false, true, *now_ms);
		} else {
			*now_ms = at_ms;
		}
	}
}

static void cutoff__asks_to_be_let_in_with_growing_patience(void **state)
{
	static const int64_t waits[] = {1000, 1000, 1000,  1000,  2000,  2000,
					4000, 8000, 16000, 32000, 60000, 60000};
	int64_t now_ms = 9;
	struct cutoff cutoff = quiet(&now_ms);

	(void)state;
	cutoff_event(&cutoff, CUTOFF_STALLED, now_ms);
	looked(&cutoff, &now_ms, 0, CUTOFF_FENCED);
	for (size_t i = 0; i < G_N_ELEMENTS(waits); i++) {
		assert_int_equal(return_next(&cutoff, &now_ms), waits[i]);
		cutoff_unfence_tried(&cutoff, false, now_ms);
	}
	/* Said to be done: it looks. Only the array ends it, and then the next time is as the
	 * first. */
	cutoff_unfence_tried(&cutoff, true, now_ms);
	looked(&cutoff, &now_ms, 0, CUTOFF_OPEN);
	assert_int_equal(cutoff.return_ms, INT64_MAX);
	looked(&cutoff, &now_ms, 1000, CUTOFF_FENCED);
	assert_int_equal(return_next(&cutoff, &now_ms), 1000);
}

static void cutoff__asks_for_nothing_where_something_is_left_or_not_known(void **state)
{
	int64_t now_ms = 0;
	struct cutoff cutoff = quiet(&now_ms);

	(void)state;
	cutoff_event(&cutoff, CUTOFF_SESSION_LOST, now_ms);
	due(&cutoff, &now_ms, CUTOFF_QUERY, 0);
	cutoff_queried(&cutoff, CUTOFF_FENCED, true, false, now_ms);
	assert_int_equal(cutoff.return_ms, INT64_MAX);
	/* It is looked at, and ended, again. */
	looked(&cutoff, &now_ms, 1000, CUTOFF_FENCED);
	assert_int_not_equal(cutoff.return_ms, INT64_MAX);
	cutoff_event(&cutoff, CUTOFF_SESSION_LOST, now_ms);
	looked(&cutoff, &now_ms, 1000, CUTOFF_UNKNOWN);
	assert_int_equal(cutoff.return_ms, INT64_MAX);
	assert_int_equal(cutoff.last, CUTOFF_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			cutoff__looks_at_once_after_an_event_and_then_more_and_more_seldom),
		cmocka_unit_test(cutoff__looks_less_often_where_no_lun_is_used),
		cmocka_unit_test(cutoff__many_events_are_one_look_a_second),
		cmocka_unit_test(cutoff__tells_what_is_rare_and_that_not_often),
		cmocka_unit_test(cutoff__is_patient_with_a_silent_array),
		cmocka_unit_test(cutoff__is_patient_with_being_fenced),
		cmocka_unit_test(cutoff__asks_to_be_let_in_with_growing_patience),
		cmocka_unit_test(cutoff__asks_for_nothing_where_something_is_left_or_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
