/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the engine does where a step's probe cannot tell, or refuses. */
#include "tests/unit/test.h"

#include <string.h>

#include "tests/unit/rules/task_world.h"

/* I5: foreign data, somebody else's domain, a state that is not known. */
static void task_run__does_not_act_on_what_the_probe_refuses(void **state)
{
	struct world world = {.probe_rc = {0, -EUCLEAN}};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(world_walk(&world, 0, &err), -EUCLEAN);
	assert_string_equal(world.story, "p0 r0 p0 p1 u0 ");
	assert_string_equal(world.events, "a=done;b=failed;a=undone;");
	assert_string_equal(err_text(&err), "b: cannot see 1");
}

static void task_run__looks_again_where_it_could_not_see(void **state)
{
	struct world world = {.probe_rc = {-ETIMEDOUT, -ETIMEDOUT},
			      .probe_failures = {2, 2},
			      .on = {false, true}};

	(void)state;
	assert_int_equal(world_walk(&world, 0, NULL), 0);
	assert_string_equal(world.story, "p0 p0 p0 r0 p0 p1 p1 p1 p2 r2 p2 ");
	assert_string_equal(world.events, "a=trying again;a=trying again;a=done;"
					  "b=trying again;b=trying again;b=already done;c=done;");
}

static void task_run__does_not_look_for_ever(void **state)
{
	struct world world = {.probe_rc = {-ETIMEDOUT}};

	(void)state;
	assert_int_equal(world_walk(&world, 0, NULL), -ETIMEDOUT);
	assert_string_equal(world.story, "p0 p0 p0 ");
}

/* Also between two tries: the first may have taken effect, and others have gone on from there. */
static void task_run__does_not_act_again_before_it_has_seen(void **state)
{
	struct world transient = {.run_rc = {-ETIMEDOUT},
				  .run_failures = {1},
				  .effect_despite_rc = {true},
				  .probe_rc = {-ETIMEDOUT},
				  .probe_from = {1},
				  .probe_failures = {1}};
	struct world refused = {.run_rc = {-ETIMEDOUT},
				.run_failures = {1},
				.probe_rc = {-EUCLEAN},
				.probe_from = {1}};

	(void)state;
	assert_int_equal(world_walk(&transient, 0, NULL), 0);
	assert_memory_equal(transient.story, "p0 r0 p0 p0 p1 ", 15);
	assert_int_equal(world_walk(&refused, 0, NULL), -EUCLEAN);
	assert_string_equal(refused.story, "p0 r0 p0 p0 u0 ");
}

static void task_run__acts_blindly_where_the_step_says_so(void **state)
{
	struct world world = {.probe_rc = {0, -EUCLEAN}, .probe_failures = {0, 1}};
	struct world done = {.on = {true, true, true}};

	(void)state;
	assert_int_equal(world_walk(&world, TASK_BLIND, NULL), 0);
	assert_string_equal(world.story, "p0 r0 p0 p1 r1 p1 p2 r2 p2 ");
	assert_int_equal(world_walk(&done, TASK_BLIND, NULL), 0);
	assert_string_equal(done.story, "p0 p1 p2 ");
}

static void task_run__success_that_cannot_be_seen_is_a_failure(void **state)
{
	struct world world = {.probe_rc = {-EUCLEAN}, .probe_from = {1}};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(world_walk(&world, 0, &err), -EUCLEAN);
	assert_string_equal(world.story, "p0 r0 p0 u0 ");
	assert_non_null(strstr(err_text(&err), "cannot see whether it took effect: cannot see 0"));
}

/* The step where the task fails may be one that an earlier process of it had carried out. */
static void task_run__undoes_what_an_earlier_process_did_where_it_cannot_see(void **state)
{
	struct world unseen = {.on = {true, true}, .probe_rc = {0, -EIO}};
	struct world refused = {.on = {true}};
	struct fake_journal fake = {.ours = true};
	struct fake_journal refuses = {.ours = true, .refused = "b", .rc = -EROFS};

	(void)state;
	assert_int_equal(journal_walk(&unseen, &fake), -EIO);
	assert_string_equal(unseen.story, "p0 p1 u1 u0 ");
	assert_int_equal(journal_walk(&refused, &refuses), -EROFS);
	assert_string_equal(refused.story, "p0 p1 u1 u0 ");
}

/* I8: what gives access never acts on what it cannot see. */
static void task_verify__refuses_to_widen_blindly(void **state)
{
	struct task_step steps[] = {world_rows[0]};
	struct task task = {.name = "test", .steps = steps, .n_steps = 1, .gate = world_gate};

	(void)state;
	steps[0].flags = TASK_BLIND;
	assert_int_equal(task_verify(&task, NULL), 0);
	steps[0].flags = TASK_BLIND | TASK_WIDENS;
	assert_int_equal(task_verify(&task, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(task_run__does_not_act_on_what_the_probe_refuses),
		cmocka_unit_test(task_run__looks_again_where_it_could_not_see),
		cmocka_unit_test(task_run__does_not_look_for_ever),
		cmocka_unit_test(task_run__does_not_act_again_before_it_has_seen),
		cmocka_unit_test(task_run__acts_blindly_where_the_step_says_so),
		cmocka_unit_test(task_run__success_that_cannot_be_seen_is_a_failure),
		cmocka_unit_test(task_run__undoes_what_an_earlier_process_did_where_it_cannot_see),
		cmocka_unit_test(task_verify__refuses_to_widen_blindly),
	};

	return cmocka_run_group_tests_name("task_look", tests, NULL, NULL);
}
