/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "node/announce.h"

static struct core_status active_status(void)
{
	struct core_status status = {
		.role = CORE_FOLLOWER,
		.active = true,
		.gate = true,
		.quorate = true,
		.ballot = {3, 1},
		.commit = 12,
	};

	for (uint32_t node = 1; node <= 3; node++) {
		const struct voter voter = {.node = node};

		assert_true(voters_add(&status.voters, &voter));
	}
	return status;
}

static void announce_text__says_state_ballot_and_voters(void **state)
{
	struct core_status status = active_status();
	char text[ANNOUNCE_TEXT_MAX];

	(void)state;
	announce_text(&status, text);
	assert_string_equal(text, "active, follower | ballot=3.1 voters=1,2,3 commit=12");
	status.gate = false;
	announce_text(&status, text);
	assert_string_equal(text, "active, no LUN may be granted, follower | ballot=3.1 "
				  "voters=1,2,3 commit=12");
	status.active = false;
	announce_text(&status, text);
	assert_non_null(strstr(text, "not active: no majority of the voters"));
	status.quorate = false;
	status.voters.n = 0;
	announce_text(&status, text);
	assert_non_null(strstr(text, "not active: corosync has no quorum"));
	assert_non_null(strstr(text, "voters=none"));
	status.role = CORE_LEARNER;
	announce_text(&status, text);
	assert_non_null(strstr(text, "learner: no voter yet"));
}

static void announce_text__fits_with_all_voters(void **state)
{
	struct core_status status = active_status();
	char text[ANNOUNCE_TEXT_MAX];

	(void)state;
	status.voters.n = 0;
	for (uint32_t i = 0; i < JOURNAL_VOTERS_MAX; i++) {
		const struct voter voter = {.node = UINT32_MAX - i};

		assert_true(voters_add(&status.voters, &voter));
	}
	announce_text(&status, text);
	assert_true(strlen(text) < ANNOUNCE_TEXT_MAX);
	assert_non_null(strstr(text, "4294967295"));
	assert_non_null(strstr(text, "commit=12"));
}

static void announce_changed__is_silent_about_progress(void **state)
{
	struct core_status before = active_status();
	struct core_status now = before;

	(void)state;
	now.commit++;
	now.applied = now.durable = 99;
	assert_false(announce_changed(&before, &now));
}

static void announce_changed__tells_what_a_person_calls_a_change(void **state)
{
	struct core_status before = active_status();
	struct core_status now = before;

	(void)state;
	now.active = false;
	assert_true(announce_changed(&before, &now));
	now = before;
	now.gate = false;
	assert_true(announce_changed(&before, &now));
	now = before;
	now.role = CORE_SEQUENCER;
	assert_true(announce_changed(&before, &now));
	now = before;
	now.ballot.counter++;
	assert_true(announce_changed(&before, &now));
	now = before;
	now.voters.voter[1].disk.bytes[0] = 1;
	assert_true(announce_changed(&before, &now));
	now = before;
	voters_remove(&now.voters, 2);
	assert_true(announce_changed(&before, &now));
}

static void announce_changed__is_silent_about_the_search_for_a_sequencer(void **state)
{
	struct core_status before = active_status();
	struct core_status now;

	(void)state;
	before.active = before.gate = false;
	now = before;
	now.role = CORE_PROPOSER;
	now.ballot.counter += 5;
	assert_false(announce_changed(&before, &now));
	now.quorate = false;
	assert_true(announce_changed(&before, &now));
	now = before;
	now.role = CORE_LEARNER;
	assert_true(announce_changed(&before, &now));
	before = now;
	now.quorate = !now.quorate;
	now.ballot.counter++;
	assert_false(announce_changed(&before, &now));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(announce_text__says_state_ballot_and_voters),
		cmocka_unit_test(announce_text__fits_with_all_voters),
		cmocka_unit_test(announce_changed__is_silent_about_progress),
		cmocka_unit_test(announce_changed__tells_what_a_person_calls_a_change),
		cmocka_unit_test(announce_changed__is_silent_about_the_search_for_a_sequencer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
