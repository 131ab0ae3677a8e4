/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "rules/takeover.h"

#define M (1u << TAKEOVER_MEMBER)
#define L (1u << TAKEOVER_LEFT)
#define F (1u << TAKEOVER_WAS_FENCED)
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

	assert_int_equal(
		takeover_judge(policy, world_ask, &world, deadline_in(1000), &verdict, &err), 0);
	return verdict;
}

/* The rule again, as a sentence for each kind of host. */
static enum takeover_verdict expected(enum takeover_policy policy, unsigned facts)
{
	if (facts & M) {
		return !(facts & F) ? TAKEOVER_NEVER_FENCED
		       : facts & S  ? TAKEOVER_IN_USE
		       : facts & D  ? TAKEOVER_RUNS_THERE
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
		if (facts & M && (facts & (S | D) || !(facts & F))) {
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
	assert_int_equal(takeover_judge(TAKEOVER_FENCED, world_ask, &world, deadline_in(1000),
					&verdict, &err),
			 0);
	assert_int_equal(world.asked, M | L | S);
}

static void takeover_judge__ends_where_nobody_answers(void **state)
{
	(void)state;
	for (int fact = 0; fact < TAKEOVER_FACTS; fact++) {
		struct world world = {
			.facts = fact > TAKEOVER_LEFT && fact != TAKEOVER_QUORUM ? M | F : S,
			.fails_at = fact};
		enum takeover_verdict verdict;
		struct err err = ERR_INIT;

		assert_int_equal(takeover_judge(TAKEOVER_LOST, world_ask, &world, deadline_in(1000),
						&verdict, &err),
				 -ETIMEDOUT);
		assert_string_equal(err_text(&err), "nobody answers");
	}
}

static void takeover_fencing_counts__only_of_what_was_begun_before(void **state)
{
	(void)state;
	assert_false(takeover_fencing_counts(0, 0));
	assert_true(takeover_fencing_counts(1000, 0));
	assert_true(takeover_fencing_counts(1000, 999000));
	assert_true(takeover_fencing_counts(1000, 1000000 + TAKEOVER_CLOCKS_MS));
	assert_false(takeover_fencing_counts(1000, 1000001 + TAKEOVER_CLOCKS_MS));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(takeover_judge__decides_every_case),
		cmocka_unit_test(takeover_judge__never_takes_from_a_live_member_in_use),
		cmocka_unit_test(takeover_judge__wants_fencing_of_who_vanished),
		cmocka_unit_test(takeover_judge__asks_no_more_than_it_needs),
		cmocka_unit_test(takeover_judge__ends_where_nobody_answers),
		cmocka_unit_test(takeover_fencing_counts__only_of_what_was_begun_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
