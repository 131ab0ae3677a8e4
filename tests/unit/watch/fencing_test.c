/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "watch/fencing.h"

#define PEER 2
#define LET_IN 500 /* this node, before all this */

static enum fencing_verdict verdict_of(struct fencing *fencing, uint64_t ticket, int64_t fenced,
				       int64_t unfenced)
{
	const struct fencing_times times = {.fenced = fenced, .unfenced = unfenced};

	return fencing_answer(fencing, ticket, &times);
}

static bool answer(struct fencing *fencing, uint64_t ticket, int64_t fenced, int64_t unfenced)
{
	return verdict_of(fencing, ticket, fenced, unfenced) == FENCING_FENCED;
}

/* Asks at once and answers; the clock goes on as far as that needs. */
static bool ask_both(struct fencing *fencing, int64_t *now_ms, int64_t when, int64_t unfenced)
{
	uint64_t ticket;
	int64_t next_ms = fencing_next_ms(fencing);

	assert_int_not_equal(next_ms, INT64_MAX);
	*now_ms = next_ms > *now_ms ? next_ms : *now_ms;
	assert_true(fencing_wants(fencing, *now_ms, &ticket));
	return answer(fencing, ticket, when, unfenced);
}

static bool ask(struct fencing *fencing, int64_t *now_ms, int64_t when)
{
	return ask_both(fencing, now_ms, when, LET_IN);
}

static struct fencing watched(int64_t *now_ms, int64_t when)
{
	struct fencing fencing = {0};

	fencing_peer(&fencing, PEER, true);
	assert_false(ask(&fencing, now_ms, when));
	assert_false(ask(&fencing, now_ms, when));
	return fencing;
}

static void fencing__a_later_time_than_before_the_loss_is_evidence(void **state)
{
	int64_t now_ms = 0;
	struct fencing fencing = watched(&now_ms, 1000);

	(void)state;
	fencing_peer(&fencing, PEER, false);
	assert_false(ask(&fencing, &now_ms, 1000));
	assert_false(ask(&fencing, &now_ms, 0));
	assert_true(ask(&fencing, &now_ms, 1001));
	assert_true(ask(&fencing, &now_ms, 1001));
}

static void fencing__the_first_fencing_ever_is_evidence(void **state)
{
	int64_t now_ms = 0;
	struct fencing fencing = watched(&now_ms, 0);

	(void)state;
	fencing_peer(&fencing, PEER, false);
	assert_false(ask(&fencing, &now_ms, 0));
	assert_true(ask(&fencing, &now_ms, 5));
}

/* The fencer is done a moment before the other's membership ends. */
static void fencing__one_that_ends_while_it_is_still_here_counts(void **state)
{
	int64_t now_ms = 0;
	struct fencing fencing = watched(&now_ms, 1000);

	(void)state;
	assert_false(ask(&fencing, &now_ms, 2000));
	fencing_peer(&fencing, PEER, false);
	assert_true(ask(&fencing, &now_ms, 2000));
}

static void fencing__never_asked_twice_while_it_was_here_is_no_evidence(void **state)
{
	struct fencing fencing = {0};
	int64_t now_ms = 0;
	uint64_t ticket;

	(void)state;
	fencing_peer(&fencing, PEER, true);
	assert_false(ask(&fencing, &now_ms, 1000));
	fencing_peer(&fencing, PEER, false);
	assert_int_equal(fencing_next_ms(&fencing), INT64_MAX);
	assert_false(fencing_wants(&fencing, INT64_MAX - 1, &ticket));
}

/* The node is back before its fencing is told of: an old story then, not about the next loss. */
static void fencing__a_fencing_told_of_late_is_no_evidence(void **state)
{
	int64_t now_ms = 0;
	struct fencing fencing = watched(&now_ms, 1000);

	(void)state;
	fencing_peer(&fencing, PEER, false);
	fencing_peer(&fencing, PEER, true);
	assert_false(ask(&fencing, &now_ms, 1000));
	assert_false(ask(&fencing, &now_ms, 2000));
	fencing_peer(&fencing, PEER, false);
	assert_int_equal(fencing_next_ms(&fencing), INT64_MAX);
	fencing_peer(&fencing, PEER, true);
	assert_false(ask(&fencing, &now_ms, 2000));
	assert_false(ask(&fencing, &now_ms, 2000));
	fencing_peer(&fencing, PEER, false);
	assert_false(ask(&fencing, &now_ms, 2000));
}

