/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "rules/takeover.h"

#define M (1u << TAKEOVER_MEMBER)
#define L (1u << TAKEOVER_LEFT)
#define F (1u << TAKEOVER_WAS_FENCED)
#define O (1u << TAKEOVER_ORPHANED)
#define S (1u << TAKEOVER_SESSION)
#define D (1u << TAKEOVER_DOMAIN)
#define Q (1u << TAKEOVER_QUORUM)

struct world {
	unsigned facts;
	unsigned asked;
	int fails_at; /* a fact, or -1 */
};

static int world_ask(void *data, enum takeover_fact fact, struct deadline deadline, bool *ret,
		     struct err *err)
{
	struct world *world = data;

	(void)deadline;
	assert_false(world->asked & 1u << fact);
	world->asked |= 1u << fact;
	if (world->fails_at == (int)fact) {
		return err_set(err, -ETIMEDOUT, "nobody answers");
	}
	*ret = (world->facts & 1u << fact) != 0;
	return 0;
}

static enum takeover_verdict judge(enum takeover_policy policy, unsigned facts)
{
	struct world world = {.facts = facts, .fails_at = -1};
	enum takeover_verdict verdict = TAKEOVER_VERDICTS;
	struct err err = ERR_INIT;

	assert_int_equal(takeover_judge(policy, world_ask, &world, deadline_in(TEST_LIMIT_MS),
					&verdict, &err),
			 0);
	return verdict;
}

/* The rule again, as a sentence for each kind of host. */
static enum takeover_verdict expected(enum takeover_policy policy, unsigned facts)
{
	if (facts & M) {
		return !(facts & (F | O)) ? TAKEOVER_NEVER_FENCED
		       : facts & S        ? TAKEOVER_IN_USE
		       : facts & D        ? TAKEOVER_RUNS_THERE
					  : TAKEOVER_TAKE;
	}
	if (facts & L && (!(facts & S) || facts & F)) {
		return TAKEOVER_TAKE;
	}
	if (policy == TAKEOVER_LOST) {
		return facts & Q ? TAKEOVER_TAKE : TAKEOVER_NO_QUORUM;
	}
	return facts & L ? TAKEOVER_LEFT_IN_USE : TAKEOVER_NOT_FENCED;
}

static void takeover_judge__decides_every_case(void **state)
{
	(void)state;
	for (unsigned facts = 0; facts < 1u << TAKEOVER_FACTS; facts++) {
		assert_int_equal(judge(TAKEOVER_FENCED, facts), expected(TAKEOVER_FENCED, facts));
		assert_int_equal(judge(TAKEOVER_LOST, facts), expected(TAKEOVER_LOST, facts));
	}
}

static void takeover_judge__never_takes_from_a_live_member_in_use(void **state)
{
	(void)state;
	for (unsigned facts = 0; facts < 1u << TAKEOVER_FACTS; facts++) {
		if (facts & M && (facts & (S | D) || !(facts & (F | O)))) {
			assert_int_not_equal(judge(TAKEOVER_FENCED, facts), TAKEOVER_TAKE);
			assert_int_not_equal(judge(TAKEOVER_LOST, facts), TAKEOVER_TAKE);
		}
	}
}

static void takeover_judge__wants_fencing_of_who_vanished(void **state)
{
	(void)state;
	assert_int_equal(judge(TAKEOVER_FENCED, Q), TAKEOVER_NOT_FENCED);
	assert_int_equal(judge(TAKEOVER_LOST, Q), TAKEOVER_TAKE);
	assert_int_equal(judge(TAKEOVER_LOST, 0), TAKEOVER_NO_QUORUM);
}

static void takeover_judge__asks_no_more_than_it_needs(void **state)
{
	struct world world = {.facts = L | Q, .fails_at = -1};
	enum takeover_verdict verdict;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(takeover_judge(TAKEOVER_FENCED, world_ask, &world,
					deadline_in(TEST_LIMIT_MS), &verdict, &err),
			 0);
	assert_int_equal(world.asked, M | L | S);
}

static void takeover_judge__ends_where_nobody_answers(void **state)
{
	(void)state;
	for (int fact = 0; fact < TAKEOVER_FACTS; fact++) {
		struct world world = {.facts = fact == TAKEOVER_ORPHANED ? M
					       : fact > TAKEOVER_LEFT && fact != TAKEOVER_QUORUM
						       ? M | F
						       : S,
				      .fails_at = fact};
		enum takeover_verdict verdict;
		struct err err = ERR_INIT;

		assert_int_equal(takeover_judge(TAKEOVER_LOST, world_ask, &world,
						deadline_in(TEST_LIMIT_MS), &verdict, &err),
				 -ETIMEDOUT);
		assert_string_equal(err_text(&err), "nobody answers");
	}
}

static bool since(int fencings, int64_t begun_s, int now, int64_t last_s)
{
	const struct takeover_begun begun = {.fencings = fencings, .ms = begun_s * 1000};

	return takeover_fenced_since(&begun, now, last_s);
}

static void takeover_fenced_since__never_counts_what_is_not_known(void **state)
{
	(void)state;
	assert_false(since(-1, 0, 1, 1000));
	assert_false(since(0, 0, 1, 1000));
	assert_false(since(0, 1000, 0, 0));
}

/* The node was fenced before: that fencing is one that was known. */
static void takeover_fenced_since__an_old_fencing_does_not_count(void **state)
{
	(void)state;
	assert_false(since(1, 100000, 1, 1000));
	/* Begun right after it, by a node whose clock is behind. */
	assert_false(since(1, 1020, 1, 1000));
	assert_false(since(1, 990, 1, 1000));
	/* The history was cleaned up meanwhile. */
	assert_false(since(3, 1000, 1, 900));
	/* Nor one that the other fencer did not remember. */
	assert_false(since(0, 100000, 1, 1000));
	assert_false(since(-1, 1010, 1, 1000));
}

static void takeover_fenced_since__one_more_counts_whatever_the_clocks_say(void **state)
{
	(void)state;
	assert_true(since(1, 1000, 2, 1001));
	assert_true(since(0, 1010, 1, 1000));
	assert_true(since(1, 1000, 2, 100000));
}

/* Where the number is not known, or the history was cleaned up. */
static void takeover_fenced_since__a_much_later_one_counts(void **state)
{
	const int64_t clocks_s = TAKEOVER_CLOCKS_MS / 1000;

	(void)state;
	assert_true(since(-1, 1000, 1, 1000 + clocks_s + 1));
	assert_true(since(5, 1000, 1, 1000 + clocks_s + 1));
	assert_false(since(-1, 1000, 1, 1000 + clocks_s));
	assert_false(since(5, 1000, 1, 1000 + clocks_s));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(takeover_judge__decides_every_case),
		cmocka_unit_test(takeover_judge__never_takes_from_a_live_member_in_use),
		cmocka_unit_test(takeover_judge__wants_fencing_of_who_vanished),
		cmocka_unit_test(takeover_judge__asks_no_more_than_it_needs),
		cmocka_unit_test(takeover_judge__ends_where_nobody_answers),
		cmocka_unit_test(takeover_fenced_since__never_counts_what_is_not_known),
		cmocka_unit_test(takeover_fenced_since__an_old_fencing_does_not_count),
		cmocka_unit_test(takeover_fenced_since__one_more_counts_whatever_the_clocks_say),
		cmocka_unit_test(takeover_fenced_since__a_much_later_one_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
