/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "rules/handover.h"

static enum handover verdict(enum domain_state here, bool departed, enum domain_state there)
{
	return handover_decide(handover_here(here, departed), handover_there(there));
}

/* I1: what has arrived is started only when the migration has ended the domain on the source. */
static void decide__nothing_is_started_beside_a_guest(void **state)
{
	(void)state;
	for (int here = 0; here < HERE_MAX; here++) {
		for (int there = 0; there < THERE_MAX; there++) {
			enum handover got = handover_decide((enum handover_here)here,
							    (enum handover_there)there);

			assert_int_equal(got == HANDOVER_START,
					 here == HERE_DEPARTED && there == THERE_ARRIVED);
		}
	}
}

/* What may have run on the target is never undone by going on with older memory on the source. */
static void decide__what_ran_there_never_gives_way(void **state)
{
	(void)state;
	for (int here = 0; here < DOMAIN_STATE_MAX; here++) {
		for (int there = 0; there < DOMAIN_STATE_MAX; there++) {
			enum handover got = verdict((enum domain_state)here, here % 2 == 0,
						    (enum domain_state)there);

			if (handover_there((enum domain_state)there) == THERE_GUEST) {
				assert_int_not_equal(got, HANDOVER_STAYS);
				assert_int_not_equal(got, HANDOVER_NOWHERE);
			}
		}
	}
	assert_int_equal(verdict(DOMAIN_PAUSED_MIGRATION, false, DOMAIN_PAUSED_IO_ERROR),
			 HANDOVER_LEFT);
	assert_int_equal(verdict(DOMAIN_RUNNING, false, DOMAIN_PAUSED), HANDOVER_BOTH);
	assert_int_equal(verdict(DOMAIN_RUNNING, false, DOMAIN_RUNNING), HANDOVER_BOTH);
}

/* libvirt gave the migration up and let the guest run on; then the guest powered itself off. */
static void decide__what_arrived_is_stale_if_the_guest_ran_on(void **state)
{
	(void)state;
	assert_int_equal(verdict(DOMAIN_ABSENT, false, DOMAIN_ARRIVED), HANDOVER_NOWHERE);
	assert_int_equal(verdict(DOMAIN_ABSENT, true, DOMAIN_ARRIVED), HANDOVER_START);
	assert_int_equal(verdict(DOMAIN_RUNNING, false, DOMAIN_ARRIVED), HANDOVER_STAYS);
}

/* I5. While the domain is here, nobody has started what is there. */
static void decide__what_cannot_be_seen_is_not_evidence(void **state)
{
	(void)state;
	for (int there = 0; there < THERE_MAX; there++) {
		assert_int_equal(handover_decide(HERE_UNKNOWN, (enum handover_there)there),
				 HANDOVER_UNKNOWN);
	}
	assert_int_equal(handover_decide(HERE_ENDED, THERE_UNKNOWN), HANDOVER_UNKNOWN);
	assert_int_equal(handover_decide(HERE_DEPARTED, THERE_UNKNOWN), HANDOVER_TO_THERE);
	assert_int_equal(handover_decide(HERE_GUEST, THERE_UNKNOWN), HANDOVER_STAYS);
	assert_int_equal(handover_here(DOMAIN_LOST, true), HERE_UNKNOWN);
	assert_int_equal(handover_here(DOMAIN_STATE_MAX, true), HERE_UNKNOWN);
	assert_int_equal(handover_there(DOMAIN_STATE_MAX), THERE_UNKNOWN);
}

static void to_str__has_a_text_for_each(void **state)
{
	(void)state;
	for (int i = 0; i < HERE_MAX; i++) {
		assert_true(strlen(handover_here_to_str((enum handover_here)i)) > 0);
	}
	for (int i = 0; i < THERE_MAX; i++) {
		assert_true(strlen(handover_there_to_str((enum handover_there)i)) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decide__nothing_is_started_beside_a_guest),
		cmocka_unit_test(decide__what_ran_there_never_gives_way),
		cmocka_unit_test(decide__what_arrived_is_stale_if_the_guest_ran_on),
		cmocka_unit_test(decide__what_cannot_be_seen_is_not_evidence),
		cmocka_unit_test(to_str__has_a_text_for_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