static void fencing__an_answer_to_an_older_question_is_void(void **state)
{
	int64_t now_ms = 0;
	struct fencing fencing = watched(&now_ms, 1000);
	uint64_t ticket;

	(void)state;
	fencing_peer(&fencing, PEER, false);
	assert_true(fencing_wants(&fencing, now_ms, &ticket));
	fencing_peer(&fencing, PEER, true);
	assert_false(answer(&fencing, ticket, 1000, LET_IN));
	/* So this is the first answer since it is back, and not the second. */
	assert_false(ask(&fencing, &now_ms, 1000));
	fencing_peer(&fencing, PEER, false);
	assert_int_equal(fencing_next_ms(&fencing), INT64_MAX);
	assert_false(answer(&fencing, fencing.ticket, 2000, LET_IN));
}

static void fencing__another_peer_begins_anew(void **state)
{
	int64_t now_ms = 0;
	struct fencing fencing = watched(&now_ms, 1000);

	(void)state;
	fencing_peer(&fencing, PEER + 1, false);
	assert_false(answer(&fencing, fencing.ticket, 2000, LET_IN));
	fencing_peer(&fencing, 0, false);
	assert_int_equal(fencing_next_ms(&fencing), INT64_MAX);
	assert_false(answer(&fencing, fencing.ticket, 2000, LET_IN));
}

/* It was fenced as well, is let in again, and only then has success: the other won. */
static void fencing__after_this_node_was_let_in_again_is_no_evidence(void **state)
{
	static const int64_t later[] = {1001, LET_IN - 1, 0};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(later); i++) {
		int64_t now_ms = 0;
		struct fencing fencing = watched(&now_ms, 1000);

		fencing_peer(&fencing, PEER, false);
		assert_false(ask_both(&fencing, &now_ms, 1000, later[i]));
		assert_false(ask_both(&fencing, &now_ms, 2000, later[i]));
		assert_int_equal(verdict_of(&fencing, fencing.ticket, 1000, later[i]),
				 FENCING_NONE);
		assert_int_equal(verdict_of(&fencing, fencing.ticket, 2000, later[i]),
				 FENCING_VOID);
		assert_true(ask_both(&fencing, &now_ms, 2000, LET_IN));
	}
}

/* As after a rolling restart of Pacemaker. */
static void fencing__being_let_in_while_the_other_is_here_is_no_matter(void **state)
{
	int64_t now_ms = 0;
	struct fencing fencing = watched(&now_ms, 1000);

	(void)state;
	assert_false(ask_both(&fencing, &now_ms, 1000, 700));
	assert_false(ask_both(&fencing, &now_ms, 1000, 700));
	fencing_peer(&fencing, PEER, false);
	assert_true(ask_both(&fencing, &now_ms, 1001, 700));
}

static void fencing_refused__is_over_when_it_was_heard_twice(void **state)
{
	struct fencing fencing = {0};
	int64_t now_ms = 7;

	(void)state;
	fencing_peer(&fencing, PEER, true);
	assert_non_null(fencing_refused(&fencing));
	assert_false(ask(&fencing, &now_ms, 1000));
	assert_non_null(strstr(fencing_refused(&fencing), "not yet answered twice"));
	assert_false(ask(&fencing, &now_ms, 1000));
	assert_null(fencing_refused(&fencing));
	assert_int_equal(fencing.heard_ms, 7 + FENCING_PRESENT_MS);
}

/* At once, whatever the next question's time is. */
static void fencing_refused__follows_the_other_node(void **state)
{
	int64_t now_ms = 0;
	struct fencing fencing = watched(&now_ms, 1000);

	(void)state;
	fencing_peer(&fencing, PEER, false);
	assert_null(fencing_refused(&fencing));
	fencing_peer(&fencing, PEER, true);
	assert_non_null(fencing_refused(&fencing));
	assert_false(ask(&fencing, &now_ms, 1000));
	fencing_peer(&fencing, PEER, false);
	assert_non_null(strstr(fencing_refused(&fencing), "left before"));
}

/* As fencing_answer() would: VOID with this one's baseline, until it was heard again. */
static void fencing_refused__after_an_unfencing_until_it_was_heard_again(void **state)
{
	int64_t now_ms = 0;
	struct fencing fencing = watched(&now_ms, 1000);

	(void)state;
	assert_false(ask_both(&fencing, &now_ms, 1000, LET_IN + 1));
	assert_non_null(strstr(fencing_refused(&fencing), "unfenced"));
	assert_false(ask_both(&fencing, &now_ms, 1000, LET_IN + 1));
	assert_null(fencing_refused(&fencing));
	fencing_peer(&fencing, PEER, false);
	assert_false(ask_both(&fencing, &now_ms, 1000, LET_IN + 2));
	assert_non_null(
		strstr(fencing_refused(&fencing), "after the two nodes were last together"));
}

/* Of the other one: it is evidence still, as of a fencing that is told of before the loss. */
static void fencing_refused__a_fencing_of_the_other_changes_nothing(void **state)
{
	int64_t now_ms = 0;
	struct fencing fencing = watched(&now_ms, 1000);

	(void)state;
	assert_false(ask(&fencing, &now_ms, 2000));
	assert_null(fencing_refused(&fencing));
	fencing_peer(&fencing, PEER, false);
	assert_true(ask(&fencing, &now_ms, 2000));
}

static void fencing_wants__keeps_its_distance(void **state)
{
	int64_t now_ms = 5;
	struct fencing fencing = {0};
	uint64_t ticket;

	(void)state;
	fencing_peer(&fencing, PEER, true);
	assert_false(ask(&fencing, &now_ms, 1));
	assert_false(fencing_wants(&fencing, now_ms + FENCING_PRESENT_MS - 1, &ticket));
	assert_false(ask(&fencing, &now_ms, 1));
	assert_int_equal(now_ms, 5 + FENCING_PRESENT_MS);
	fencing_peer(&fencing, PEER, false);
	assert_false(ask(&fencing, &now_ms, 1));
	assert_int_equal(now_ms, 5 + FENCING_PRESENT_MS);
	assert_false(fencing_wants(&fencing, now_ms + FENCING_ABSENT_MS - 1, &ticket));
	assert_true(fencing_wants(&fencing, now_ms + FENCING_ABSENT_MS, &ticket));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fencing__a_later_time_than_before_the_loss_is_evidence),
		cmocka_unit_test(fencing__the_first_fencing_ever_is_evidence),
		cmocka_unit_test(fencing__one_that_ends_while_it_is_still_here_counts),
		cmocka_unit_test(fencing__never_asked_twice_while_it_was_here_is_no_evidence),
		cmocka_unit_test(fencing__a_fencing_told_of_late_is_no_evidence),
		cmocka_unit_test(fencing__an_answer_to_an_older_question_is_void),
		cmocka_unit_test(fencing__another_peer_begins_anew),
		cmocka_unit_test(fencing__after_this_node_was_let_in_again_is_no_evidence),
		cmocka_unit_test(fencing__being_let_in_while_the_other_is_here_is_no_matter),
		cmocka_unit_test(fencing_refused__is_over_when_it_was_heard_twice),
		cmocka_unit_test(fencing_refused__follows_the_other_node),
		cmocka_unit_test(fencing_refused__after_an_unfencing_until_it_was_heard_again),
		cmocka_unit_test(fencing_refused__a_fencing_of_the_other_changes_nothing),
		cmocka_unit_test(fencing_wants__keeps_its_distance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
